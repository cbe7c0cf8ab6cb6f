"""The mailer's side of the ledger: many connections share each commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from chassis.errors import describe, is_transient
from chassis.postgres import Connection, Pool
from notifier.domain import State
from notifier.mailer.metrics import count
from notifier.store import sending, switches
from notifier.store.sending import At, Begin, Settled

BACKOFF_MAX_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A mail whose SENDING somebody waits for; the answer is whether it may go out."""

    mail: Begin
    answer: asyncio.Future[bool]


class Books:
    """Writes SENDING and outcomes, all that is waiting in one transaction at a time.

    `at` gives the present instant of the calendar; `after_commit` is called when events are ready.
    """

    def __init__(self, pool: Pool, at: Callable[[], At], after_commit: Callable[[], None]) -> None:
        self._pool = pool
        self._at = at
        self._after_commit = after_commit
        self._asked: list[_Asked] = []
        self._settled: list[Settled] = []
        self._stops: list[str] = []
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def begin(self, mail: Begin) -> bool:
        """Commit SENDING; False when the mail may not go out any more, or that cannot be known."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(mail, answer))
        self._stir()
        return await answer

    def settle(self, outcome: Settled) -> None:
        """Record an outcome with the next commit; it is tried until it is written."""
        self._settled.append(outcome)
        self._stir()

    def stop_all(self, reason: str) -> None:
        """Stop all mail with the next commit: the relay refuses us, not a recipient."""
        self._stops.append(reason)
        self._stir()

    async def written(self) -> None:
        """Wait until nothing is left to write."""
        await self._quiet.wait()

    async def run(self) -> None:
        """Write until cancelled. While Postgres is away outcomes wait here."""
        backoff = 0.05
        while True:
            try:
                # One connection for all commits: giving it back costs a round trip each time.
                async with self._pool.acquire() as connection:
                    while True:
                        await self._write_next(connection)
                        backoff = 0.05
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("mail_books_wait", error=describe(error), retry_in_s=backoff)
                self._wake.set()
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_MAX_S)

    async def _write_next(self, connection: Connection) -> None:
        await self._wake.wait()
        self._wake.clear()
        await asyncio.sleep(0)  # whoever is about to ask in this round of the loop joins
        await self._write(connection)
        if not (self._asked or self._settled or self._stops):
            self._quiet.set()

    def _stir(self) -> None:
        self._quiet.clear()
        self._wake.set()

    async def _write(self, connection: Connection) -> None:
        asked, self._asked = self._asked, []
        settled, stops = list(self._settled), list(self._stops)
        try:
            begun = await self._commit(connection, asked, settled, stops)
        except BaseException:
            # The commit may have happened although its answer was lost: whoever asked settles the
            # mail as unsent, because nothing was sent in any case.
            for each in asked:
                if not each.answer.done():
                    each.answer.set_result(False)
            raise
        del self._settled[: len(settled)], self._stops[: len(stops)]
        for each in asked:
            if not each.answer.done():
                each.answer.set_result(each.mail.mail_id in begun)
            elif each.mail.mail_id in begun:
                # Whoever asked is gone, so the message was never begun.
                self.settle(Settled(each.mail.mail_id, State.PLANNED))

    async def _commit(
        self,
        connection: Connection,
        asked: Sequence[_Asked],
        settled: Sequence[Settled],
        stops: Sequence[str],
    ) -> set[UUID]:
        at = self._at()
        moved, begun = [], []
        async with connection.transaction():
            for reason in stops:
                await switches.stop(connection, "all", "", reason)
            if settled:
                moved = await sending.settle(connection, settled, at)
            if asked:
                begun = await sending.begin(connection, [each.mail for each in asked], at)
        count(moved)
        count(begun)
        self._after_commit()
        return {row["mail_id"] for row in begun}
