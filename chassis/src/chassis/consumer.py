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
from chassis.parked import BEHIND, Raw, forget_keys, park, parked_keys
from chassis.parsing import Record, parse
from chassis.postgres import Connection, Pool
from chassis.tracing import span_of_batch
from schemas.topics import KEEP_FOR_EVER, TOPICS

if TYPE_CHECKING:
    from faststream.kafka.subscriber.usecase import BatchSubscriber

Handler = Callable[[Connection, Sequence[Record]], Awaitable[None]]
Reader = Callable[[Raw], Record]

PARKED_IN_A_ROW = 100
BACKOFF_MAX_S = 5.0
HINT_EVERY_S = 5.0

_PARTITION = attrgetter("topic", "partition")

log = structlog.get_logger(__name__)


class Consumer(ConsumerRebalanceListener):
    """Consumes `handlers`' topics for one service; `name` is its group and its positions' name.

    `readers` by topic turn what others than the platform write into records; they raise Reject.
    """

    def __init__(
        self,
        pool: Pool,
        name: str,
        handlers: Mapping[str, Handler],
        readers: Mapping[str, Reader] | None = None,
    ) -> None:
        self._pool = pool
        self._name = name
        self._handlers = dict(handlers)
        self._readers = dict.fromkeys(handlers, parse) | dict(readers or {})
        # Replaced whenever partitions are given or taken: a batch belongs to the one it came under.
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
        await self._retry(lambda: self._seek(assigned))

    async def handle(self, batch: list[Raw]) -> None:
        """Handle one poll to its end: it returns only when the batch is settled for good."""
        try:
            with span_of_batch(self._name, batch):
                await self._work(batch, self._expected)
        except Fenced as error:
            log.warning("consumer_fenced", consumer=self._name, error=describe(error))
            metrics.FENCED.labels(self._name).inc()
            await self._retry(lambda: self._seek(list(self._expected)))
        except Exception as error:
            # FastStream would swallow it and hand over the next batch; this one would be lost.
            self._stop(error)
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

    async def positions_of_group(self, connection: Connection) -> positions.Positions:
        """Next offset of every partition of every topic, whichever process holds it."""
        stored = await positions.read_all(connection, self._name)
        everything = [
            TopicPartition(topic, number)
            for topic in self._handlers
            for number in range(TOPICS[topic].partitions)
        ]
        return {tp: stored.get(tp, 0) for tp in everything}

    async def _seek(self, partitions: Sequence[TopicPartition]) -> None:
        client, before = self.client, self._expected
        if client is None or not partitions:
            return
        async with self._pool.acquire() as connection:
            stored = await positions.load(connection, self._name, partitions)
        ends = await client.end_offsets(partitions)
        starts = await client.beginning_offsets(partitions)
        if self._expected is not before:
            return  # given or taken meanwhile: `on_partitions_assigned` does it for what is ours
        for tp, offset in stored.items():
            _require_whole(tp, offset, starts[tp], ends[tp])
            client.seek(tp, max(offset, starts[tp]))
        self._expected = stored

    async def _retry(self, action: Callable[[], Awaitable[None]]) -> None:
        backoff = 0.1
        while True:
            try:
                return await action()
            except Exception as error:
                if not (is_transient(error) or isinstance(error, KafkaError)):
                    self._stop(error)
                    raise
                log.warning("positions_unavailable", consumer=self._name, error=describe(error))
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    def _stop(self, error: Exception) -> None:
        log.error("consumer_stopped", consumer=self._name, error=describe(error))
        self._expected = {}  # from here on nothing is ours; the process is ending
        self.on_stop(describe(error))

    async def _work(self, batch: Sequence[Raw], held: positions.Positions) -> None:
        """Settle `batch`; a part that cannot be handled is found by halving and parked."""
        batch = _next_of(batch, held)
        if not batch:
            return
        try:
            await self._until_settled(batch, held, None)
            self._parked_in_a_row = 0
        except (Fenced, Stop, asyncio.CancelledError):
            raise
        except Exception as error:
            if len(batch) == 1:
                await self._until_settled(batch, held, describe(error))
                self._count_parked()
            else:
                middle = len(batch) // 2
                await self._work(batch[:middle], held)
                await self._work(batch[middle:], held)

    def _count_parked(self) -> None:
        self._parked_in_a_row += 1
        if self._parked_in_a_row >= PARKED_IN_A_ROW:
            raise Stop(f"{PARKED_IN_A_ROW} records in a row could not be handled")

    async def _until_settled(
        self, batch: Sequence[Raw], held: positions.Positions, park_reason: str | None
    ) -> None:
        """One transaction, tried again with back-off while Postgres is in trouble."""
        backoff = 0.05
        while True:
            try:
                return await self._transaction(batch, held, park_reason)
            except Exception as error:
                if not is_transient(error):
                    raise
                metrics.RETRIED.labels(self._name).inc()
                log.warning(
                    "batch_retried", consumer=self._name, error=describe(error), retry_in_s=backoff
                )
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    async def _transaction(
        self, batch: Sequence[Raw], held: positions.Positions, park_reason: str | None
    ) -> None:
        if held is not self._expected:
            # The same partitions may be back, moved on by another process: what is left of this
            # batch is fetched again from where they stand now.
            raise Fenced("the partitions were assigned anew")
        reached = {partition: run[-1].offset + 1 for partition, run in _runs(batch)}
        by_topic, unparsable = _parse_all(batch, self._readers, park_reason)
        async with self._pool.acquire() as connection, connection.transaction():
            await positions.advance(connection, self._name, held, reached)
            rejected = await self._reject(connection, batch, by_topic, unparsable)
            for topic, records in by_topic.items():
                if records:
                    await self._handlers[topic](connection, records)
        held.update(reached)
        metrics.CONSUMED.labels(self._name).inc(len(batch) - rejected)
        metrics.PARKED.labels(self._name).inc(rejected)
        self.after_commit()

    async def _reject(
        self,
        connection: Connection,
        batch: Sequence[Raw],
        by_topic: dict[str, list[Record]],
        unparsable: list[tuple[Raw, str]],
    ) -> int:
        """Park what cannot be handled, and what follows a parked key; returns how many."""
        erased = {(raw.topic, raw.key) for raw in batch if _is_tombstone(raw)}
        await forget_keys(connection, self._name, erased)
        blocked = await parked_keys(connection, self._name, batch)
        if unparsable or blocked:
            unparsable = _with_followers(batch, by_topic, unparsable, blocked)
            if unparsable:
                log.warning("records_parked", consumer=self._name, count=len(unparsable))
                await park(connection, self._name, unparsable)
        return len(unparsable)


def _is_tombstone(raw: Raw) -> bool:
    return raw.value is None and raw.key is not None and TOPICS[raw.topic].compacted


def _runs(batch: Sequence[Raw]) -> Iterator[tuple[TopicPartition, list[Raw]]]:
    """Neighbours of one partition; within a partition a batch is in the order of offsets."""
    for (topic, partition), run in groupby(batch, _PARTITION):
        yield TopicPartition(topic, partition), list(run)


def _next_of(batch: Sequence[Raw], held: positions.Positions) -> list[Raw]:
    # aiokafka may hand out records before the seek at assignment, and after a revocation;
    # whoever holds the partition fetches them again from the stored position.
    found: list[Raw] = []
    for partition, run in _runs(batch):
        position = held.get(partition)
        if position is not None:
            fresh = run[0].offset >= position
            found += run if fresh else [raw for raw in run if raw.offset >= position]
    return found


def _require_whole(tp: TopicPartition, position: int, start: int, end: int) -> None:
    """Raise Stop when the log no longer holds what comes after `position`."""
    topic = TOPICS[tp.topic]
    if position > end:
        raise Stop(
            f"{tp.topic}[{tp.partition}] ends at {end}, before the position {position}: "
            "the log was cut"
        )
    if position < start and topic.retention_ms == KEEP_FOR_EVER and not topic.compacted:
        raise Stop(
            f"{tp.topic}[{tp.partition}] begins at {start}, after the position {position}: "
            "the log was cut"
        )


def _parse_all(
    batch: Sequence[Raw], readers: Mapping[str, Reader], park_reason: str | None
) -> tuple[dict[str, list[Record]], list[tuple[Raw, str]]]:
    if park_reason is not None:
        return {}, [(raw, park_reason) for raw in batch]
    by_topic: dict[str, list[Record]] = {}
    unparsable: list[tuple[Raw, str]] = []
    for partition, run in _runs(batch):
        records = by_topic.setdefault(partition.topic, [])
        read = readers[partition.topic]
        for raw in run:
            try:
                records.append(read(raw))
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
        if _is_tombstone(raw):
            blocked.discard(pair)
            parked = [each for each in parked if (each[0].topic, each[0].key) != pair]
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
