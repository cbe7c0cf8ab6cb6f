"""Webhooks as they came, and those whose person nobody has named yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chassis.postgres import Connection
from completion.domain import Outcome


class Arrival(NamedTuple):
    """An accepted webhook as it came in; `received_at` is the calendar's."""

    source: str
    webhook_id: str
    webhook_timestamp: str
    webhook_signature: str
    received_at: datetime
    body: bytes


class Request(NamedTuple):
    """A stored webhook that is to be interpreted."""

    id: int
    source: str
    webhook_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What became of a request; `reference` (folded) is given when nobody was matched."""

    request: Request
    outcome: Outcome
    person_id: str | None = None
    reference: str | None = None


class Wait(NamedTuple):
    """Requests of one source that name the same unknown person, by the folded reference."""

    source: str
    reference: str
    requests: int
    first_request: int
    first_received_at: datetime


async def add_requests(connection: Connection, arrivals: Sequence[Arrival]) -> None:
    """Store what arrived, in one statement that commits by itself; known ids change nothing."""
    await connection.execute(
        """
        INSERT INTO webhook_request
            (source, webhook_id, webhook_timestamp, webhook_signature, received_at, body)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                             $6::bytea[])
        ON CONFLICT (source, webhook_id) DO NOTHING
        """,
        *map(list, zip(*arrivals, strict=True)),
        timeout=15,
    )


async def next_requests(connection: Connection, limit: int) -> list[Request]:
    """The oldest requests that have not been interpreted. Hold `lock_matching`."""
    rows = await connection.fetch(
        """
        SELECT id, source, webhook_id, body FROM webhook_request
        WHERE outcome IS NULL ORDER BY id LIMIT $1
        """,
        limit,
    )
    return [Request(*row) for row in rows]


async def wait_again(connection: Connection, references: Collection[str]) -> int:
    """Let unmatched requests with these folded references be interpreted anew; returns how many.

    Hold `lock_matching`.
    """
    done = await connection.execute(
        """
        WITH taken AS (DELETE FROM unmatched WHERE reference = ANY($1::text[]) RETURNING request_id)
        UPDATE webhook_request SET outcome = NULL FROM taken WHERE id = request_id
        """,
        list(references),
    )
    return int(done.removeprefix("UPDATE "))


async def settle(connection: Connection, results: Sequence[Interpreted]) -> None:
    """Write what became of each request; what nobody was matched with waits in `unmatched`.

    The text of what is said about the erased is deleted.
    """
    await connection.execute(
        """
        UPDATE webhook_request r SET outcome = t.outcome, person_id = t.person_id,
            body = CASE WHEN NOT EXISTS (
                SELECT FROM erased_person e WHERE e.person_id = t.person_id) THEN r.body END
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS t(id, outcome, person_id)
        WHERE r.id = t.id
        """,
        [result.request.id for result in results],
        [result.outcome for result in results],
        [result.person_id for result in results],
    )
    waiting = [result for result in results if result.outcome is Outcome.UNMATCHED]
    await connection.execute(
        """
        INSERT INTO unmatched (request_id, source, reference)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])
        """,
        [result.request.id for result in waiting],
        [result.request.source for result in waiting],
        [result.reference for result in waiting],
    )


async def delete_requests(connection: Connection, before: datetime, limit: int) -> int:
    """Of the `limit` oldest interpreted requests, delete what came in `before`; returns how many.

    Ids are given in the order of arrival, so no index on the instant burdens the way in.
    """
    done = await connection.execute(
        """
        DELETE FROM webhook_request USING (
            SELECT id FROM webhook_request WHERE outcome <> 'unmatched' ORDER BY id LIMIT $2
        ) AS oldest
        WHERE webhook_request.id = oldest.id AND received_at < $1
        """,
        before,
        limit,
    )
    return int(done.removeprefix("DELETE "))


async def oldest_interpreted(connection: Connection) -> datetime | None:
    """When the oldest interpreted request came in."""
    came: datetime | None = await connection.fetchval(
        "SELECT received_at FROM webhook_request WHERE outcome <> 'unmatched' ORDER BY id LIMIT 1"
    )
    return came


async def count_waiting(connection: Connection) -> int:
    """Requests that have not been interpreted."""
    return int(
        await connection.fetchval("SELECT count(*) FROM webhook_request WHERE outcome IS NULL")
    )


async def list_unmatched(connection: Connection, limit: int) -> tuple[int, list[Wait]]:
    """How many requests are unmatched, and for whom they wait, the longest first."""
    rows = await connection.fetch(
        """
        SELECT u.source, u.reference, count(*), min(r.id), min(r.received_at)
        FROM unmatched u JOIN webhook_request r ON r.id = u.request_id
        GROUP BY u.source, u.reference ORDER BY min(r.received_at), min(r.id) LIMIT $1
        """,
        limit,
    )
    total = int(await connection.fetchval("SELECT count(*) FROM unmatched"))
    return total, [Wait(*row) for row in rows]


async def find_request(connection: Connection, request_id: int) -> dict[str, object] | None:
    """Everything stored of one request; `body` (bytes) is None once its person is erased.

    `counts_for` is the person it counts for as of now: another than `person_id` after a merge.
    """
    row = await connection.fetchrow(
        """
        SELECT id, source, webhook_id, webhook_timestamp, received_at, outcome, r.person_id,
               coalesce(p.merged_into, r.person_id) AS counts_for, body
        FROM webhook_request r LEFT JOIN person p USING (person_id) WHERE id = $1
        """,
        request_id,
    )
    return dict(row) if row else None


async def calendar_now(connection: Connection) -> datetime:
    """The calendar, for commands that run outside the service."""
    now: datetime = await connection.fetchval("SELECT coalesce((SELECT now FROM calendar), now())")
    return now
