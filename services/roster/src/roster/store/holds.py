"""Why people are on hold."""

from __future__ import annotations

from datetime import datetime

from chassis.postgres import Connection


async def write_hold(
    connection: Connection, person_id: str, reason: str, held_at: datetime
) -> None:
    """Remember why the person is on hold, and since when."""
    await connection.execute(
        """
        INSERT INTO person_hold (person_id, reason, held_at) VALUES ($1, $2, $3)
        ON CONFLICT (person_id) DO UPDATE SET reason = excluded.reason
        """,
        *(person_id, reason, held_at),
    )


async def delete_hold(connection: Connection, person_id: str) -> None:
    """Forget why the person was on hold."""
    await connection.execute("DELETE FROM person_hold WHERE person_id = $1", person_id)


async def list_holds(connection: Connection, limit: int) -> list[tuple[str, str, datetime]]:
    """Who is on hold: (person id, reason code, since), the oldest first."""
    rows = await connection.fetch(
        "SELECT person_id, reason, held_at FROM person_hold ORDER BY held_at, person_id LIMIT $1",
        limit,
    )
    return [(row["person_id"], row["reason"], row["held_at"]) for row in rows]
