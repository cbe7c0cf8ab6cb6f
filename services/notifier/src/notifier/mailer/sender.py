"""Sends what the ledger plans: a feeder that claims, and a few connections that deliver.

Stages of one delivery: claim and decide → MAIL, RCPT → commit SENDING → DATA, message, dot →
the answer → commit ACCEPTED. Whatever ends before the message is surely unsent and is tried again;
whatever ends after it without a clear answer is UNCERTAIN, for a human to see, and never repeated.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from chassis.errors import describe, is_transient
from chassis.kafka import is_kafka_error
from notifier.domain import Result, State, Verdict
from notifier.mailer.books import Books
from notifier.mailer.claims import Claimed, Claims, Gate
from notifier.mailer.line import Line, Unsent
from notifier.mailer.metrics import TROUBLES
from notifier.rendering import Renderer
from notifier.settings import NotifierSettings
from notifier.store import sending
from notifier.store.sending import At, Settled

if TYPE_CHECKING:
    from chassis.service import Runtime

IDLE_S = 1.0
GATHER_S = 0.02  # commits come in bursts; one claim serves them all
SOON_S = 1.0
LEASE_S = 15.0
MEND_EVERY_S = 3.0
FINISH_S = 5.0
CLAIM_PER_CONNECTION = 32
BACKOFF_MAX_S = 5.0

log = structlog.get_logger(__name__)


class Sender:
    """One process's mailer. `run` it beside the consumer; it stops in order when cancelled."""

    def __init__(
        self, runtime: Runtime, settings: NotifierSettings, renderer: Renderer, gate: Gate
    ) -> None:
        self._runtime = runtime
        self._settings = settings
        self._renderer = renderer
        self._claims = Claims(renderer, gate, settings.contact_wait_s)
        self._process = uuid.uuid4()
        self._books = Books(runtime.pool, self._at, runtime.relay.wake)
        self._queue: asyncio.Queue[Claimed | None] = asyncio.Queue(settings.connections * 8)
        self._in_hand: set[UUID] = set()
        self._wake = asyncio.Event()
        runtime.wakers.append(self._wake.set)

    async def run(self) -> None:
        """Send until cancelled; then let deliveries under way come to their end."""
        await self._again_while_away(self._mend)
        feeding = [_task(self._feed()), _task(self._mend_always()), _task(self._books.run())]
        workers = [_task(self._work()) for _ in range(self._settings.connections)]
        everything = [*feeding, *workers]
        try:
            done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._finish(feeding, workers)

    async def _finish(
        self, feeding: list[asyncio.Task[None]], workers: list[asyncio.Task[None]]
    ) -> None:
        feed, _, books = feeding
        feed.cancel()
        self._drain_queue()
        for _ in workers:
            self._queue.put_nowait(None)
        await asyncio.wait(workers, timeout=FINISH_S)
        for task in workers:
            task.cancel()
        await asyncio.gather(feed, *workers, return_exceptions=True)
        try:
            async with asyncio.timeout(FINISH_S):
                if not books.done():
                    await self._books.written()
                async with self._runtime.pool.acquire() as connection:
                    await sending.wait(connection, list(self._in_hand), 0)
                    await sending.leave(connection, self._process)
        except Exception as error:
            log.warning("mailer_did_not_take_leave", error=describe(error))
        for task in feeding:
            task.cancel()
        await asyncio.gather(*feeding, return_exceptions=True)

    def _drain_queue(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()

    def _at(self) -> At:
        return At(self._runtime.calendar.now(), self._settings.timezone, self._process)

    # Feeding

    async def _feed(self) -> None:
        limit = self._settings.connections * CLAIM_PER_CONNECTION
        while True:
            self._wake.clear()
            claimed = await self._again_while_away(lambda: self._take(limit))
            self._in_hand.update(each.mail.mail_id for each in claimed)
            for each in claimed:
                await self._queue.put(each)
            if not claimed:
                await self._sleep()

    async def _take(self, limit: int) -> list[Claimed]:
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            claimed = await self._claims.take(connection, self._at(), limit, self._in_hand)
        self._runtime.relay.wake()
        return claimed

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)

    async def _mend_always(self) -> None:
        while True:
            await asyncio.sleep(MEND_EVERY_S)
            await self._again_while_away(self._mend)

    async def _mend(self) -> None:
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            await self._claims.mend(connection, self._at(), LEASE_S)

    async def _again_while_away(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Do `work`, again with back-off while Postgres or Kafka is in trouble."""
        backoff = 0.1
        while True:
            try:
                return await work()
            except Exception as error:
                if not (is_transient(error) or is_kafka_error(error)):
                    raise
                log.warning("mailer_waits", error=describe(error), retry_in_s=backoff)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    # Delivering

    async def _work(self) -> None:
        """Deliver over one connection, one mail after the other, until told to stop."""
        line = Line(self._settings)
        broken = 0
        try:
            while True:
                claimed = await self._next(line)
                if claimed is None:
                    return await line.quit()
                came_through = await self._deliver(line, claimed)
                self._in_hand.discard(claimed.mail.mail_id)
                broken = 0 if came_through else broken + 1
                if broken:
                    await asyncio.sleep(min(0.1 * 2**broken, BACKOFF_MAX_S))
        finally:
            line.close()

    async def _next(self, line: Line) -> Claimed | None:
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    return await self._queue.get()
            except TimeoutError:
                if line.idle:
                    await line.quit()

    async def _deliver(self, line: Line, claimed: Claimed) -> bool:
        """One mail through all its stages; False when the server is in trouble."""
        mail_id = claimed.mail.mail_id
        try:
            rendered = self._renderer.render(claimed.mail)
        except Exception as error:
            # A template that fails for one would fail for all: nobody is marked as failed for it.
            log.error("mail_not_rendered", mail_id=str(mail_id), error=describe(error))
            self._settle(mail_id, Result(Verdict.STOP, "not_rendered"))
            return True
        try:
            await line.offer(rendered)
            if not await self._books.begin(claimed.begin(rendered.sha256)):
                self._books.settle(Settled(mail_id, State.PLANNED))
                return True
            result = await line.transmit(rendered)
        except Unsent as unsent:
            result = unsent.result
        except BaseException:
            line.close()
            verdict = Verdict.UNCERTAIN if line.message_begun else Verdict.SOON
            self._settle(mail_id, Result(verdict, "stopped"))
            raise
        self._settle(mail_id, result)
        return result.verdict is not Verdict.SOON

    def _settle(self, mail_id: UUID, result: Result) -> None:
        """Hand the verdict to the books."""
        if result.verdict is not Verdict.ACCEPTED:
            TROUBLES.labels(result.reason).inc()
            log.warning("mail_not_accepted", mail_id=str(mail_id), reason=result.reason)
        if result.verdict is Verdict.STOP:
            log.critical("all_mail_stopped", reason=result.reason)
            self._books.stop_all(result.reason or "refused")
        self._books.settle(self._outcome(mail_id, result))

    def _outcome(self, mail_id: UUID, result: Result) -> Settled:
        match result.verdict:
            case Verdict.LATER:
                pause_s = self._settings.retry_after_s
                return Settled(mail_id, State.PLANNED, pause_s=pause_s, counted=True)
            case Verdict.SOON | Verdict.STOP:
                return Settled(mail_id, State.PLANNED, pause_s=SOON_S)
            case _:
                return Settled(mail_id, State(result.verdict.value), result.reason)


def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work)
