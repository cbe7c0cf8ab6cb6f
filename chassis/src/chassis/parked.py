"""Records that could not be handled: kept with reason and coordinates, so that others go on.

Followers of a parked record's key are parked behind it, because they may rest on it; a tombstone
does not, and takes its place. A human shows them, retries them (in order) once the cause is
mended, or drops them with a reason.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import ConsumerRecord

from chassis.postgres import Connection

Raw: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
BEHIND = "behind a parked record of the same key"


@dataclass(frozen=True)
class Parked:
    """One parked record; `key` and `value` are as Kafka had them."""

    id: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None
    reason: str

    def raw(self) -> Raw:
        """The record as Kafka had it, to be parsed and handled again."""
        return ConsumerRecord(
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            timestamp=0,
            timestamp_type=0,
            key=self.key,
            value=self.value,
            checksum=None,
            serialized_key_size=len(self.key or b""),
            serialized_value_size=len(self.value or b""),
            headers=self.headers,
        )


async def park(connection: Connection, consumer: str, records: Iterable[tuple[Raw, str]]) -> None:
    """Keep (record, reason) pairs, in the caller's transaction; parking twice changes nothing."""
    rows = list(records)
    await connection.execute(
        """
        INSERT INTO parked (consumer, topic, partition, "offset", key, headers, value, reason)
        SELECT $1, t.* FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::jsonb[],
                                   $7::bytea[], $8::text[]) AS t
        ON CONFLICT DO NOTHING
        """,
        consumer,
        [raw.topic for raw, _ in rows],
        [raw.partition for raw, _ in rows],
        [raw.offset for raw, _ in rows],
        [raw.key for raw, _ in rows],
        [_headers_json(raw) for raw, _ in rows],
        [raw.value for raw, _ in rows],
        [reason for _, reason in rows],
    )


async def parked_keys(
    connection: Connection, consumer: str, records: Sequence[Raw]
) -> set[tuple[str, bytes | None]]:
    """Of the (topic, key) pairs of `records`, those with a parked record before them."""
    if not await connection.fetchval(
        "SELECT EXISTS (SELECT FROM parked WHERE consumer = $1)", consumer
    ):
        return set()
    # A key that is being retried is parked until the retry commits: wait, then look.
    await connection.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('parked ' || $1, 0))", consumer
    )
    pairs = {(raw.topic, raw.key) for raw in records if raw.key is not None}
    rows = await connection.fetch(
        """
        SELECT DISTINCT p.topic, p.key
        FROM parked p JOIN unnest($2::text[], $3::bytea[]) AS t(topic, key) USING (topic, key)
        WHERE p.consumer = $1
        """,
        consumer,
        [topic for topic, _ in pairs],
        [key for _, key in pairs],
    )
    return {(row["topic"], row["key"]) for row in rows}


async def forget_keys(
    connection: Connection, consumer: str, keys: Collection[tuple[str, bytes | None]]
) -> None:
    """Delete what is parked of these (topic, key) pairs: tombstones have taken its place.

    What an erased person was called must not stay here, nor may an erasure wait behind it.
    """
    if not keys or not await count(connection, consumer):
        return
    # A record that is being retried is handled before its tombstone, or not at all.
    await connection.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('parked ' || $1, 0))", consumer
    )
    await connection.execute(
        """
        DELETE FROM parked p USING unnest($2::text[], $3::bytea[]) AS t(topic, key)
        WHERE p.consumer = $1 AND (p.topic, p.key) = (t.topic, t.key)
        """,
        consumer,
        [topic for topic, _ in keys],
        [key for _, key in keys],
    )


async def list_parked(connection: Connection, consumer: str, limit: int = 100) -> list[Parked]:
    """Parked records in the order in which they were parked."""
    rows = await connection.fetch(
        """
        SELECT id, topic, partition, "offset", key, headers, value, reason
        FROM parked WHERE consumer = $1 ORDER BY id LIMIT $2
        """,
        consumer,
        limit,
    )
    return [_parked(row) for row in rows]


async def take_key(connection: Connection, consumer: str, parked_id: int) -> list[Parked]:
    """Remove and return the record `parked_id` and everything parked of its key, in order.

    Part of the transaction that handles them again: when that fails they stay parked. Until it
    ends, no follower is parked behind what is then no longer there.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('parked ' || $1, 0))", consumer
    )
    rows = await connection.fetch(
        """
        DELETE FROM parked p
        USING parked asked
        WHERE asked.id = $2 AND asked.consumer = $1 AND p.consumer = $1
          AND (p.id = asked.id OR (p.topic, p.key) = (asked.topic, asked.key))
        RETURNING p.id, p.topic, p.partition, p."offset", p.key, p.headers, p.value, p.reason
        """,
        consumer,
        parked_id,
    )
    return sorted((_parked(row) for row in rows), key=lambda p: (p.partition, p.offset))


async def count(connection: Connection, consumer: str) -> int:
    """How many records are parked."""
    return int(
        await connection.fetchval("SELECT count(*) FROM parked WHERE consumer = $1", consumer)
    )


async def drop(connection: Connection, consumer: str, parked_id: int) -> Parked | None:
    """Forget one parked record and return it; None when there is none with that id."""
    row = await connection.fetchrow(
        """
        DELETE FROM parked WHERE id = $1 AND consumer = $2
        RETURNING id, topic, partition, "offset", key, headers, value, reason
        """,
        parked_id,
        consumer,
    )
    return _parked(row) if row else None


def _headers_json(raw: Raw) -> str:
    """Headers as pairs of name and latin-1 text (any byte survives), None for a null value."""
    headers: Iterable[tuple[str, bytes | None]] = raw.headers  # aiokafka's types know no null
    pairs = [(name, None if v is None else v.decode("latin-1")) for name, v in headers]
    # Postgres' jsonb has no U+0000.
    return json.dumps(pairs).replace("\\u0000", "\\ufffd")


def _parked(row: Any) -> Parked:
    get = row.__getitem__
    headers = [(n, (v or "").encode("latin-1", "replace")) for n, v in json.loads(get("headers"))]
    return Parked(
        id=get("id"),
        topic=get("topic"),
        partition=get("partition"),
        offset=get("offset"),
        key=get("key"),
        headers=headers,
        value=get("value"),
        reason=get("reason"),
    )
