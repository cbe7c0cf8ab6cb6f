"""Groups as their source wrote them: each is a department."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.postgres import Connection
from roster.scim.mapping import Json, comparable


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of one source. `digest` stands for its members, who change without its version."""

    id: UUID
    source: str
    department_id: str
    version: int
    created_at: datetime
    modified_at: datetime
    resource: Json
    digest: str = ""
    members: list[UUID] = field(default_factory=list)


async def get(
    connection: Connection,
    source: str,
    ids: Collection[UUID],
    *,
    lock: bool = False,
    at_most: int | None,
) -> dict[UUID, GroupRow]:
    """Those of the groups that are there, with up to `at_most` members each; None for all."""
    if lock:
        await connection.execute(_LOCK, source, list(ids))
    rows = await connection.fetch(_GET, source, list(ids), at_most)
    return {row["id"]: _group(row) for row in rows}


async def insert(connection: Connection, group: GroupRow) -> None:
    """Add it. Raises asyncpg.UniqueViolationError when the source has one for the department."""
    await connection.execute(
        _INSERT,
        group.id,
        group.source,
        group.department_id,
        group.version,
        group.created_at,
        group.modified_at,
        json.dumps(group.resource),
        json.dumps(comparable(group.resource)),
    )


async def update(connection: Connection, group: GroupRow) -> None:
    """Make it, one version on, what it is now; its row is held."""
    await connection.execute(
        _UPDATE,
        group.id,
        group.version,
        group.modified_at,
        json.dumps(group.resource),
        json.dumps(comparable(group.resource)),
    )


async def end(connection: Connection, group_id: UUID, at: datetime) -> None:
    """Take it off the list; the department stays."""
    await connection.execute(_END, group_id, at)


def _group(row: asyncpg.Record) -> GroupRow:
    return GroupRow(
        id=row["id"],
        source=row["source"],
        department_id=row["department_id"],
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        resource=json.loads(row["resource"]),
        digest=row["digest"],
        members=list(row["members"]),
    )


_LOCK = """
SELECT FROM scim_group WHERE source = $1 AND id = ANY($2::uuid[]) AND ended_at IS NULL
ORDER BY id FOR UPDATE
"""
_GET = """
SELECT g.id, g.source, g.department_id, g.version, g.created_at, g.modified_at, g.resource,
       left(md5(m.joined), 12) AS digest, m.members
FROM scim_group g CROSS JOIN LATERAL (
    SELECT coalesce(string_agg(u.id::text, ' ' ORDER BY u.id), '') AS joined,
           coalesce((array_agg(u.id ORDER BY u.id))[:$3], '{}') AS members
    FROM scim_user u
    WHERE u.source = g.source AND u.department_ids @> ARRAY[g.department_id]
          AND u.ended_at IS NULL
) AS m
WHERE g.source = $1 AND g.id = ANY($2::uuid[]) AND g.ended_at IS NULL
"""
_INSERT = """
INSERT INTO scim_group
    (id, source, department_id, version, created_at, modified_at, resource, search)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb)
"""
_UPDATE = """
UPDATE scim_group SET version = $2, modified_at = $3, resource = $4::jsonb, search = $5::jsonb
WHERE id = $1
"""
_END = "UPDATE scim_group SET ended_at = $2, resource = '{}', search = '{}' WHERE id = $1"
