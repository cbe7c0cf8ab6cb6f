"""What the service has been told: people, departments and completions, every version of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis.postgres import Connection
from rollout.domain import Appointment, Area, Completion, Leave, Person, survivors
from schemas.completion import CompletionState, ModuleCompleted
from schemas.roster import DepartmentChanged, PersonState


@dataclass(frozen=True)
class Facts:
    """All that is known of some people; departments nobody has described have no area."""

    versions: dict[str, list[Person]]
    completions: dict[str, list[Completion]]
    areas: dict[str, Area]


async def calendar_now(connection: Connection, *, stepped: bool) -> datetime:
    """The calendar's instant; one that nobody has stepped yet stands before everything."""
    now: datetime = await connection.fetchval(_NOW_STEPPED if stepped else "SELECT now()")
    return now


async def add_people(connection: Connection, people: Sequence[PersonState]) -> list[str]:
    """Keep versions that are new, at most one per person; returns whose they were, sorted."""
    people = sorted(people, key=lambda person: person.person_id)
    await connection.execute(
        _TOUCH_PERSON,
        json.dumps(
            [
                {
                    "person_id": person.person_id,
                    "version": person.version,
                    "department_ids": sorted({a.department_id for a in person.appointments}),
                    "aliases": person.aliases,
                }
                for person in people
            ]
        ),
    )
    rows = await connection.fetch(
        _ADD_PERSON_VERSION,
        [person.person_id for person in people],
        [person.version for person in people],
        [person.effective_on for person in people],
        [person.received_at for person in people],
        [person.model_dump_json() for person in people],
    )
    departments = {a.department_id for person in people for a in person.appointments}
    await connection.execute(_MENTION_DEPARTMENTS, sorted(departments))
    return sorted(row["person_id"] for row in rows)


async def add_departments(
    connection: Connection, departments: Sequence[DepartmentChanged]
) -> list[DepartmentChanged]:
    """Keep versions that are new, at most one per department; returns those of another area."""
    departments = sorted(departments, key=lambda department: department.department_id)
    await connection.execute(_MENTION_DEPARTMENTS, [d.department_id for d in departments])
    before = {
        row["department_id"]: row["area_id"]
        for row in await connection.fetch(
            _SET_DEPARTMENT,
            [department.department_id for department in departments],
            [department.version for department in departments],
            [department.area_id for department in departments],
        )
    }
    await connection.execute(
        _ADD_DEPARTMENT_VERSION,
        [department.department_id for department in departments],
        [department.version for department in departments],
        [department.area_id for department in departments],
        [department.received_at for department in departments],
    )
    return [
        department
        for department in departments
        if before.get(department.department_id, department.area_id) != department.area_id
    ]


async def add_completions(
    connection: Connection, completions: Sequence[CompletionState]
) -> list[str]:
    """Keep versions that are new; returns whose they were, sorted and without repetition."""
    await mention_people(connection, {completion.person_id for completion in completions})
    rows = await connection.fetch(
        _ADD_COMPLETION,
        [completion.person_id for completion in completions],
        [completion.source for completion in completions],
        [completion.course for completion in completions],
        [completion.version for completion in completions],
        [completion.cycle for completion in completions],
        [completion.option for completion in completions],
        [isinstance(completion, ModuleCompleted) for completion in completions],
        [completion.completed_at for completion in completions],
        [completion.received_at for completion in completions],
    )
    return sorted({row["person_id"] for row in rows})


async def hold_people(connection: Connection, person_ids: Collection[str]) -> list[str]:
    """Hold these people, and everybody they are merged with, until the transaction ends.

    What is read of them afterwards is complete; returns their ids, sorted.
    """
    held: set[str] = set()
    wanted = set(person_ids) | await merged_with(connection, person_ids)
    while wanted - held:
        await connection.execute(_LOCK_PEOPLE, sorted(wanted - held))
        held |= wanted
        # Somebody may have been merged while the locks were waited for.
        wanted = await merged_with(connection, held)
    return sorted(held)


async def mention_people(connection: Connection, person_ids: Collection[str]) -> None:
    """Make sure these people have a row that can be locked, and lock it."""
    await connection.execute(_MENTION_PEOPLE, sorted(person_ids))


async def survivor_of(connection: Connection, person_id: str) -> str | None:
    """The person this id is an alias of; None when it is none."""
    listing = [row["person_id"] for row in await connection.fetch(_MERGED_INTO, [person_id])]
    known = await load_facts(connection, {person_id, *listing})
    return survivors(known.versions).get(person_id)


async def merged_with(connection: Connection, person_ids: Collection[str]) -> set[str]:
    """The aliases of these people, and the people they are aliases of."""
    rows = await connection.fetch(_MERGED_WITH, sorted(person_ids))
    return {row["person_id"] for row in rows}


async def people_in(connection: Connection, department_id: str) -> list[str]:
    """People with an appointment in this department, sorted."""
    rows = await connection.fetch(_PEOPLE_IN, department_id)
    return [row["person_id"] for row in rows]


async def people_after(connection: Connection, person_id: str, limit: int) -> list[str]:
    """The next people that facts are known of, by id."""
    rows = await connection.fetch(_PEOPLE_AFTER, person_id, limit)
    return [row["person_id"] for row in rows]


async def load_facts(
    connection: Connection, person_ids: Collection[str], *, hold_areas: bool = False
) -> Facts:
    """All facts of these people; whom nothing is known of is missing in `versions`.

    With `hold_areas` the areas of their departments stay until the transaction ends.
    """
    ids = list(person_ids)
    versions: dict[str, list[Person]] = {}
    for row in await connection.fetch(_VERSIONS, ids):
        person = person_of(json.loads(row["state"]))
        versions.setdefault(person.person_id, []).append(person)
    completions: dict[str, list[Completion]] = {}
    for row in await connection.fetch(_COMPLETIONS, ids):
        completion = Completion(**row)
        completions.setdefault(completion.person_id, []).append(completion)
    departments = {a.department_id for vs in versions.values() for v in vs for a in v.appointments}
    if hold_areas:
        await connection.execute(_HOLD_DEPARTMENTS, list(departments))
    return Facts(versions, completions, await _load_areas(connection, departments))


async def departments_without_area(connection: Connection, limit: int) -> list[str]:
    """Departments that roll up to nothing, or that people are in and nobody has described."""
    rows = await connection.fetch(_WITHOUT_AREA, limit)
    return [row["department_id"] for row in rows]


def person_of(state: dict[str, Any]) -> Person:
    """A version's facts from its published state, as JSON; what no rule asks about is left out."""
    return Person(
        person_id=state["person_id"],
        version=state["version"],
        effective_on=date.fromisoformat(state["effective_on"]),
        received_at=datetime.fromisoformat(state["received_at"]),
        onboarded_on=date.fromisoformat(state["onboarded_on"]),
        separated_on=_day(state["separated_on"]),
        appointments=tuple(
            Appointment(
                appointment_id=held["appointment_id"],
                kind=held["kind"],
                paid=held["paid"],
                department_id=held["department_id"],
                start_on=date.fromisoformat(held["start_on"]),
                end_on=_day(held["end_on"]),
                year_of_study=held["year_of_study"],
                years_of_study=tuple(
                    (date.fromisoformat(step["since"]), step["year"])
                    for step in held.get("years_of_study", ())
                ),
            )
            for held in state["appointments"]
        ),
        leaves=tuple(
            Leave(date.fromisoformat(leave["start_on"]), _day(leave["end_on"]))
            for leave in state.get("leaves", ())
            if leave["pauses"]
        ),
        hold=state["hold"],
        merged_into=state.get("merged_into"),
        aliases=tuple(state.get("aliases", ())),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def _load_areas(connection: Connection, department_ids: Collection[str]) -> dict[str, Area]:
    areas: dict[str, Area] = {}
    rows = await connection.fetch(_AREAS, list(department_ids))
    for department_id, area_id, received_at in rows:
        before = areas.get(department_id)
        if before is None or before.area_id != area_id:
            areas[department_id] = Area(area_id, received_at, before)
    return areas


_NOW_STEPPED = "SELECT coalesce((SELECT now FROM calendar), to_timestamp(0))"
_TOUCH_PERSON = """
INSERT INTO person (person_id, version, department_ids, aliases)
SELECT person_id, version, department_ids, aliases
FROM jsonb_to_recordset($1::jsonb)
    AS p(person_id text, version bigint, department_ids text[], aliases text[])
ORDER BY person_id
ON CONFLICT (person_id) DO UPDATE
SET version = excluded.version, department_ids = excluded.department_ids,
    aliases = excluded.aliases
WHERE person.version < excluded.version
"""
_ADD_PERSON_VERSION = """
INSERT INTO person_version (person_id, version, effective_on, received_at, state)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::date[], $4::timestamptz[], $5::jsonb[])
ON CONFLICT DO NOTHING
RETURNING person_id
"""
# Gives the areas that departments with a newer version had until now.
_SET_DEPARTMENT = """
WITH newer AS (
    SELECT d.department_id, d.area_id AS area_before, n.version, n.area_id
    FROM department d
    JOIN unnest($1::text[], $2::bigint[], $3::text[]) AS n(department_id, version, area_id)
        ON n.department_id = d.department_id AND n.version > d.version
    ORDER BY d.department_id FOR UPDATE OF d
), done AS (
    UPDATE department SET version = newer.version, area_id = newer.area_id
    FROM newer WHERE department.department_id = newer.department_id
)
SELECT department_id, area_before AS area_id FROM newer
"""
_ADD_DEPARTMENT_VERSION = """
INSERT INTO department_version (department_id, version, area_id, received_at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[])
ON CONFLICT DO NOTHING
"""
_ADD_COMPLETION = """
INSERT INTO completion
    (person_id, source, course, version, cycle, option, valid, completed_at, received_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
                     $7::boolean[], $8::timestamptz[], $9::timestamptz[])
ON CONFLICT DO NOTHING
RETURNING person_id
"""
_MENTION_PEOPLE = """
INSERT INTO person (person_id) SELECT id FROM unnest($1::text[]) AS id ORDER BY id
ON CONFLICT (person_id) DO UPDATE SET version = person.version WHERE false
"""
_LOCK_PEOPLE = """
SELECT 1 FROM person WHERE person_id = ANY($1::text[]) ORDER BY person_id FOR UPDATE
"""
_MERGED_INTO = """
SELECT person_id FROM person WHERE aliases <> '{}' AND aliases && $1::text[]
"""
_MERGED_WITH = f"""
SELECT unnest(aliases) AS person_id FROM person
WHERE person_id = ANY($1::text[]) AND aliases <> '{{}}'
UNION {_MERGED_INTO}
"""  # noqa: S608 - only the constant above is put in
_PEOPLE_IN = """
SELECT person_id FROM person WHERE department_ids @> ARRAY[$1::text] ORDER BY person_id
"""
_PEOPLE_AFTER = """
SELECT person_id FROM person WHERE person_id > $1 AND version > 0 ORDER BY person_id LIMIT $2
"""
_VERSIONS = """
SELECT state FROM person_version WHERE person_id = ANY($1::text[]) ORDER BY person_id, version
"""
_COMPLETIONS = """
SELECT person_id, source, course, version, cycle, option, valid, completed_at, received_at
FROM completion WHERE person_id = ANY($1::text[])
"""
_MENTION_DEPARTMENTS = """
INSERT INTO department (department_id) SELECT id FROM unnest($1::text[]) AS id ORDER BY id
ON CONFLICT DO NOTHING
"""
_HOLD_DEPARTMENTS = """
SELECT 1 FROM department WHERE department_id = ANY($1::text[]) ORDER BY department_id FOR SHARE
"""
_AREAS = """
SELECT department_id, area_id, received_at FROM department_version
WHERE department_id = ANY($1::text[]) ORDER BY department_id, version
"""
_WITHOUT_AREA = """
SELECT department_id FROM department WHERE area_id IS NULL ORDER BY department_id LIMIT $1
"""
