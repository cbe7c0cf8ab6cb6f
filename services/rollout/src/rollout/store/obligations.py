"""The obligations, one row per person, cycle and occurrence."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from chassis.postgres import Connection
from rollout.domain import Obligation, Release, Sent, Standing, Status

OCCURRENCE = "1"  # an edition is owed once
_STANDING = tuple(field.name for field in fields(Standing))


async def load_obligations(
    connection: Connection, cycle: str, person_ids: Collection[str]
) -> dict[str, Obligation]:
    """The obligations of these people in this cycle, by person; some may have none."""
    rows = await connection.fetch(_LOAD, cycle, OCCURRENCE, list(person_ids))
    return {row["person_id"]: _obligation(row) for row in rows}


async def save_obligations(
    connection: Connection, cycle: str, obligations: Mapping[str, Obligation]
) -> None:
    """Write these people's obligations in this cycle as they now are."""
    rows = [
        {
            "person_id": person_id,
            **{name: getattr(obligation.standing, name) for name in _STANDING},
            "group_id": obligation.standing.group,
            "version": obligation.version,
            "sent": [asdict(sent) for sent in obligation.sent],
            "reminded_to": obligation.reminded_to,
            "opened_on": obligation.opened_on,
            "own_group_id": obligation.own.group if obligation.own else None,
            "own_planned_on": obligation.own.planned_on if obligation.own else None,
            "own_released_at": obligation.own.released_at if obligation.own else None,
            "next_on": obligation.next_on,
            "gaps": obligation.gaps,
        }
        for person_id, obligation in sorted(obligations.items())
    ]
    await connection.execute(_SAVE, cycle, OCCURRENCE, json.dumps(rows, default=str))


async def people_due(connection: Connection, cycle: str, today: date, limit: int) -> list[str]:
    """People for whom something is due by `today`, the longest due first."""
    rows = await connection.fetch(_DUE, cycle, today, limit)
    return [row["person_id"] for row in rows]


async def people_without_group(connection: Connection, cycle: str, limit: int) -> list[str]:
    """Required people whom no group takes, by id."""
    rows = await connection.fetch(_WITHOUT_GROUP, cycle, limit)
    return [row["person_id"] for row in rows]


async def people_with_gap(connection: Connection, cycle: str, gap: str, limit: int) -> list[str]:
    """People of whom this fact is missing although the rules ask for it, by id."""
    rows = await connection.fetch(_WITH_GAP, cycle, gap, limit)
    return [row["person_id"] for row in rows]


async def add_released(
    connection: Connection, cycle: str, people: Mapping[str, int]
) -> Sequence[tuple[str, int, int, int]]:
    """Count a batch per group; returns group, people, version of the batch, total so far."""
    groups = sorted(people)
    rows = await connection.fetch(_ADD_RELEASED, cycle, groups, [people[group] for group in groups])
    return [
        (row["group_id"], people[row["group_id"]], row["version"], row["total"]) for row in rows
    ]


async def count_by_status(connection: Connection, cycle: str) -> dict[str, int]:
    """How many obligations of the cycle have each status."""
    rows = await connection.fetch(_COUNT, cycle)
    return {row["status"]: row["people"] for row in rows}


def _obligation(row: Any) -> Obligation:
    standing = Standing(
        status=Status(row["status"]),
        hold=row["hold"],
        group=row["group_id"],
        department_ids=tuple(row["department_ids"]),
        planned_on=row["planned_on"],
        released_at=row["released_at"],
        due_on=row["due_on"],
        completed_at=row["completed_at"],
        option=row["option"],
        supplemental_options=tuple(row["supplemental_options"]),
        reopened=row["reopened"],
        paused=row["paused"],
        resumed=row["resumed"],
        merged_from=tuple(row["merged_from"]),
        rule=row["rule"],
        policy_version=row["policy_version"],
        person_version=row["person_version"],
    )
    own = None
    if row["own_released_at"]:
        own = Release(row["own_group_id"], row["own_planned_on"], row["own_released_at"])
    return Obligation(
        version=row["version"],
        standing=standing,
        sent=tuple(Sent(**each) for each in json.loads(row["sent"])),
        reminded_to=row["reminded_to"],
        opened_on=row["opened_on"],
        own=own,
        next_on=row["next_on"],
        gaps=tuple(row["gaps"]),
    )


_FIELDS = {
    "version": "bigint",
    "status": "text",
    "hold": "boolean",
    "group_id": "text",
    "department_ids": "text[]",
    "planned_on": "date",
    "released_at": "timestamptz",
    "due_on": "date",
    "completed_at": "timestamptz",
    "option": "text",
    "supplemental_options": "text[]",
    "reopened": "bigint",
    "paused": "boolean",
    "resumed": "bigint",
    "merged_from": "text[]",
    "rule": "text",
    "policy_version": "bigint",
    "person_version": "bigint",
    "sent": "jsonb",
    "reminded_to": "date",
    "opened_on": "date",
    "own_group_id": "text",
    "own_planned_on": "date",
    "own_released_at": "timestamptz",
    "next_on": "date",
    "gaps": "text[]",
}
_COLUMNS = ", ".join(_FIELDS)
_LOAD = f"""
SELECT person_id, {_COLUMNS}
FROM obligation WHERE cycle = $1 AND occurrence = $2 AND person_id = ANY($3::text[])
"""  # noqa: S608 - only the constant above is put in
_SAVE = f"""
INSERT INTO obligation (person_id, cycle, occurrence, {_COLUMNS})
SELECT person_id, $1, $2, {_COLUMNS}
FROM jsonb_to_recordset($3::jsonb)
    AS o(person_id text, {", ".join(f"{name} {kind}" for name, kind in _FIELDS.items())})
ON CONFLICT (person_id, cycle, occurrence) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _FIELDS)}
"""  # noqa: S608 - only the constants above are put in
_DUE = """
SELECT person_id FROM obligation WHERE cycle = $1 AND next_on <= $2
ORDER BY next_on, person_id LIMIT $3
"""
_WITHOUT_GROUP = """
SELECT person_id FROM obligation
WHERE cycle = $1 AND status = 'scheduled' AND group_id IS NULL AND NOT hold
ORDER BY person_id LIMIT $2
"""
_WITH_GAP = """
SELECT person_id FROM obligation
WHERE cycle = $1 AND gaps <> '{}' AND gaps @> ARRAY[$2::text] AND NOT hold
ORDER BY person_id LIMIT $3
"""
_ADD_RELEASED = """
INSERT INTO group_release (cycle, group_id, version, total)
SELECT $1, group_id, 1, people FROM unnest($2::text[], $3::bigint[]) AS b(group_id, people)
ORDER BY group_id
ON CONFLICT (cycle, group_id) DO UPDATE
SET version = group_release.version + 1, total = group_release.total + excluded.total
RETURNING group_id, version, total
"""
_COUNT = """
SELECT status, count(*) AS people FROM obligation WHERE cycle = $1 AND NOT hold
GROUP BY status ORDER BY status
"""
