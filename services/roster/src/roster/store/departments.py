"""Departments as they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chassis.errors import Stop
from chassis.postgres import Connection
from roster.domain import Department
from roster.store.receipts import Receipt


async def lock(connection: Connection) -> None:
    """Wait for others who write departments, until this transaction ends; readers do not wait."""
    await connection.execute(_LOCK)


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
                tuple(row["area_lead_ids"]),
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
        [" ".join(each.area_lead_ids) for each in departments],
        receipt.received_on,
        receipt.received_at,
    )
    if done != f"INSERT 0 {len(versions)}":
        raise Stop("a department was written by somebody who did not hold its row")


_LOCK = "LOCK TABLE department IN SHARE ROW EXCLUSIVE MODE"
_UNKNOWN_DEPARTMENTS = """
SELECT i.department_id FROM unnest($1::text[]) AS i(department_id)
WHERE NOT EXISTS (SELECT FROM department d WHERE d.department_id = i.department_id)
ORDER BY i.department_id
"""
_DEPARTMENTS = """
SELECT department_id, version, name, area_id, area_name, officer_ids, area_lead_ids
FROM department WHERE department_id = ANY($1::text[])
"""
_WRITE_DEPARTMENTS = """
INSERT INTO department
    (department_id, version, effective_on, received_at, name, area_id, area_name, officer_ids,
     area_lead_ids)
SELECT department_id, version, $8, $9, name, area_id, area_name, string_to_array(officers, ' '),
       string_to_array(leads, ' ')
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
     AS n(department_id, version, name, area_id, area_name, officers, leads)
ON CONFLICT (department_id) DO UPDATE SET
    version = excluded.version, effective_on = excluded.effective_on,
    received_at = excluded.received_at, name = excluded.name, area_id = excluded.area_id,
    area_name = excluded.area_name, officer_ids = excluded.officer_ids,
    area_lead_ids = excluded.area_lead_ids
WHERE department.version = excluded.version - 1
"""
