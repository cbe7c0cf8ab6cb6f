"""What each batch of events does to the notifier: copies, and mails entered in the ledger.

Handlers plan mail and never change what is planned: every later state is the sender's, and it
waits until our own topic has been read (see `chassis.gate`). So a ledger built anew from the
topics cannot get ahead of what that topic remembers. Where a change may bear on mails that are
there, handlers write down whose (`look_again`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis import audit
from chassis.postgres import Connection
from notifier.domain import (
    Kind,
    MailKey,
    Obligation,
    mails_called_for,
    reminder_ordinal,
    welcome_back,
)
from notifier.store import ledger, looking, projections, switches
from notifier.store.switches import Scope
from schemas.envelope import Event
from schemas.notifier import MailChanged
from schemas.rollout import CyclePublished, ObligationChanged, ReminderDue, ReminderKind
from schemas.roster import ContactChanged, DepartmentChanged, PersonState

NOBODY = UUID(int=0)

_REMINDERS = {
    ReminderKind.REMINDER: Kind.REMINDER,
    ReminderKind.DUE_SOON: Kind.DUE_SOON,
    ReminderKind.OVERDUE: Kind.OVERDUE,
}

E = TypeVar("E", bound=Event)


def newest(events: Iterable[E]) -> dict[str, E]:
    """The event with the highest version of each aggregate."""
    found: dict[str, E] = {}
    for event in events:
        known = found.get(event.subject)
        if known is None or known.version < event.version:
            found[event.subject] = event
    return found


async def take_people(connection: Connection, events: Sequence[PersonState]) -> None:
    """Keep who is on hold, and who is an alias."""
    people = newest(events)
    await projections.save_people(connection, people)
    await looking.look_again(connection, people)


async def take_departments(connection: Connection, events: Sequence[DepartmentChanged]) -> None:
    """Keep which area a department belongs to."""
    await projections.save_departments(connection, newest(events))


async def take_cycles(connection: Connection, events: Sequence[CyclePublished]) -> None:
    """Keep what mail says about a cycle."""
    await projections.save_cycles(connection, newest(events))


async def take_contacts(
    connection: Connection, changes: Sequence[tuple[str, ContactChanged | None]]
) -> None:
    """Keep or erase how people are reached: (person id, event), None being the tombstone.

    A tombstone erases what came before it, in this batch or ever; what comes after it counts.
    """
    since: dict[str, list[ContactChanged]] = {}
    erased = set()
    for person_id, event in changes:
        if event is None:
            erased.add(person_id)
            since.pop(person_id, None)
        else:
            since.setdefault(person_id, []).append(event)
    await projections.erase_contacts(connection, sorted(erased))
    kept = newest(event for events in since.values() for event in events)
    await projections.save_contacts(connection, kept)
    await looking.look_again(connection, erased | kept.keys())


async def take_obligations(
    connection: Connection, events: Sequence[ObligationChanged], zone: str
) -> None:
    """Keep where obligations stand, and plan what each state along the way calls for.

    `zone` is the institution's, for civil dates.
    """
    mails = [
        ledger.Planned(key, event.received_at)
        for event in events
        for key in mails_called_for(_obligation(event))
    ]
    mails += await _welcomes_back(connection, [event for event in events if event.resumed])
    # Those who were merged until now matter as well: a split gives them their mails back.
    touched = {event.person_id for event in events}
    touched |= await looking.merged_into(connection, touched)
    touched |= {alias for event in events for alias in event.merged_from}
    await looking.look_again(connection, touched)
    await projections.save_obligations(
        connection,
        {(e.person_id, e.cycle, e.occurrence): e for e in newest(events).values()},
    )
    await ledger.plan(connection, mails, zone)


async def _welcomes_back(
    connection: Connection, events: Sequence[ObligationChanged]
) -> list[ledger.Planned]:
    if not events:
        return []
    before = await projections.resumed(connection, {event.person_id for event in events})
    mails = []
    for event in sorted(events, key=lambda event: event.version):
        place = (event.person_id, event.cycle, event.occurrence)
        version, times = before.get(place, (0, 0))
        if event.version > version:
            before[place] = (event.version, event.resumed)
            key = welcome_back(_obligation(event), times)
            mails += [ledger.Planned(key, event.received_at)] if key else []
    return mails


async def take_reminders(connection: Connection, events: Sequence[ReminderDue], zone: str) -> None:
    """Plan the mail of each reminder; kinds that are not ours yet are passed over."""
    mails = [
        ledger.Planned(_reminder_key(event), event.received_at, event.due_on)
        for event in events
        if event.kind in _REMINDERS
    ]
    await ledger.plan(connection, mails, zone)


async def take_own_mail(connection: Connection, events: Sequence[MailChanged]) -> None:
    """Learn from our own topic what an older or empty ledger has forgotten."""
    first: dict[UUID, MailChanged] = {}
    for event in events:
        known = first.get(event.mail_id)
        if known is None or event.version < known.version:
            first[event.mail_id] = event
    last = {event.mail_id: event for event in newest(events).values()}
    await looking.look_again(connection, await ledger.learn(connection, first, last, NOBODY))


def _obligation(event: ObligationChanged) -> Obligation:
    return Obligation(
        person_id=event.person_id,
        cycle=event.cycle,
        occurrence=event.occurrence,
        status=event.status.value,
        hold=event.hold,
        released=event.released_at is not None,
        completed=event.completed_at is not None,
        due_on=event.due_on,
        reopened=event.reopened,
        paused=event.paused,
        resumed=event.resumed,
    )


def _reminder_key(event: ReminderDue) -> MailKey:
    # `version` counts how often this very reminder has fallen due.
    ordinal = reminder_ordinal(event.ordinal, event.version)
    return MailKey(event.person_id, event.cycle, event.occurrence, _REMINDERS[event.kind], ordinal)


async def stop_mail(
    connection: Connection, scope: Scope, value: str, *, actor: str, at: datetime, reason: str
) -> bool:
    """Hold mail back by a human's word; False when that switch was off already."""
    async with connection.transaction():
        stopped = await switches.stop(connection, scope, value, reason)
        if stopped:
            await audit.record(
                connection,
                at=at,
                actor=actor,
                action="mail.stop",
                subject=_switch(scope, value),
                reason=reason,
            )
        return stopped


async def resume_mail(
    connection: Connection, scope: Scope, value: str, *, actor: str, at: datetime
) -> bool:
    """Let mail go again by a human's word; False when that switch was not off."""
    async with connection.transaction():
        resumed = await switches.resume(connection, scope, value)
        if resumed:
            subject = _switch(scope, value)
            await audit.record(
                connection, at=at, actor=actor, action="mail.resume", subject=subject
            )
        return resumed


def _switch(scope: Scope, value: str) -> str:
    return f"mail_switch/{scope}:{value}" if value else f"mail_switch/{scope}"


async def read_balance(connection: Connection, cycle: str | None = None) -> dict[str, Any]:
    """The books: `planned` is every intended mail and equals the sum of where they stand.

    accepted + failed + uncertain + cancelled + withheld + open; `kinds` has the same per cycle and
    kind, `reasons` the codes behind them, `stopped` the switches that hold mail back.
    """
    kinds = await ledger.balance(connection, cycle)
    places = ("accepted", "failed", "uncertain", "cancelled", "withheld", "open")
    totals = {place: sum(kind[place] for kind in kinds) for place in ("total", *places)}
    return {
        "planned": totals.pop("total"),
        **totals,
        "balanced": all(kind["total"] == sum(kind[p] for p in places) for kind in kinds),
        "kinds": kinds,
        "reasons": await ledger.reasons(connection, cycle),
        "stopped": await switches.stopped(connection),
    }


async def read_status(connection: Connection) -> dict[str, Any]:
    """What is stopped, how many mails stand where, and how long the oldest planned one waits."""
    return {
        "mails": await ledger.states(connection),
        "oldest_planned_s": await ledger.oldest_planned_s(connection),
        "stopped": await switches.stopped(connection),
    }
