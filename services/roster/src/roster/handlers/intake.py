"""The one way into the roster, behind every door: reports of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4
from zoneinfo import ZoneInfo

from chassis import outbox
from chassis.clock import Calendar
from chassis.postgres import Connection
from roster.domain import Change, Report, change_of, in_order
from roster.handlers.events import contact_events, person_event
from roster.store import people
from roster.store.people import ContactVersion, PersonVersion, Raced
from roster.store.receipts import Receipt

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What reports did: how many of each kind of change."""

    counts: dict[str, int]


async def receive(connection: Connection, calendar: Calendar, zone: str) -> Receipt:
    """Say when what follows in this transaction was received; `zone` gives the civil day."""
    now = calendar.now()
    return Receipt(uuid4(), now, now.astimezone(ZoneInfo(zone)).date())


async def take_in(connection: Connection, reports: Sequence[Report], receipt: Receipt) -> TakenIn:
    """Take in reports without flaws, each person and source at most once, and publish what changed.

    Part of the caller's transaction. The rows of the people are held to its end, in order of ids,
    so that two intakes of different people do not wait for each other.
    """
    ordered = sorted(map(in_order, reports), key=lambda each: each.person_id)
    for attempt in range(ATTEMPTS):
        try:
            async with connection.transaction():
                return await _take_in(connection, ordered, receipt)
        except Raced:
            # A person nobody knew was written by somebody else meanwhile: there is a row now.
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


async def _take_in(connection: Connection, reports: Sequence[Report], receipt: Receipt) -> TakenIn:
    await people.lock(connection, [each.person_id for each in reports])
    news, contacts = await _news(connection, reports, receipt)
    counts = Counter({each.value: 0 for each in Change} | {"unchanged": 0, "contacts_changed": 0})
    counts.update(each.change.value for each in news)
    counts["unchanged"] += len(reports) - len(news)
    counts["contacts_changed"] += len(contacts)
    await _apply(connection, news, contacts, receipt)
    return TakenIn(dict(counts))


async def _news(
    connection: Connection, reports: Sequence[Report], receipt: Receipt
) -> tuple[list[PersonVersion], list[ContactVersion]]:
    news: list[PersonVersion] = []
    contacts: list[ContactVersion] = []
    for each in await people.differences(connection, reports):
        effective_on = each.report.effective_on or receipt.received_on
        change = change_of(each.facts, each.report.facts, said_before=each.said_before)
        if change is not None:
            news.append(
                PersonVersion(
                    each.report.person_id,
                    each.version + 1,
                    change,
                    effective_on,
                    receipt.received_at,
                    each.report.facts,
                )
            )
        if each.contact_differs:
            contacts.append(ContactVersion(each.report, each.contact_version + 1, effective_on))
    return news, contacts


async def _apply(
    connection: Connection,
    news: Sequence[PersonVersion],
    contacts: Sequence[ContactVersion],
    receipt: Receipt,
) -> None:
    cause = cause_of(receipt)
    if news:
        await people.write_people(connection, news, receipt.intake_id)
        await outbox.publish(connection, map(person_event, news), cause=cause)
    if contacts:
        await people.write_contacts(connection, contacts, receipt.received_at)
        await outbox.publish(connection, contact_events(contacts, receipt), cause=cause)


def cause_of(receipt: Receipt) -> str:
    """What an intake's events name as their cause."""
    return f"intake/{receipt.intake_id}"
