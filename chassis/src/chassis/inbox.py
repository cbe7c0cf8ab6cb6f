"""Once only, for effects that are not a fold of their events. Projections use a version guard."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.postgres import Connection


async def first_time(connection: Connection, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
    """Of `ids`, those that `consumer` has not handled before; they count as handled from now on.

    Part of the caller's transaction: rolled back with the effect it protects.
    """
    rows = await connection.fetch(
        """
        INSERT INTO inbox (consumer, event_id)
        SELECT $1, id FROM unnest($2::uuid[]) AS id
        ON CONFLICT DO NOTHING
        RETURNING event_id
        """,
        consumer,
        list(dict.fromkeys(ids)),
    )
    return {row["event_id"] for row in rows}
