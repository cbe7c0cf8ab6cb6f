"""Events leave a service through a table, written in the transaction that made them true."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry import propagate

from chassis.errors import Reject
from chassis.postgres import Connection
from schemas.envelope import Event, make_event_id
from schemas.topics import TOPICS

# Payload, key and subject; the other headers must find room beside them in the 1 MiB that
# producers, brokers and readers take.
MAX_BYTES = 1_000_000


async def publish(connection: Connection, events: Iterable[Event], *, cause: str) -> int:
    """Write `events` to the outbox inside the caller's transaction; returns how many.

    `cause` names what made them (a record's coordinates, a webhook id, a due key): the same cause
    gives the same `ce_id`, so handling it again is recognisable. Update the aggregate's own row
    *before* calling this: its lock is what keeps one key's events in order. Raises Reject for an
    event larger than `MAX_BYTES`: no relay could send it, nor anything behind it.
    """
    rows = [_row(event, cause) for event in events]
    if not rows:
        return 0
    columns = list(zip(*rows, strict=True))
    await connection.execute(_INSERT, *map(list, columns), current_traceparent())
    return len(rows)


async def erase(connection: Connection, topic: str, keys: Iterable[str], *, cause: str) -> int:
    """Write a tombstone per key to the compacted `topic`, inside the caller's transaction."""
    if not TOPICS[topic].compacted:
        raise ValueError(f"{topic} is not compacted: a tombstone would erase nothing there")
    names = list(keys)
    ids = [make_event_id(cause, "tombstone", key) for key in names]
    await connection.execute(_TOMBSTONE, ids, names, topic)
    return len(names)


def current_traceparent() -> str | None:
    """W3C traceparent of the running span, or None outside a sampled trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


def _row(event: Event, cause: str) -> tuple[object, ...]:
    subject, key, payload = event.subject, event.key, event.model_dump_json().encode()
    if len(payload) + len(key.encode()) + len(subject.encode()) > MAX_BYTES:
        raise Reject(f"an event of type {event.TYPE} would be larger than {MAX_BYTES} bytes")
    return (
        make_event_id(cause, event.TYPE, subject),
        event.TOPIC,
        key,
        event.TYPE,
        subject,
        event.version,
        event.received_at,
        payload,
    )


_INSERT = """
INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, subject, sequence, time, payload,
                    traceparent)
SELECT event_id, aggregatetype, aggregateid, type, subject, sequence, time, payload, $9::text
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
            $7::timestamptz[], $8::bytea[]) WITH ORDINALITY
     AS o(event_id, aggregatetype, aggregateid, type, subject, sequence, time, payload, position)
ORDER BY position
"""
_TOMBSTONE = """
INSERT INTO outbox (event_id, aggregatetype, aggregateid, subject, sequence, time)
SELECT event_id, $3, key, key, 0, now() FROM unnest($1::uuid[], $2::text[]) AS t(event_id, key)
"""
