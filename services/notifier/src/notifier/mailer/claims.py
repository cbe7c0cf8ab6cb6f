"""Takes planned mails from the ledger, decides on each anew, and hands over those that may go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from notifier.domain import Addressee, Candidate, Decision, Kind, Obligation, State, decide
from notifier.mailer.metrics import LEDGER, STOPPED, count
from notifier.rendering import Outgoing, Renderer
from notifier.store import ledger, projections, sending, switches
from notifier.store.sending import At, Settled

WAIT_S = 1.0  # pause of a mail whose obligation, cycle or contact has not arrived yet

Gate = Callable[[Connection], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that may go out, and the versions on which that was decided."""

    mail: Outgoing
    version: int
    obligation_version: int
    contact_version: int

    def begin(self, sha256: str) -> sending.Begin:
        """What to ask the ledger for once the server has taken the recipient."""
        return sending.Begin(
            self.mail.mail_id, self.version, self.obligation_version, self.contact_version, sha256
        )


class Claims:
    """Claims mails for one process. Nothing goes out while `gate` is shut."""

    def __init__(self, renderer: Renderer, gate: Gate, contact_wait_s: float) -> None:
        self._renderer = renderer
        self._gate = gate
        self._contact_wait_s = contact_wait_s
        self._versions: dict[str, int] = {}

    async def mend(self, connection: Connection, at: At, lease_s: float) -> None:
        """Say that we are here; give up for uncertain what a dead process was sending."""
        await sending.keep_alive(connection, at.process, lease_s)
        if await self._gate(connection):
            count(await sending.give_up_for_dead(connection, at))
        STOPPED.set(len(await switches.stopped(connection)))
        for state, mails in (await ledger.states(connection)).items():
            LEDGER.labels(state).set(mails)

    async def take(
        self, connection: Connection, at: At, limit: int, in_hand: set[UUID]
    ) -> list[Claimed]:
        """Claim up to `limit` mails; those in `in_hand` are passed over."""
        if not await self._gate(connection):
            return []
        await sending.release_withheld(connection, at)
        rows = await sending.claim(connection, limit)
        rows = [row for row in rows if row["mail_id"] not in in_hand]
        if not rows:
            return []
        await self._refresh_cycles(connection)
        decided = [(row, self._decide(row)) for row in rows]
        await self._record(connection, decided, at)
        return [_claimed(row) for row, decision in decided if decision.state is State.SENDING]

    async def _refresh_cycles(self, connection: Connection) -> None:
        versions = await projections.cycle_versions(connection)
        if versions != self._versions:
            self._renderer.use_cycles(await projections.load_cycles(connection))
            self._versions = versions

    def _decide(self, row: Any) -> Decision:
        return decide(
            Candidate(
                Kind(row["kind"]),
                row["ordinal"],
                due_on=row["planned_for"],
                attempts=row["attempts"],
                age_s=row["age_s"],
                superseded=row["superseded"],
            ),
            _obligation(row),
            Addressee(
                known=row["contact_version"] is not None,
                address=row["email"],
                erased=bool(row["erased"]),
                hold=row["person_hold"],
            ),
            cycle_known=self._renderer.knows(row["cycle"]),
            contact_wait_s=self._contact_wait_s,
        )

    async def _record(
        self, connection: Connection, decided: Sequence[tuple[Any, Decision]], at: At
    ) -> None:
        waiting = [row["mail_id"] for row, made in decided if made.state is State.PLANNED]
        if waiting:
            await sending.wait(connection, waiting, WAIT_S)
        over = [
            Settled(row["mail_id"], made.state, made.reason)
            for row, made in decided
            if made.state not in (State.PLANNED, State.SENDING)
        ]
        if over:
            count(await sending.settle(connection, over, at))


def _obligation(row: Any) -> Obligation | None:
    if row["obligation_version"] is None:
        return None
    return Obligation(
        person_id=row["person_id"],
        cycle=row["cycle"],
        occurrence=row["occurrence"],
        status=row["status"],
        hold=row["hold"],
        released=row["released"],
        completed=row["completed"],
        due_on=row["due_on"],
        reopened=row["reopened"],
    )


def _claimed(row: Any) -> Claimed:
    mail = Outgoing(
        mail_id=row["mail_id"],
        person_id=row["person_id"],
        cycle=row["cycle"],
        occurrence=row["occurrence"],
        kind=Kind(row["kind"]),
        ordinal=row["ordinal"],
        planned_at=row["planned_at"],
        due_on=row["due_on"],
        completed=row["completed"],
        areas=tuple(row["areas"]),
        name=row["display_name"] or "",
        address=row["email"],
    )
    return Claimed(mail, row["version"], row["obligation_version"], row["contact_version"])
