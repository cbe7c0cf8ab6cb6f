"""What reaches the service besides HTTP: the roster's topics, and the requests intake stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog

from chassis.consumer import Handler
from chassis.errors import describe, is_transient
from chassis.gate import Gate
from chassis.kafka import is_kafka_error
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.service import Runtime
from completion import handlers
from completion.handlers import Institution
from schemas.completion import CompletionState

IDLE_S = 1.0
LOOK_S = 0.05
BURST_PER_S = 1_000
LOOKS_MAX = 100
BACKOFF_MAX_S = 5.0

log = structlog.get_logger(__name__)

UseCase = Callable[[Connection, Institution, datetime], Awaitable[int]]


def handlers_by_topic(institution: Institution) -> Mapping[str, Handler]:
    """Every topic the service reads, and who handles it."""

    async def contacts(connection: Connection, records: Sequence[Record]) -> None:
        await handlers.contacts_changed(connection, institution, records)

    return {
        "roster.person.v1": handlers.people_changed,
        "roster.contact.v1": contacts,
        CompletionState.TOPIC: handlers.own_facts,
    }


class Interpreter:
    """Interprets stored requests in the background; several processes may run one.

    It waits until our own topic has been read: a database that is empty or was restored from a
    backup does not know which versions of its facts are taken.

    `stored` tells how many requests this process has stored so far: while they come in by
    thousands a second their senders wait for the same processor, and interpreting can wait.
    """

    def __init__(self, institution: Institution, stored: Callable[[], int]) -> None:
        self._institution = institution
        self._stored = stored
        self._looked, self._stored_then, self._burst = time.monotonic(), 0, False
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Requests have been stored, or people have become known."""
        self._wake.set()

    async def run(self, runtime: Runtime) -> None:
        """Bring facts in line with the sources file, then interpret until cancelled."""
        runtime.wakers.append(self.wake)
        gate = Gate(runtime, [CompletionState.TOPIC])
        while await self._once(runtime, gate, handlers.apply_sources) != 0:
            await self._give_way()
        while True:
            self._wake.clear()
            if not await self._once(runtime, gate, handlers.interpret_next):
                await self._sleep()
            await self._give_way()

    async def _once(self, runtime: Runtime, gate: Gate, use_case: UseCase) -> int | None:
        """One transaction, tried again with back-off while Postgres or Kafka is in trouble.

        Returns how much was done, or None, after a while, when the gate is shut.
        """
        backoff = 0.1
        while True:
            try:
                async with runtime.pool.acquire() as connection, connection.transaction():
                    if not await gate.is_open(connection):
                        count = None
                    else:
                        now = runtime.calendar.now()
                        count = await use_case(connection, self._institution, now)
            except Exception as error:
                if not (is_transient(error) or is_kafka_error(error)):
                    raise
                log.warning("interpretation_retried", error=describe(error), retry_in_s=backoff)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)
            else:
                if count is None:
                    await asyncio.sleep(LOOK_S)
                elif count:
                    runtime.relay.wake()
                return count

    async def _give_way(self) -> None:
        """Wait until a burst of requests ebbs, but not for longer than a few seconds."""
        for _ in range(LOOKS_MAX):
            if not self._is_burst():
                return
            await asyncio.sleep(LOOK_S)

    def _is_burst(self) -> bool:
        now, stored = time.monotonic(), self._stored()
        elapsed = now - self._looked
        if elapsed >= LOOK_S:
            self._burst = stored - self._stored_then >= BURST_PER_S * elapsed
            self._looked, self._stored_then = now, stored
        return self._burst

    async def _sleep(self) -> None:
        # Requests that another process stored do not wake this one.
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        except TimeoutError:
            return
