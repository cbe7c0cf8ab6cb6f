"""Takes planned mails from the ledger, decides on each anew, and hands over those that may go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from notifier.domain import (
    Addressee,
    Candidate,
    Decision,
    Kind,
    MailKey,
    Obligation,
    State,
    called_for_again,
    decide,
)
from notifier.mailer.metrics import LEDGER, STOPPED, count
from notifier.rendering import Outgoing, Renderer
from notifier.store import ledger, looking, projections, sending, switches
from notifier.store.sending import At, Settled

PEOPLE = 500  # looked at again in one transaction
WAIT_S = 1.0  # pause of a mail whose obligation, cycle or contact has not arrived yet

_GIVEN_UP = (State.CANCELLED, State.FAILED)
_MAY_GO = (State.SENDING, State.PLANNED)

Gate = Callable[[Connection], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that may go out, and the versions on which that was decided."""

    mail: Outgoing
    version: int
    obligation_version: int
    contact_version: int
    has_aliases: bool

    def begin(self, sha256: str) -> sending.Begin:
        """What to ask the ledger for once the server has taken the recipient."""
        return sending.Begin(
            self.mail.mail_id,
            self.version,
            self.obligation_version,
            self.contact_version,
            sha256,
            self.has_aliases,
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
        await self._look_again(connection, at)
        await sending.release_withheld(connection, at)
        rows = await sending.claim(connection, limit)
        rows = [row for row in rows if row["mail_id"] not in in_hand]
        if not rows:
            return []
        await self._refresh_cycles(connection)
        decided = [(row, self._decide(row)) for row in rows]
        await self._record(connection, decided, at)
        return [_claimed(row) for row, decision in decided if decision.state is State.SENDING]

    async def _look_again(self, connection: Connection, at: At) -> None:
        """Give up what is pointless by now, and plan again what is called for after all."""
        rows = [
            row
            for row in await looking.take(connection, PEOPLE)
            if row["kind"] in list(Kind)  # others are left to a newer version of this service
        ]
        if not rows:
            return
        await self._refresh_cycles(connection)
        over, again = [], []
        for row in rows:
            decision = self._decide(row)
            if row["state"] in _GIVEN_UP:
                if decision.state in _MAY_GO and _is_called_for_again(row):
                    again.append(row["mail_id"])
            elif decision.state is State.CANCELLED or (
                decision.state is State.WITHHELD and row["state"] == State.PLANNED
            ):
                over.append(Settled(row["mail_id"], decision.state, decision.reason))
        count(await sending.settle(connection, over, at))
        count(await looking.plan_again(connection, again, at))

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
                alias=row["alias"],
                twin=State(row["twin"]) if row["twin"] else None,
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


def _is_called_for_again(row: Any) -> bool:
    obligation = _obligation(row)
    names = ("person_id", "cycle", "occurrence", "kind", "ordinal")
    person_id, cycle, occurrence, kind, ordinal = (row[name] for name in names)
    key = MailKey(person_id, cycle, occurrence, Kind(kind), ordinal)
    return obligation is not None and called_for_again(
        key, State(row["state"]), row["reason"], obligation
    )


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
        paused=row["paused"],
        resumed=row["resumed"],
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
    return Claimed(
        mail,
        row["version"],
        row["obligation_version"],
        row["contact_version"],
        row["has_aliases"],
    )
