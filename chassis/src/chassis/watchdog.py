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
    from chassis.consumer import Consumer
    from chassis.positions import Positions
    from chassis.service import Runtime

EVERY_S = 5.0

log = structlog.get_logger(__name__)


class Watchdog:
    """Liveness is progress: each partition with lag moves, and the outbox does not grow old.

    A process that holds no partition answers for all of its topics: its membership may be what is
    broken, and to an idle second process an end and a fresh start do no harm.

    While Kafka or Postgres cannot be asked nothing can be said of progress; after twice the
    time limit of that the process ends too, because a client may be the one that is broken.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limit_s = runtime.settings.stall_after_s
        self._moved: dict[object, tuple[int, float]] = {}
        self._answered = time.monotonic()

    async def run(self) -> None:
        """Look every few seconds; report to the runtime when the limit is passed."""
        every = min(EVERY_S, self._limit_s / 4)
        while True:
            await asyncio.sleep(every)
            trouble = await self._look()
            if trouble:
                self._runtime.end(trouble)

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
            oldest, age = await relay.oldest(connection)
            size = await connection.fetchval("SELECT count(*) FROM outbox")
            due = await schedule.reached(connection, self._runtime.calendar.now())
            waiting = await parked.count(connection, name)
        metrics.OUTBOX_OLDEST.labels(name).set(age)
        metrics.OUTBOX_SIZE.labels(name).set(size)
        metrics.DUE_WORK.labels(name).set(due)
        metrics.PARKED_NOW.labels(name).set(waiting)
        # A long queue that drains, through whichever process, is slow and not stuck.
        if age > self._limit_s and self._stands_still("outbox", oldest, time.monotonic()):
            return f"the oldest event in the outbox is {age:.0f} s old"
        return None

    def _stands_still(self, what: object, position: int, now: float) -> bool:
        """Whether `what` has been at `position` for longer than the limit."""
        since = self._moved.get(what)
        if since is None or since[0] != position:
            self._moved[what] = (position, now)
            return False
        return now - since[1] > self._limit_s

    async def _positions(self, consumer: Consumer) -> Positions:
        if consumer.assigned:
            return consumer.assigned
        async with self._runtime.pool.acquire() as connection:
            return await consumer.positions_of_group(connection)

    async def _partitions(self, now: float) -> str | None:
        consumer = self._runtime.consumer
        if consumer is None or consumer.client is None:
            return None
        at = await self._positions(consumer)
        ends = await ends_of(consumer.client, at)
        lag: dict[str, int] = {}
        stuck = None
        for tp, position in at.items():
            behind = max(0, ends[tp] - position)
            lag[tp.topic] = lag.get(tp.topic, 0) + behind
            if not behind:
                self._moved.pop(tp, None)
            elif self._stands_still(tp, position, now):
                since = self._moved[tp][1]
                stuck = f"{tp.topic}[{tp.partition}] has stood still for {now - since:.0f} s"
        for topic, behind in lag.items():
            metrics.LAG.labels(self._runtime.service.name, topic).set(behind)
        return stuck
