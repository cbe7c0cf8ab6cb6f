"""What reaches the service besides HTTP: the roster's topics, and the requests intake stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog

from chassis.consumer import Handler
from chassis.errors import describe, is_transient
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.service import Runtime
from completion import handlers
from completion.handlers import Institution

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

    return {"roster.person.v1": handlers.people_changed, "roster.contact.v1": contacts}


class Interpreter:
    """Interprets stored requests in the background; several processes may run one.

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
        while await self._once(runtime, handlers.apply_sources):
            pass
        while True:
            self._wake.clear()
            if not await self._once(runtime, handlers.interpret_next):
                await self._sleep()
            await self._give_way()

    async def _once(self, runtime: Runtime, use_case: UseCase) -> int:
        """One transaction, tried again with back-off while Postgres is in trouble."""
        backoff = 0.1
        while True:
            try:
                async with runtime.pool.acquire() as connection, connection.transaction():
                    count = await use_case(connection, self._institution, runtime.calendar.now())
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("interpretation_retried", error=describe(error), retry_in_s=backoff)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)
            else:
                if count:
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
