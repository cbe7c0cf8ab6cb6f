"""Requests that arrive while a commit is under way share the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import structlog

from chassis.errors import describe
from completion.store.webhooks import Arrival

GROUP_MAX = 1_000
WAITING_BYTES_MAX = 32 * 1024 * 1024

log = structlog.get_logger(__name__)

Group = list[tuple[Arrival, asyncio.Future[None]]]
Commit = Callable[[Sequence[Arrival]], Awaitable[None]]
Session = Callable[[], AbstractAsyncContextManager[Commit]]


class NotStored(Exception):
    """The request is not known to be on disk; its sender must send it again."""


class GroupCommit:
    """Stores arrivals by groups, one commit at a time, without waiting for a group to fill."""

    def __init__(self) -> None:
        self._waiting: Group = []
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

    async def run(self, session: Session) -> None:
        """Commit groups until cancelled; whoever still waits then is told that it is not stored.

        A session is kept until a commit fails: it may be its connection that is broken.
        """
        try:
            while True:
                await self._wake.wait()
                await self._in_session(session)
        finally:
            self._tell(self._take(len(self._waiting)), NotStored())

    async def _in_session(self, session: Session) -> None:
        group: Group = []
        try:
            async with session() as commit:
                while True:
                    group = self._take(GROUP_MAX)
                    await commit([arrival for arrival, _ in group])
                    self._tell(group, None)
                    await self._wake.wait()
        except asyncio.CancelledError:
            self._tell(group, NotStored())
            raise
        except Exception as error:
            group = group or self._take(GROUP_MAX)
            log.warning("webhooks_not_stored", count=len(group), error=describe(error))
            self._tell(group, NotStored())

    def _take(self, count: int) -> Group:
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= sum(len(arrival.body) for arrival, _ in group)
        if not self._waiting:
            self._wake.clear()
        return group

    def _tell(self, group: Group, trouble: NotStored | None) -> None:
        for _, future in group:
            if future.done():
                continue  # told before, or given up meanwhile
            if trouble is None:
                future.set_result(None)
            else:
                future.set_exception(trouble)
