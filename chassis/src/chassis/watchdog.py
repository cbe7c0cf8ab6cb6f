"""Ends the process when progress stops: a stuck consumer or relay does not notice by itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import KafkaError

from chassis import metrics, parked, relay, schedule
from chassis.errors import describe, is_transient
from chassis.kafka import ends_of

if TYPE_CHECKING:
    from chassis.service import Runtime

EVERY_S = 5.0

log = structlog.get_logger(__name__)


class Watchdog:
    """Liveness is progress: each partition with lag moves, and the outbox does not grow old.

    While Kafka or Postgres cannot be asked nothing can be said of progress; after twice the
    time limit of that the process ends too, because a client may be the one that is broken.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limit_s = runtime.settings.stall_after_s
        self._moved: dict[object, tuple[int, float]] = {}
        self._answered = time.monotonic()
        self.trouble: str | None = None

    async def run(self) -> None:
        """Look every few seconds; report to the runtime when the limit is passed."""
        every = min(EVERY_S, self._limit_s / 4)
        while True:
            await asyncio.sleep(every)
            self.trouble = await self._look()
            if self.trouble:
                self._runtime.end(self.trouble)

    async def _look(self) -> str | None:
        now = time.monotonic()
        try:
            async with asyncio.timeout(self._limit_s):
                trouble = await self._outbox() or await self._partitions(now)
        except Exception as error:
            if not (is_transient(error) or isinstance(error, KafkaError)):
                raise
            log.warning("watchdog_cannot_look", error=describe(error))
            if now - self._answered > 2 * self._limit_s:
                return f"no answer from Kafka or Postgres: {describe(error)}"
            return None
        self._answered = now
        return trouble

    async def _outbox(self) -> str | None:
        name = self._runtime.service.name
        async with self._runtime.pool.acquire() as connection:
            age = await relay.oldest_s(connection)
            size = await connection.fetchval("SELECT count(*) FROM outbox")
            due = await schedule.reached(connection, self._runtime.calendar.now())
            waiting = await parked.count(connection, name)
        metrics.OUTBOX_OLDEST.labels(name).set(age)
        metrics.OUTBOX_SIZE.labels(name).set(size)
        metrics.DUE_WORK.labels(name).set(due)
        metrics.PARKED_NOW.labels(name).set(waiting)
        if age > self._limit_s and self._relay_stands_still():
            return f"the oldest event in the outbox is {age:.0f} s old"
        return None

    def _relay_stands_still(self) -> bool:
        # A long queue that drains is slow, not stuck.
        published = self._runtime.relay.published
        since = self._moved.get("relay")
        if since is None or since[0] != published:
            self._moved["relay"] = (published, time.monotonic())
            return False
        return time.monotonic() - since[1] > self._limit_s

    async def _partitions(self, now: float) -> str | None:
        consumer = self._runtime.consumer
        if consumer is None or consumer.client is None:
            return None
        ends = await ends_of(consumer.client)
        lag: dict[str, int] = {}
        stuck = None
        for tp, position in consumer.assigned.items():
            behind = max(0, ends.get(tp, 0) - position)
            lag[tp.topic] = lag.get(tp.topic, 0) + behind
            since = self._moved.get(tp)
            if not behind or since is None or since[0] != position:
                self._moved[tp] = (position, now)
            elif now - since[1] > self._limit_s:
                stuck = f"{tp.topic}[{tp.partition}] has stood still for {now - since[1]:.0f} s"
        for topic, behind in lag.items():
            metrics.LAG.labels(self._runtime.service.name, topic).set(behind)
        return stuck
