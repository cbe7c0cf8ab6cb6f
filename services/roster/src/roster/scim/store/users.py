"""Users as their source wrote them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.postgres import Connection
from roster.scim.mapping import Json, comparable
from roster.scim.state import Places, Span, Standing


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user of one source. `version` counts its writes; `groups` are (id, name) of its groups."""

    id: UUID
    source: str
    person_id: str
    version: int
    created_at: datetime
    modified_at: datetime
    reported_at: datetime
    standing: Standing
    places: Places
    department_ids: frozenset[str]
    resource: Json
    groups: Sequence[tuple[UUID, str]] = field(default=())


async def get(
    connection: Connection, source: str, ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, UserRow]:
    """Those of the users that are there; with `lock` they are held, in order of ids."""
    rows = await connection.fetch(_GET_LOCKED if lock else _GET, source, list(ids))
    return {row["id"]: _user(row) for row in rows}


async def insert(connection: Connection, user: UserRow) -> None:
    """Add it. Raises asyncpg.UniqueViolationError when its name or ids are taken."""
    await connection.execute(_INSERT, _records([user]))


async def update(connection: Connection, users: Sequence[UserRow]) -> bool:
    """Make these, each one version on, what they are now; False when one has moved meanwhile.

    Raises asyncpg.UniqueViolationError when a name is taken.
    """
    return await connection.execute(_UPDATE, _records(users)) == f"UPDATE {len(users)}"


async def end(connection: Connection, user: UserRow, at: datetime) -> None:
    """Take it off the list and empty it; ids and dates stay."""
    await connection.execute(_END, user.id, at)


async def members(connection: Connection, source: str, department_id: str) -> list[UUID]:
    """Who is in the department, in order of ids."""
    rows = await connection.fetch(_MEMBERS, source, department_id)
    return [row["id"] for row in rows]


async def person_of(connection: Connection, source: str, user_id: UUID) -> str | None:
    """The institute id of a user of that source."""
    found: str | None = await connection.fetchval(_PERSON, source, user_id)
    return found


async def department_of(connection: Connection, text: str) -> str | None:
    """The department with that id, else the only one with that name; None for neither."""
    rows = await connection.fetch(_DEPARTMENT, text)
    exact = [row["department_id"] for row in rows if row["exact"]]
    named = [row["department_id"] for row in rows]
    return exact[0] if exact else named[0] if len(named) == 1 else None


def _user(row: asyncpg.Record) -> UserRow:
    return UserRow(
        id=row["id"],
        source=row["source"],
        person_id=row["person_id"],
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        reported_at=row["reported_at"],
        standing=Standing(row["onboarded_on"], row["separated_on"]),
        places=Places(
            frozenset(row["member_of"]), row["department_id"], _spans(json.loads(row["spans"]))
        ),
        department_ids=frozenset(row["department_ids"]),
        resource=json.loads(row["resource"]),
        groups=[(UUID(each["id"]), each["name"]) for each in json.loads(row["groups"])],
    )


def _spans(stored: Mapping[str, Sequence[str | None]]) -> dict[str, Span]:
    return {
        name: Span(date.fromisoformat(since or ""), date.fromisoformat(until) if until else None)
        for name, (since, until) in stored.items()
    }


def _records(users: Sequence[UserRow]) -> str:
    return json.dumps([_record(each) for each in users])


def _record(user: UserRow) -> dict[str, Any]:
    search = comparable(user.resource)
    standing = user.standing
    return {
        "id": str(user.id),
        "source": user.source,
        "person_id": user.person_id,
        "external_id": search["externalId"],
        "user_name_key": search["userName"],
        "version": user.version,
        "created_at": user.created_at.isoformat(),
        "modified_at": user.modified_at.isoformat(),
        "reported_at": user.reported_at.isoformat(),
        "onboarded_on": standing.onboarded_on.isoformat(),
        "separated_on": standing.separated_on.isoformat() if standing.separated_on else None,
        "member_of": sorted(user.places.groups),
        "department_id": user.places.department,
        "spans": {
            name: [span.since.isoformat(), span.until.isoformat() if span.until else None]
            for name, span in user.places.spans.items()
        },
        "department_ids": sorted(user.department_ids),
        "resource": user.resource,
        "search": search,
    }


_GET = """
SELECT u.id, u.source, u.person_id, u.version, u.created_at, u.modified_at, u.reported_at,
       u.onboarded_on, u.separated_on, u.member_of, u.department_id, u.spans, u.department_ids,
       u.resource,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'id', g.id, 'name', g.resource ->> 'displayName') ORDER BY g.id), '[]')
        FROM scim_group g
        WHERE g.source = u.source AND g.department_id = ANY(u.department_ids)
              AND g.ended_at IS NULL) AS groups
FROM scim_user u
WHERE u.source = $1 AND u.id = ANY($2::uuid[]) AND u.ended_at IS NULL
"""
_GET_LOCKED = f"{_GET} ORDER BY u.id FOR UPDATE OF u"
_RECORD = """
jsonb_to_recordset($1::jsonb) AS n(
    id uuid, source text, person_id text, external_id text, user_name_key text, version bigint,
    created_at timestamptz, modified_at timestamptz, reported_at timestamptz, onboarded_on date,
    separated_on date, member_of text[], department_id text, spans jsonb, department_ids text[],
    resource jsonb, search jsonb)
"""
_INSERT = f"""
INSERT INTO scim_user
    (id, source, person_id, external_id, user_name_key, version, created_at, modified_at,
     reported_at, onboarded_on, separated_on, member_of, department_id, spans, department_ids,
     resource, search)
SELECT id, source, person_id, external_id, user_name_key, version, created_at, modified_at,
       reported_at, onboarded_on, separated_on, member_of, department_id, spans, department_ids,
       resource, search
FROM {_RECORD}
"""  # noqa: S608 - only the constant above is put in
_UPDATE = f"""
UPDATE scim_user u SET
    person_id = n.person_id, external_id = n.external_id, user_name_key = n.user_name_key,
    version = n.version, modified_at = n.modified_at, reported_at = n.reported_at,
    onboarded_on = n.onboarded_on, separated_on = n.separated_on, member_of = n.member_of,
    department_id = n.department_id, spans = n.spans, department_ids = n.department_ids,
    resource = n.resource, search = n.search
FROM {_RECORD}
WHERE u.id = n.id AND u.version = n.version - 1 AND u.ended_at IS NULL
"""  # noqa: S608 - only the constant above is put in
_END = """
UPDATE scim_user SET ended_at = $2, user_name_key = NULL, resource = '{}', search = '{}'
WHERE id = $1
"""
_MEMBERS = """
SELECT id FROM scim_user
WHERE source = $1 AND department_ids @> ARRAY[$2] AND ended_at IS NULL ORDER BY id
"""
_PERSON = "SELECT person_id FROM scim_user WHERE source = $1 AND id = $2 AND ended_at IS NULL"
_DEPARTMENT = """
SELECT department_id, department_id = $1 AS exact FROM department
WHERE department_id = $1 OR lower(name) = lower($1) LIMIT 3
"""
