"""Publishes the outbox to Kafka: in order, at least once, one relay per service at a time."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaProducer

from chassis.errors import Fenced, describe
from chassis.postgres import Connection, Pool
from schemas.envelope import headers_of, source_of

BATCH = 2_000
LEASE_S = 15.0
IDLE_S = 1.0
BACKOFF_MIN_S = 0.1
BACKOFF_MAX_S = 5.0
STARTING_S = 2.0

log = structlog.get_logger(__name__)


class Row(NamedTuple):
    """One event waiting in the outbox."""

    id: int
    event_id: uuid.UUID
    topic: str
    key: str
    type: str | None
    subject: str
    sequence: int
    time: datetime
    traceparent: str | None
    payload: bytes | None


class Relay:
    """Moves rows from the outbox to Kafka while it holds the lease.

    A batch is read by id, sent with `send()` in that order, and deleted **by its ids** once every
    send is acknowledged and the lease is still held; the next batch is read and sent meanwhile.
    After a crash rows are published again under the same `ce_id`.
    """

    def __init__(self, pool: Pool, *, service: str, bootstrap: str) -> None:
        self._pool = pool
        self._source = source_of(service)
        self._bootstrap = bootstrap
        self._client_id = f"{service}-relay"
        self._token = uuid.uuid4()
        self._lease_until = 0.0
        self._wake = asyncio.Event()
        self.published = 0

    def wake(self) -> None:
        """Tell the relay that a transaction with events has committed."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled. Troubles of Kafka or Postgres are logged and tried again."""
        backoff = BACKOFF_MIN_S
        while True:
            before = self.published
            try:
                await self._run_with_producer()
            except asyncio.CancelledError:
                await self._release()
                raise
            except Fenced:
                self._lease_until = 0.0
            except Exception as error:
                if self.published > before:
                    backoff = BACKOFF_MIN_S
                log.warning("relay_failed", error=describe(error), retry_in_s=backoff)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    async def _run_with_producer(self) -> None:
        # A new producer after every failure: one that met OutOfOrderSequence fails for ever.
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            enable_idempotence=True,
            acks="all",
            max_batch_size=256 * 1024,
            linger_ms=0,
            request_timeout_ms=30_000,
        )
        try:
            await _start(producer)
            await self._drain(producer)
        finally:
            await producer.stop()

    async def _drain(self, producer: AIOKafkaProducer) -> None:
        """Until something fails: keep one batch on its way while the next is being read."""
        sent: tuple[list[Row], list[asyncio.Future[object]]] = ([], [])
        while True:
            if not await self._hold_lease():
                await asyncio.sleep(LEASE_S / 3)
                continue
            self._wake.clear()
            rows = await self._read([row.id for row in sent[0]])
            futures = [
                await producer.send(
                    row.topic, value=row.payload, key=row.key.encode(), headers=self._headers(row)
                )
                for row in rows
            ]
            await self._settle(*sent)
            sent = (rows, futures)
            if not rows:
                await self._sleep()

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        except TimeoutError:
            return

    def _headers(self, row: Row) -> list[tuple[str, bytes]]:
        if row.type is None:
            return [("ce_id", str(row.event_id).encode())]
        return headers_of(
            event_id=row.event_id,
            source=self._source,
            event_type=row.type,
            subject=row.subject,
            sequence=row.sequence,
            time=row.time,
            traceparent=row.traceparent,
        )

    async def _settle(self, rows: Sequence[Row], futures: list[asyncio.Future[object]]) -> None:
        """Await the acknowledgements and delete what they cover; the first failure is raised."""
        blocked: set[tuple[str, str]] = set()
        done: list[int] = []
        failure: Exception | None = None
        for row, future in zip(rows, futures, strict=True):
            try:
                await future
            except Exception as error:
                failure = failure or error
                blocked.add((row.topic, row.key))
            else:
                if not blocked or (row.topic, row.key) not in blocked:
                    done.append(row.id)
        if done:
            await self._delete(done)
        if failure is not None:
            raise failure

    async def _read(self, in_flight: list[int]) -> list[Row]:
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(_READ, in_flight, BATCH)
        return [Row(*row) for row in rows]

    async def _delete(self, ids: list[int]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            held = await connection.fetchval(_CHECK, self._token)
            if held is None:
                raise Fenced("the relay's lease went to another process")
            await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", ids)
        self.published += len(ids)

    async def _hold_lease(self) -> bool:
        if time.monotonic() < self._lease_until - LEASE_S / 2:
            return True
        asked = time.monotonic()
        async with self._pool.acquire() as connection:
            held = await connection.fetchval(_TAKE, self._token, LEASE_S)
        self._lease_until = asked + LEASE_S if held else 0.0
        return held is not None

    async def _release(self) -> None:
        try:
            async with asyncio.timeout(2), self._pool.acquire() as connection:
                await connection.execute("DELETE FROM lease WHERE token = $1", self._token)
        except Exception as error:
            log.info("relay_lease_not_released", error=describe(error))


async def oldest(connection: Connection) -> tuple[int, float]:
    """Id and age in real seconds of the oldest event waiting; zeros when none waits."""
    row = await connection.fetchrow(
        "SELECT id, extract(epoch FROM clock_timestamp() - created_at) AS age"
        " FROM outbox ORDER BY id LIMIT 1"
    )
    return (row["id"], float(row["age"])) if row else (0, 0.0)


async def _start(producer: AIOKafkaProducer) -> None:
    """Start it, and when cancelled meanwhile let it come to an end first.

    aiokafka, cancelled between its first connection and the first answer, leaves that one open.
    """
    starting = asyncio.ensure_future(producer.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting}, timeout=STARTING_S)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        raise


_READ = """
SELECT id, event_id, aggregatetype, aggregateid, type, subject, sequence, time, traceparent, payload
FROM outbox WHERE id <> ALL($1::bigint[]) ORDER BY id LIMIT $2
"""
_TAKE = """
INSERT INTO lease (name, token, expires_at)
VALUES ('relay', $1, clock_timestamp() + make_interval(secs => $2))
ON CONFLICT (name) DO UPDATE
    SET token = excluded.token, expires_at = excluded.expires_at
    WHERE lease.token = excluded.token OR lease.expires_at < clock_timestamp()
RETURNING 1
"""
# FOR SHARE: nobody takes the lease over between this look and the delete's commit.
_CHECK = "SELECT 1 FROM lease WHERE name = 'relay' AND token = $1 FOR SHARE"
