"""One poll is one transaction: positions, parked records, and every topic's handler.

FastStream fetches and hands over raw batches; what becomes of them is decided here. Nothing is
acknowledged to Kafka for correctness: the positions in Postgres are the authority.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from chassis import metrics, positions
from chassis.errors import Fenced, Reject, Stop, describe, is_transient
from chassis.kafka import BATCH_RECORDS, FETCH_WAIT_MS, IDLE_POLL_MS, SESSION_TIMEOUT_MS
from chassis.parked import BEHIND, Raw, park, parked_keys
from chassis.parsing import Record, parse
from chassis.postgres import Connection, Pool
from chassis.tracing import span_of_batch

if TYPE_CHECKING:
    from faststream.kafka.subscriber.usecase import BatchSubscriber

Handler = Callable[[Connection, Sequence[Record]], Awaitable[None]]

PARKED_IN_A_ROW = 100
BACKOFF_MAX_S = 5.0
HINT_EVERY_S = 5.0

_PARTITION = attrgetter("topic", "partition")

log = structlog.get_logger(__name__)


class Consumer(ConsumerRebalanceListener):
    """Consumes `handlers`' topics for one service; `name` is its group and its positions' name."""

    def __init__(self, pool: Pool, name: str, handlers: Mapping[str, Handler]) -> None:
        self._pool = pool
        self._name = name
        self._handlers = dict(handlers)
        self._expected: positions.Positions = {}
        self._parked_in_a_row = 0
        self._subscriber: BatchSubscriber | None = None
        self.after_commit: Callable[[], None] = lambda: None
        self.on_stop: Callable[[str], None] = lambda reason: None

    @property
    def assigned(self) -> positions.Positions:
        """Next offset of every partition this process holds."""
        return dict(self._expected)

    @property
    def client(self) -> AIOKafkaConsumer | None:
        """Aiokafka's consumer while the subscriber runs."""
        return self._subscriber.consumer if self._subscriber else None

    def attach(self, broker: KafkaBroker) -> None:
        """Register the one subscriber of this service with `broker`."""
        self._subscriber = broker.subscriber(
            *self._handlers,
            batch=True,
            max_records=BATCH_RECORDS,
            batch_timeout_ms=IDLE_POLL_MS,
            group_id=self._name,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=self,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=3_000,
            max_partition_fetch_bytes=1024 * 1024,  # per partition this much waits in memory
            fetch_max_bytes=16 * 1024 * 1024,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._subscriber(self.handle, parser=_raw_batch, decoder=_undecoded)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._expected = {}

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Take up where Postgres says; keeps trying, because going on from Kafka's hint loses."""
        await self._retry(lambda: self._seek(list(assigned)))

    async def handle(self, batch: list[Raw]) -> None:
        """Handle one poll to its end: it returns only when the batch is settled for good."""
        with span_of_batch(self._name, batch):
            try:
                await self._work(batch)
            except Fenced as error:
                log.warning("consumer_fenced", consumer=self._name, error=describe(error))
                metrics.FENCED.labels(self._name).inc()
                await self._retry(lambda: self._seek(list(self._expected)))
            except Stop as error:
                log.error("consumer_stopped", consumer=self._name, error=describe(error))
                self._expected = {}  # from here on nothing is ours; the process is ending
                self.on_stop(str(error))
            finally:
                batch.clear()  # timers hold FastStream's context, and with it the message

    async def hint(self) -> None:
        """Tell Kafka the positions every few seconds, so that lag tools see this group."""
        told: positions.Positions = {}
        while True:
            await asyncio.sleep(HINT_EVERY_S)
            told = await self.commit_hint(told)

    async def commit_hint(self, told: positions.Positions) -> positions.Positions:
        """Commit what moved since `told`; failures are of no consequence."""
        now = self.assigned
        moved = {tp: offset for tp, offset in now.items() if told.get(tp) != offset}
        if moved and self.client is not None:
            try:
                await self.client.commit(moved)
            except KafkaError as error:
                log.info("position_hint_failed", consumer=self._name, error=describe(error))
                return told
        return now

    async def _seek(self, partitions: list[TopicPartition]) -> None:
        client = self.client
        if client is None or not partitions:
            return
        async with self._pool.acquire() as connection:
            stored = await positions.load(connection, self._name, partitions)
        ends = await client.end_offsets(partitions)
        starts = await client.beginning_offsets(partitions)
        for tp, offset in stored.items():
            if offset > ends[tp]:
                raise Stop(
                    f"{tp.topic}[{tp.partition}] ends at {ends[tp]}, before the position "
                    f"{offset}: the log was cut"
                )
            client.seek(tp, max(offset, starts[tp]))
        self._expected = stored

    async def _retry(self, action: Callable[[], Awaitable[None]]) -> None:
        backoff = 0.1
        while True:
            try:
                return await action()
            except Stop as error:
                self.on_stop(str(error))
                raise
            except Exception as error:
                if not (is_transient(error) or isinstance(error, KafkaError)):
                    self.on_stop(describe(error))
                    raise
                log.warning("positions_unavailable", consumer=self._name, error=describe(error))
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    async def _work(self, batch: Sequence[Raw]) -> None:
        """Settle `batch`; a part that cannot be handled is found by halving and parked."""
        batch = self._next_of(batch)
        if not batch:
            return
        try:
            await self._until_settled(batch, None)
            self._parked_in_a_row = 0
        except (Fenced, Stop, asyncio.CancelledError):
            raise
        except Exception as error:
            if len(batch) == 1:
                await self._until_settled(batch, describe(error))
                self._count_parked()
            else:
                middle = len(batch) // 2
                await self._work(batch[:middle])
                await self._work(batch[middle:])

    def _next_of(self, batch: Sequence[Raw]) -> list[Raw]:
        # aiokafka may hand out records before the seek at assignment, and after a revocation;
        # whoever holds the partition fetches them again from the stored position.
        found: list[Raw] = []
        for partition, run in _runs(batch):
            position = self._expected.get(partition)
            if position is not None:
                fresh = run[0].offset >= position
                found += run if fresh else [raw for raw in run if raw.offset >= position]
        return found

    def _count_parked(self) -> None:
        self._parked_in_a_row += 1
        if self._parked_in_a_row >= PARKED_IN_A_ROW:
            raise Stop(f"{PARKED_IN_A_ROW} records in a row could not be handled")

    async def _until_settled(self, batch: Sequence[Raw], park_reason: str | None) -> None:
        """One transaction, tried again with back-off while Postgres is in trouble."""
        backoff = 0.05
        while True:
            try:
                return await self._transaction(batch, park_reason)
            except Exception as error:
                if not is_transient(error):
                    raise
                metrics.RETRIED.labels(self._name).inc()
                log.warning(
                    "batch_retried", consumer=self._name, error=describe(error), retry_in_s=backoff
                )
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    async def _transaction(self, batch: Sequence[Raw], park_reason: str | None) -> None:
        reached = {partition: run[-1].offset + 1 for partition, run in _runs(batch)}
        expected = {tp: self._expected.get(tp, -1) for tp in reached}  # -1: revoked meanwhile
        by_topic, unparsable = _parse_all(batch)
        async with self._pool.acquire() as connection, connection.transaction():
            await positions.advance(connection, self._name, expected, reached)
            rejected = await self._reject(connection, batch, by_topic, unparsable, park_reason)
            for topic, records in by_topic.items():
                if records:
                    await self._handlers[topic](connection, records)
        self._expected.update((tp, to) for tp, to in reached.items() if tp in self._expected)
        metrics.CONSUMED.labels(self._name).inc(len(batch) - rejected)
        metrics.PARKED.labels(self._name).inc(rejected)
        self.after_commit()

    async def _reject(
        self,
        connection: Connection,
        batch: Sequence[Raw],
        by_topic: dict[str, list[Record]],
        unparsable: list[tuple[Raw, str]],
        park_reason: str | None,
    ) -> int:
        """Park what cannot be read, and what follows a parked key; returns how many."""
        if park_reason is not None:
            by_topic.clear()
            unparsable = [(raw, park_reason) for raw in batch]
        blocked = await parked_keys(connection, self._name, batch)
        if unparsable or blocked:
            unparsable = _with_followers(batch, by_topic, unparsable, blocked)
            if unparsable:
                log.warning("records_parked", consumer=self._name, count=len(unparsable))
                await park(connection, self._name, unparsable)
        return len(unparsable)


def _runs(batch: Sequence[Raw]) -> Iterator[tuple[TopicPartition, list[Raw]]]:
    """Neighbours of one partition; within a partition a batch is in the order of offsets."""
    for (topic, partition), run in groupby(batch, _PARTITION):
        yield TopicPartition(topic, partition), list(run)


def _parse_all(batch: Sequence[Raw]) -> tuple[dict[str, list[Record]], list[tuple[Raw, str]]]:
    by_topic: dict[str, list[Record]] = {}
    unparsable: list[tuple[Raw, str]] = []
    for partition, run in _runs(batch):
        records = by_topic.setdefault(partition.topic, [])
        for raw in run:
            try:
                records.append(parse(raw))
            except Reject as reason:
                unparsable.append((raw, str(reason)))
    return by_topic, unparsable


def _with_followers(
    batch: Sequence[Raw],
    by_topic: dict[str, list[Record]],
    unparsable: list[tuple[Raw, str]],
    blocked: set[tuple[str, bytes | None]],
) -> list[tuple[Raw, str]]:
    """Everything of `batch` to park, in order; takes the followers out of `by_topic`."""
    reasons = {(raw.topic, raw.partition, raw.offset): reason for raw, reason in unparsable}
    parked: list[tuple[Raw, str]] = []
    behind: set[tuple[str, int, int]] = set()
    for raw in batch:
        at = (raw.topic, raw.partition, raw.offset)
        pair = (raw.topic, raw.key)
        if at in reasons:
            parked.append((raw, reasons[at]))
            if raw.key is not None:
                blocked.add(pair)
        elif pair in blocked:
            parked.append((raw, BEHIND))
            behind.add(at)
    for topic, records in by_topic.items():
        by_topic[topic] = [r for r in records if (r.topic, r.partition, r.offset) not in behind]
    return parked


async def _raw_batch(batch: tuple[Raw, ...]) -> KafkaMessage:
    """FastStream's own parser dies on a header that is not UTF-8, and the batch with it."""
    records = list(batch)
    return KafkaMessage(body=records, raw_message=records, consumer=_NoConsumer())


async def _undecoded(message: KafkaMessage) -> object:
    return message.raw_message


class _NoConsumer:
    """FastStream may not commit or seek: positions are ours."""

    async def commit(self) -> None:
        raise Stop("an offset was to be committed outside the transaction")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        raise Stop("a position was to be moved outside the transaction")
