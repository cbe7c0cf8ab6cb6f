"""Roles that do not follow from a department."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from chassis.postgres import Connection


async def roles_of(connection: Connection, person_id: str) -> tuple[int, tuple[str, ...]]:
    """The person's roles and their version, 0 before the first.

    Nobody else can change roles until this transaction ends.
    """
    # A person's first role has no row to hold yet.
    await connection.execute("LOCK TABLE role_grant IN SHARE ROW EXCLUSIVE MODE")
    row = await connection.fetchrow(
        "SELECT version, roles FROM role_grant WHERE person_id = $1", person_id
    )
    return (row["version"], tuple(row["roles"])) if row else (0, ())


async def write_roles(
    connection: Connection,
    person_id: str,
    version: int,
    roles: Sequence[str],
    received: tuple[datetime, date],
) -> None:
    """Make these the person's roles, as received at that instant, which is on that day."""
    await connection.execute(
        """
        INSERT INTO role_grant (person_id, version, roles, received_at, effective_on)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (person_id) DO UPDATE SET
            version = excluded.version, roles = excluded.roles,
            received_at = excluded.received_at, effective_on = excluded.effective_on
        """,
        *(person_id, version, list(roles), *received),
    )


async def list_roles(connection: Connection) -> list[tuple[str, tuple[str, ...]]]:
    """Everybody who has a role, by id."""
    rows = await connection.fetch(
        "SELECT person_id, roles FROM role_grant WHERE roles <> '{}' ORDER BY person_id"
    )
    return [(row["person_id"], tuple(row["roles"])) for row in rows]
