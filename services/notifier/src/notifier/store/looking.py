"""Whose mails are to be decided on again, because what they rest on has changed.

Handlers add people here in the transaction of the change; the sender takes them out. So only the
sender passes a mail to another state, and only once every topic has been read.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from chassis.postgres import Connection
from notifier.store.ledger import CHANGED, announce
from notifier.store.sending import CANDIDATES, At

# Only mails that may pass to another state without being sent.
_MOVABLE = "('planned', 'withheld', 'cancelled', 'failed')"


async def look_again(connection: Connection, person_ids: Collection[str]) -> None:
    """Have the mails of these people decided on anew, if they have any."""
    await connection.execute(
        f"""
        INSERT INTO look_again (person_id)
        SELECT DISTINCT person_id FROM mail
        WHERE person_id = ANY($1::text[]) AND state IN {_MOVABLE}
        """,  # noqa: S608 — our own text
        list(person_ids),
    )


async def merged_into(connection: Connection, person_ids: Collection[str]) -> set[str]:
    """The ids that these people's obligations, as stored now, name as merged into theirs."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT unnest(merged_from) AS person_id FROM obligation
        WHERE person_id = ANY($1::text[]) AND merged_from <> '{}'
        """,
        list(person_ids),
    )
    return {row["person_id"] for row in rows}


async def take(connection: Connection, limit: int) -> list[Any]:
    """Up to `limit` people's mails that may have to pass to another state, locked, as candidates.

    The lock comes before the reading: a claim under way may be about to give one of them up for
    what held before.
    """
    rows = await connection.fetch(
        """
        DELETE FROM look_again WHERE id IN (
            SELECT id FROM look_again ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING person_id
        """,
        limit,
    )
    if not rows:
        return []
    locked = await connection.fetch(
        f"""
        SELECT mail_id FROM mail
        WHERE person_id = ANY($1::text[]) AND state IN {_MOVABLE} ORDER BY mail_id FOR UPDATE
        """,  # noqa: S608 — our own text
        [row["person_id"] for row in rows],
    )
    return await connection.fetch(CANDIDATES, [row["mail_id"] for row in locked])


async def plan_again(connection: Connection, mail_ids: Collection[Any], at: At) -> list[Any]:
    """From cancelled or failed back to planned; returns the rows, with `CHANGED`."""
    rows = await connection.fetch(
        f"""
        UPDATE mail m
        SET state = 'planned', reason = NULL, version = m.version + 1, changed_at = $2,
            planned_at = $2, attempts = 0, not_before = clock_timestamp(),
            created_at = clock_timestamp()
        WHERE m.mail_id = ANY($1::uuid[]) AND m.state IN ('cancelled', 'failed')
        RETURNING {CHANGED}
        """,  # noqa: S608 — put together from our own text
        list(mail_ids),
        at.now,
    )
    await announce(connection, rows, at.zone)
    return rows
