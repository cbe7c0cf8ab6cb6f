"""What a human does: one transaction, with who did it and why in the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chassis import audit
from chassis.clock import Calendar
from chassis.errors import ChassisError
from chassis.postgres import Connection
from roster.handlers.intake import receive
from roster.store.receipts import Receipt


class Refused(ChassisError):
    """This may not be done; the message is a sentence for who asked, by ids only."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something a human does: who (a person's id or a machine's name), when, and why."""

    actor: str
    receipt: Receipt
    reason: str | None = None

    async def record(
        self, connection: Connection, action: str, person_id: str, details: audit.Details
    ) -> None:
        """Write it into the audit: the last thing its transaction does."""
        await audit.record(
            connection,
            at=self.receipt.received_at,
            actor=self.actor,
            action=action,
            subject=f"person/{person_id}",
            reason=self.reason,
            details=details,
        )


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, by which calendar and in which zone; `dry_run` leaves everything as it was."""

    actor: str
    calendar: Calendar
    zone: str
    reason: str | None = None
    dry_run: bool = False


@asynccontextmanager
async def acting(connection: Connection, who: Who) -> AsyncIterator[Act]:
    """The transaction of one act. An error or a dry run leaves everything as it was."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield Act(who.actor, await receive(connection, who.calendar, who.zone), who.reason)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if who.dry_run else transaction.commit())
