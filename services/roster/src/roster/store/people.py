"""People as they stand and stood, as published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from chassis.postgres import Connection
from roster.domain import Change, State
from roster.store.facts_json import facts_from_json, facts_to_json


class Raced(Exception):
    """Somebody else wrote one of these people between the look and the write; look again."""


@dataclass(frozen=True, slots=True)
class PersonVersion:
    """One version of a person, as written and as published."""

    person_id: str
    version: int
    change: Change
    effective_on: date
    received_at: datetime
    state: State


async def lock(connection: Connection, ids: Sequence[str]) -> dict[str, PersonVersion]:
    """Those of `ids` who are known, and whoever they are merged into.

    Their rows are held, in order of ids, to the end of the transaction. Raises Raced when one was
    merged meanwhile.
    """
    found = {row["person_id"]: _version(row) for row in await connection.fetch(_LOCK, ids)}
    targets = {each.state.merged_into for each in found.values()} - {None}
    if not targets <= found.keys():
        raise Raced
    return found


async def look(connection: Connection, ids: Sequence[str]) -> dict[str, PersonVersion]:
    """Those of `ids` who are known, without holding them."""
    return {row["person_id"]: _version(row) for row in await connection.fetch(_LOOK, ids)}


async def write_people(connection: Connection, versions: Sequence[PersonVersion]) -> None:
    """Make these the newest versions; those before them go into the history."""
    changed = [each.person_id for each in versions if each.version > 1]
    if changed:
        await connection.execute(_KEEP, changed)
    states = [each.state for each in versions]
    done = await connection.execute(
        _WRITE,
        [each.person_id for each in versions],
        [each.version for each in versions],
        [each.change for each in versions],
        [each.effective_on for each in versions],
        [each.received_at for each in versions],
        [facts_to_json(state.facts) for state in states],
        [state.hold for state in states],
        [state.merged_into for state in states],
        [" ".join(state.aliases) for state in states],
    )
    if done != f"INSERT 0 {len(versions)}":
        raise Raced


async def versions_of(connection: Connection, person_id: str, limit: int) -> list[PersonVersion]:
    """The person's versions, newest first, at most `limit`; empty for a person nobody reported."""
    return [_version(row) for row in await connection.fetch(_VERSIONS, person_id, limit)]


async def aliases_before_merge(connection: Connection, person_id: str) -> list[str]:
    """The aliases the person had when it was merged into another, and brought along."""
    found = await connection.fetchval(_ALIASES_BEFORE, person_id)
    return found or []


def _version(row: asyncpg.Record) -> PersonVersion:
    return PersonVersion(
        row["person_id"],
        row["version"],
        Change(row["change"]),
        row["effective_on"],
        row["received_at"],
        State(
            facts_from_json(row["facts"]), row["hold"], row["merged_into"], tuple(row["aliases"])
        ),
    )


_LOOK = """
SELECT person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases
FROM person WHERE person_id = ANY($1::text[])
"""
_LOCK = """
SELECT person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases
FROM person
WHERE person_id = ANY(
    $1::text[] || ARRAY(
        SELECT merged_into FROM person
        WHERE person_id = ANY($1::text[]) AND merged_into IS NOT NULL
    )
)
ORDER BY person_id FOR UPDATE
"""
_KEEP = """
INSERT INTO person_version
    (person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases)
SELECT person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases
FROM person WHERE person_id = ANY($1::text[])
"""
_WRITE = """
INSERT INTO person
    (person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases)
SELECT person_id, version, change, effective_on, received_at, facts, hold, merged_into,
       coalesce(string_to_array(nullif(aliases, ''), ' '), '{}')
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::date[], $5::timestamptz[], $6::jsonb[],
            $7::boolean[], $8::text[], $9::text[])
     AS n(person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases)
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, change = excluded.change, effective_on = excluded.effective_on,
    received_at = excluded.received_at, facts = excluded.facts, hold = excluded.hold,
    merged_into = excluded.merged_into, aliases = excluded.aliases
WHERE person.version = excluded.version - 1
"""
_VERSIONS = """
SELECT person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases
FROM person WHERE person_id = $1
UNION ALL
SELECT person_id, version, change, effective_on, received_at, facts, hold, merged_into, aliases
FROM person_version WHERE person_id = $1
ORDER BY version DESC LIMIT $2
"""
_ALIASES_BEFORE = """
SELECT aliases FROM person_version WHERE person_id = $1 AND merged_into IS NULL
ORDER BY version DESC LIMIT 1
"""
