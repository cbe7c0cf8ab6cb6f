"""Due work: what must happen once the calendar reaches an instant, kept in a table."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import structlog

from chassis.clock import Calendar
from chassis.errors import describe
from chassis.postgres import Connection, Pool

IDLE_S = 1.0
RETRY_MAX_S = 60.0

log = structlog.get_logger(__name__)


class Due(NamedTuple):
    """One piece of due work; (kind, key) is unique, `due_at` an aware calendar instant."""

    kind: str
    key: str
    due_at: datetime


# Returns True when the work is finished, False when a chunk is done and more is left.
DueHandler = Callable[[Connection, Due, datetime], Awaitable[bool]]


async def plan(connection: Connection, dues: Iterable[Due]) -> None:
    """Plan work in the caller's transaction; work already planned moves to the new instant."""
    rows = list(dues)
    await connection.execute(
        """
        INSERT INTO due_work (kind, key, due_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
        ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at
        """,
        [due.kind for due in rows],
        [due.key for due in rows],
        [due.due_at for due in rows],
    )


async def plan_new(connection: Connection, dues: Iterable[Due]) -> None:
    """Plan work in the caller's transaction; what is already planned stays as it is."""
    rows = list(dues)
    await connection.execute(
        """
        INSERT INTO due_work (kind, key, due_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
        ON CONFLICT (kind, key) DO NOTHING
        """,
        [due.kind for due in rows],
        [due.key for due in rows],
        [due.due_at for due in rows],
    )


async def cancel(connection: Connection, kind: str, keys: Iterable[str]) -> None:
    """Take planned work back; what is not planned is passed over."""
    await connection.execute(
        "DELETE FROM due_work WHERE kind = $1 AND key = ANY($2::text[])", kind, list(keys)
    )


async def reached(connection: Connection, now: datetime) -> int:
    """How many pieces of work the calendar has reached and that are not finished."""
    return int(await connection.fetchval("SELECT count(*) FROM due_work WHERE due_at <= $1", now))


class DueWorker:
    """Runs due work, oldest first, each piece in one transaction with its removal.

    Several processes may run one: a piece is locked while it is worked on. A piece that fails is
    tried again after a real-time pause that doubles up to a minute; the others go on.
    """

    def __init__(self, pool: Pool, calendar: Calendar, handlers: Mapping[str, DueHandler]) -> None:
        self._pool = pool
        self._calendar = calendar
        self._handlers = dict(handlers)
        self._wake = asyncio.Event()
        self.after_commit: Callable[[], None] = lambda: None

    def wake(self) -> None:
        """Look for due work now: the calendar moved, or work was planned."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            try:
                worked = await self.work_one()
            except Exception as error:
                log.warning("due_worker_failed", error=describe(error))
                worked = False
            if not worked:
                await self._sleep()

    async def work_one(self) -> bool:
        """Run one piece that is due; False when none is."""
        now = self._calendar.now()
        due: Due | None = None
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    due = await self._claim(connection, now)
                    if due is None:
                        return False
                    if await self._handlers[due.kind](connection, due, now):
                        await self._remove(connection, due)
            except Exception as error:
                if due is None:
                    raise
                await self._postpone(connection, due, error)
        self.after_commit()
        return True

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_S)
        except TimeoutError:
            return

    async def _claim(self, connection: Connection, now: datetime) -> Due | None:
        row = await connection.fetchrow(
            """
            SELECT kind, key, due_at FROM due_work
            WHERE due_at <= $1 AND kind = ANY($2::text[])
              AND (retry_at IS NULL OR retry_at <= clock_timestamp())
            ORDER BY due_at, kind, key LIMIT 1
            FOR UPDATE SKIP LOCKED
            """,
            now,
            list(self._handlers),
        )
        return Due(*row) if row else None

    async def _remove(self, connection: Connection, due: Due) -> None:
        # A handler may have planned itself anew at a later instant; that plan stays.
        await connection.execute(
            "DELETE FROM due_work WHERE kind = $1 AND key = $2 AND due_at = $3", *due
        )

    async def _postpone(self, connection: Connection, due: Due, error: Exception) -> None:
        log.warning("due_work_failed", kind=due.kind, key=due.key, error=describe(error))
        await connection.execute(
            """
            UPDATE due_work
            SET attempts = attempts + 1, last_error = $3,
                retry_at = clock_timestamp()
                           + make_interval(secs => least(power(2, least(attempts, 30)), $4))
            WHERE kind = $1 AND key = $2
            """,
            due.kind,
            due.key,
            describe(error),
            RETRY_MAX_S,
        )
