"""Every SQL statement of the roster, in batches.

Whoever writes people or departments holds the lock of `lock_imports`: versions are counted from
what was read, and one writer at a time keeps them dense.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.errors import Stop
from chassis.postgres import Connection
from roster.domain import Appointment, Change, Department, Facts, Leave, LeaveKind, Person

LOCK = 0x526F7374  # "Rost"
LOCK_WAIT_S = 600


@dataclass(frozen=True, slots=True)
class Receipt:
    """One import: everything it brings was received at this instant, on this civil day."""

    import_id: UUID
    received_at: datetime
    received_on: date


@dataclass(frozen=True, slots=True)
class Difference:
    """A reported person who is not, in every respect, as stored. Versions are 0 before the first.

    `said_before`: the same facts were known to hold on the reported day.
    """

    person: Person
    version: int
    facts: Facts | None
    said_before: bool
    contact_version: int
    contact_differs: bool


@dataclass(frozen=True, slots=True)
class PersonVersion:
    """One version of a person's facts, as written and as published."""

    person_id: str
    version: int
    change: Change
    effective_on: date
    received_at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True)
class ContactVersion:
    """One version of how to reach a person."""

    person: Person
    version: int
    effective_on: date


async def lock_imports(connection: Connection) -> None:
    """Wait for other imports to end, then keep the door closed until this transaction ends.

    Raises what asyncpg raises when the wait was longer than ten minutes.
    """
    await connection.execute(_WAIT_LONGER, f"{LOCK_WAIT_S}s")
    await connection.execute(_LOCK, LOCK, timeout=LOCK_WAIT_S + 5)


async def differences(connection: Connection, people: Sequence[Person]) -> list[Difference]:
    """Those of `people` (each once) who are new or not as stored, in their order."""
    contacts = [person.contact for person in people]
    rows = await connection.fetch(
        _DIFFERENCES,
        [person.person_id for person in people],
        [person.effective_on for person in people],
        [facts_to_json(person.facts) for person in people],
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
    )
    return [
        Difference(
            person=people[row["position"] - 1],
            version=row["version"],
            facts=facts_from_json(row["facts"]) if row["facts"] else None,
            said_before=row["said_before"],
            contact_version=row["contact_version"],
            contact_differs=row["contact_differs"],
        )
        for row in rows
    ]


async def write_people(
    connection: Connection, versions: Sequence[PersonVersion], import_id: UUID
) -> None:
    """Make these the newest versions, and keep them in the history."""
    done = await connection.execute(
        _WRITE_PEOPLE,
        [each.person_id for each in versions],
        [each.version for each in versions],
        [each.change for each in versions],
        [each.effective_on for each in versions],
        [each.received_at for each in versions],
        [facts_to_json(each.facts) for each in versions],
        import_id,
    )
    _require_all(done, len(versions))


async def write_contacts(
    connection: Connection, versions: Sequence[ContactVersion], received_at: datetime
) -> None:
    """Make these the newest versions; former names and addresses are not kept."""
    contacts = [each.person.contact for each in versions]
    done = await connection.execute(
        _WRITE_CONTACTS,
        [each.person.person_id for each in versions],
        [each.version for each in versions],
        [each.effective_on for each in versions],
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
        received_at,
    )
    _require_all(done, len(versions))


async def unknown_departments(connection: Connection, ids: Collection[str]) -> list[str]:
    """Those of `ids` that are no department of ours, sorted."""
    rows = await connection.fetch(_UNKNOWN_DEPARTMENTS, list(ids))
    return [row["department_id"] for row in rows]


async def stored_departments(
    connection: Connection, ids: Sequence[str]
) -> dict[str, tuple[int, Department]]:
    """The departments among `ids` that are known, each with its version."""
    rows = await connection.fetch(_DEPARTMENTS, list(ids))
    return {
        row["department_id"]: (
            row["version"],
            Department(
                row["department_id"],
                row["name"],
                row["area_id"],
                row["area_name"],
                tuple(row["officer_ids"]),
            ),
        )
        for row in rows
    }


async def write_departments(
    connection: Connection, versions: Sequence[tuple[int, Department]], receipt: Receipt
) -> None:
    """Make these the newest versions."""
    departments = [department for _, department in versions]
    done = await connection.execute(
        _WRITE_DEPARTMENTS,
        [each.department_id for each in departments],
        [version for version, _ in versions],
        [each.name for each in departments],
        [each.area_id for each in departments],
        [each.area_name for each in departments],
        [" ".join(each.officer_ids) for each in departments],
        receipt.received_on,
        receipt.received_at,
    )
    _require_all(done, len(versions))


async def write_import(
    connection: Connection, receipt: Receipt, kind: str, sha256: str, counts: dict[str, int]
) -> None:
    """Record that this file was applied."""
    await connection.execute(
        _WRITE_IMPORT, receipt.import_id, kind, sha256, json.dumps(counts), receipt.received_at
    )


async def versions_of(connection: Connection, person_id: str, limit: int) -> list[PersonVersion]:
    """The person's versions, newest first, at most `limit`; empty for a person nobody reported."""
    rows = await connection.fetch(_VERSIONS, person_id, limit)
    return [
        PersonVersion(
            person_id,
            row["version"],
            Change(row["change"]),
            row["effective_on"],
            row["received_at"],
            facts_from_json(row["facts"]),
        )
        for row in rows
    ]


def facts_to_json(facts: Facts) -> str:
    """The facts as the database keeps them; equal facts give equal JSON."""
    return json.dumps(
        {
            "onboarded_on": facts.onboarded_on.isoformat(),
            "separated_on": _text(facts.separated_on),
            "appointments": [
                {
                    "appointment_id": each.appointment_id,
                    "kind": each.kind,
                    "paid": each.paid,
                    "department_id": each.department_id,
                    "start_on": each.start_on.isoformat(),
                    "end_on": _text(each.end_on),
                    "year_of_study": each.year_of_study,
                    "supervisor_id": each.supervisor_id,
                }
                for each in facts.appointments
            ],
            "leaves": [
                {
                    "kind": each.kind,
                    "start_on": each.start_on.isoformat(),
                    "end_on": _text(each.end_on),
                }
                for each in facts.leaves
            ],
        }
    )


def facts_from_json(text: str) -> Facts:
    """What `facts_to_json` made JSON of."""
    stored = json.loads(text)
    return Facts(
        onboarded_on=date.fromisoformat(stored["onboarded_on"]),
        separated_on=_day(stored["separated_on"]),
        appointments=tuple(Appointment(**(each | _span(each))) for each in stored["appointments"]),
        leaves=tuple(Leave(LeaveKind(each["kind"]), **_span(each)) for each in stored["leaves"]),
    )


def _span(stored: dict[str, Any]) -> dict[str, Any]:
    return {"start_on": date.fromisoformat(stored["start_on"]), "end_on": _day(stored["end_on"])}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _require_all(done: str, count: int) -> None:
    if done != f"INSERT 0 {count}":
        raise Stop("a version was written by somebody who did not hold the lock of imports")


_WAIT_LONGER = """
SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $1, true)
"""
_LOCK = "SELECT pg_advisory_xact_lock($1)"

# Equal facts are news when they are said of another day and were not known to hold on that day.
# OFFSET 0 keeps the look-ups by key: a plan that scans a table per batch makes a load quadratic.
_DIFFERENCES = """
SELECT position, version, facts, contact_version, said_before, contact_differs
FROM (
    SELECT i.position,
           coalesce(p.version, 0) AS version,
           p.facts,
           coalesce(c.version, 0) AS contact_version,
           CASE
               WHEN p.facts IS DISTINCT FROM i.facts THEN false
               WHEN i.effective_on IS NULL OR i.effective_on = p.effective_on THEN true
               ELSE (
                   SELECT v.facts FROM person_version v
                   WHERE v.person_id = i.person_id AND v.effective_on <= i.effective_on
                   ORDER BY v.effective_on DESC, v.version DESC
                   LIMIT 1
               ) IS NOT DISTINCT FROM i.facts
           END AS said_before,
           (c.display_name, c.email, c.login)
               IS DISTINCT FROM (i.display_name, i.email, i.login) AS contact_differs
    FROM unnest($1::text[], $2::date[], $3::jsonb[], $4::text[], $5::text[], $6::text[])
             WITH ORDINALITY
             AS i(person_id, effective_on, facts, display_name, email, login, position)
    LEFT JOIN LATERAL (
        SELECT version, effective_on, facts FROM person WHERE person_id = i.person_id OFFSET 0
    ) AS p ON true
    LEFT JOIN LATERAL (
        SELECT version, display_name, email, login FROM contact WHERE person_id = i.person_id
        OFFSET 0
    ) AS c ON true
) AS compared
WHERE NOT said_before OR contact_differs
ORDER BY position
"""
_WRITE_PEOPLE = """
WITH news AS (
    SELECT *
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::date[], $5::timestamptz[], $6::jsonb[])
         AS n(person_id, version, change, effective_on, received_at, facts)
), kept AS (
    INSERT INTO person_version
        (person_id, version, change, effective_on, received_at, import_id, facts)
    SELECT person_id, version, change, effective_on, received_at, $7, facts FROM news
)
INSERT INTO person (person_id, version, effective_on, received_at, facts)
SELECT person_id, version, effective_on, received_at, facts FROM news
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, effective_on = excluded.effective_on,
    received_at = excluded.received_at, facts = excluded.facts
WHERE person.version = excluded.version - 1
"""
_WRITE_CONTACTS = """
INSERT INTO contact (person_id, version, effective_on, received_at, display_name, email, login)
SELECT person_id, version, effective_on, $7, display_name, email, login
FROM unnest($1::text[], $2::bigint[], $3::date[], $4::text[], $5::text[], $6::text[])
     AS n(person_id, version, effective_on, display_name, email, login)
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, effective_on = excluded.effective_on,
    received_at = excluded.received_at, display_name = excluded.display_name,
    email = excluded.email, login = excluded.login
WHERE contact.version = excluded.version - 1
"""
_UNKNOWN_DEPARTMENTS = """
SELECT i.department_id FROM unnest($1::text[]) AS i(department_id)
WHERE NOT EXISTS (SELECT FROM department d WHERE d.department_id = i.department_id)
ORDER BY i.department_id
"""
_DEPARTMENTS = """
SELECT department_id, version, name, area_id, area_name, officer_ids
FROM department WHERE department_id = ANY($1::text[])
"""
_WRITE_DEPARTMENTS = """
INSERT INTO department
    (department_id, version, effective_on, received_at, name, area_id, area_name, officer_ids)
SELECT department_id, version, $7, $8, name, area_id, area_name, string_to_array(officers, ' ')
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
     AS n(department_id, version, name, area_id, area_name, officers)
ON CONFLICT (department_id) DO UPDATE SET
    version = excluded.version, effective_on = excluded.effective_on,
    received_at = excluded.received_at, name = excluded.name, area_id = excluded.area_id,
    area_name = excluded.area_name, officer_ids = excluded.officer_ids
WHERE department.version = excluded.version - 1
"""
_WRITE_IMPORT = """
INSERT INTO import_run (id, kind, sha256, counts, received_at) VALUES ($1, $2, $3, $4::jsonb, $5)
"""
_VERSIONS = """
SELECT version, change, effective_on, received_at, facts
FROM person_version WHERE person_id = $1 ORDER BY version DESC LIMIT $2
"""
