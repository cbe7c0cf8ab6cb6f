"""Requests that arrive while a commit is under way share the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from chassis.errors import describe
from completion.store import Arrival

GROUP_MAX = 1_000
WAITING_BYTES_MAX = 32 * 1024 * 1024

log = structlog.get_logger(__name__)

Commit = Callable[[Sequence[Arrival]], Awaitable[None]]


class NotStored(Exception):
    """The request is not known to be on disk; its sender must send it again."""


class GroupCommit:
    """Stores arrivals by groups, one commit at a time, without waiting for a group to fill."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()

    async def add(self, arrival: Arrival) -> None:
        """Return once `arrival` is committed.

        Raises:
            NotStored: the group's transaction failed, or too much is waiting already.
        """
        if self._waiting_bytes > WAITING_BYTES_MAX:
            raise NotStored
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        self._waiting_bytes += len(arrival.body)
        self._wake.set()
        await future

    async def run(self, commit: Commit) -> None:
        """Commit groups until cancelled; whoever still waits then is told that it is not stored."""
        try:
            while True:
                await self._wake.wait()
                await self._commit(self._take(), commit)
        finally:
            _tell([future for _, future in self._waiting], NotStored())

    def _take(self) -> list[tuple[Arrival, asyncio.Future[None]]]:
        group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
        self._waiting_bytes -= sum(len(arrival.body) for arrival, _ in group)
        if not self._waiting:
            self._wake.clear()
        return group

    async def _commit(
        self, group: list[tuple[Arrival, asyncio.Future[None]]], commit: Commit
    ) -> None:
        futures = [future for _, future in group]
        try:
            await commit([arrival for arrival, _ in group])
        except asyncio.CancelledError:
            _tell(futures, NotStored())
            raise
        except Exception as error:
            log.warning("webhooks_not_stored", count=len(group), error=describe(error))
            _tell(futures, NotStored())
        else:
            _tell(futures, None)


def _tell(futures: Sequence[asyncio.Future[None]], trouble: NotStored | None) -> None:
    for future in futures:
        if future.done():
            continue  # its request was given up meanwhile
        if trouble is None:
            future.set_result(None)
        else:
            future.set_exception(trouble)
