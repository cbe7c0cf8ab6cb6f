"""People as they stand, and every version they have had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis.postgres import Connection
from roster.domain import Change, Facts, Report
from roster.store.facts_json import facts_from_json, facts_to_json


@dataclass(frozen=True, slots=True)
class Difference:
    """A reported person who is not, in every respect, as stored. Versions are 0 before the first.

    `said_before`: the same facts were known to hold on the reported day.
    """

    report: Report
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

    report: Report
    version: int
    effective_on: date


class Raced(Exception):
    """Somebody else wrote one of these people between the look and the write; look again."""


async def lock(connection: Connection, ids: Sequence[str]) -> None:
    """Hold the rows of those people who are known, in order of ids, to the transaction's end."""
    await connection.execute(_LOCK, ids)


async def differences(connection: Connection, reports: Sequence[Report]) -> list[Difference]:
    """Those of `reports` (each person once) who are new or not as stored, in their order."""
    contacts = [report.contact for report in reports]
    rows = await connection.fetch(
        _DIFFERENCES,
        [report.person_id for report in reports],
        [report.effective_on for report in reports],
        [facts_to_json(report.facts) for report in reports],
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
    )
    return [
        Difference(
            report=reports[row["position"] - 1],
            version=row["version"],
            facts=facts_from_json(row["facts"]) if row["facts"] else None,
            said_before=row["said_before"],
            contact_version=row["contact_version"],
            contact_differs=row["contact_differs"],
        )
        for row in rows
    ]


async def write_people(
    connection: Connection, versions: Sequence[PersonVersion], intake_id: UUID
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
        intake_id,
    )
    if done != f"INSERT 0 {len(versions)}":
        raise Raced


async def write_contacts(
    connection: Connection, versions: Sequence[ContactVersion], received_at: datetime
) -> None:
    """Make these the newest versions; former names and addresses are not kept."""
    contacts = [each.report.contact for each in versions]
    done = await connection.execute(
        _WRITE_CONTACTS,
        [each.report.person_id for each in versions],
        [each.version for each in versions],
        [each.effective_on for each in versions],
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
        received_at,
    )
    if done != f"INSERT 0 {len(versions)}":
        raise Raced


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


_LOCK = """
SELECT FROM person WHERE person_id = ANY($1::text[]) ORDER BY person_id FOR UPDATE
"""

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
    ON CONFLICT DO NOTHING
)
INSERT INTO person (person_id, version, effective_on, received_at, facts)
SELECT person_id, version, effective_on, received_at, facts FROM news ORDER BY person_id
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
_VERSIONS = """
SELECT version, change, effective_on, received_at, facts
FROM person_version WHERE person_id = $1 ORDER BY version DESC LIMIT $2
"""
