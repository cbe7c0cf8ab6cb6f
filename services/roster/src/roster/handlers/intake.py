"""The one way into the roster, behind every door: reports of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import uuid4
from zoneinfo import ZoneInfo

from chassis.clock import Calendar
from chassis.postgres import Connection
from roster.domain import Change, Report, in_order
from roster.handlers.looks import look_soon
from roster.handlers.recompose import Known, recompose, recompose_contacts, root_of
from roster.store import people, proposals, reports
from roster.store.people import PersonVersion, Raced
from roster.store.receipts import Receipt
from roster.store.reports import Difference

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What reports did.

    `counts` is by kind of change: people `onboarded`, `changed`, `separated` or `unchanged`,
    `contacts_changed`, reports that came `late` and are history, and `contacts_withheld` because
    the person is erased.
    """

    counts: dict[str, int]


async def receive(connection: Connection, calendar: Calendar, zone: str) -> Receipt:
    """Say when what follows in this transaction was received; `zone` gives the civil day."""
    if not connection.is_in_transaction():
        raise RuntimeError("what is received belongs to the transaction that takes it in")
    now = calendar.now()
    return Receipt(uuid4(), now, now.astimezone(ZoneInfo(zone)).date())


async def take_in(connection: Connection, reported: Sequence[Report], receipt: Receipt) -> TakenIn:
    """Take in reports without flaws, each person and source at most once, and publish what changed.

    Part of the caller's transaction. The rows of the people are held to its end, in order of ids,
    so that two intakes of different people do not wait for each other.
    """
    ordered = sorted(map(in_order, reported), key=lambda each: (each.person_id, each.source))
    for _ in range(ATTEMPTS - 1):
        try:
            async with connection.transaction():
                return await _take_in(connection, ordered, receipt)
        except Raced:
            continue  # somebody nobody knew was written by another intake: there is a row now
    return await _take_in(connection, ordered, receipt)


async def _take_in(connection: Connection, reported: Sequence[Report], receipt: Receipt) -> TakenIn:
    news = await reports.differences(connection, reported, receipt)
    known = await people.lock(connection, [each.report.person_id for each in news])
    if known:
        news = await reports.differences(connection, [each.report for each in news], receipt)
    facts = [each for each in news if each.facts_kept]
    versions = await recompose(connection, [f.kept(receipt) for f in facts], known, receipt)
    # People first: their rows show when somebody else was faster.
    if facts:
        await reports.write_reports(connection, facts, receipt)
    contacts = await _take_in_contacts(connection, news, known, receipt)
    return TakenIn(_counts(reported, news, versions, contacts, known))


async def _take_in_contacts(
    connection: Connection, news: Sequence[Difference], known: Known, receipt: Receipt
) -> int:
    said = [each for each in news if each.contact_kept]
    if not said:
        return 0
    await reports.write_reported_contacts(connection, said)
    days: dict[str, date] = {}
    for each in said:
        day = each.report.effective_on or receipt.received_on
        days[each.report.person_id] = days[root_of(each.report.person_id, known)] = day
    new = [each.report for each in said if each.report.person_id not in known]
    changed = await recompose_contacts(connection, days, known, receipt, new)
    if changed and await proposals.propose(connection, changed, receipt.received_at):
        await look_soon(connection, receipt.received_at)
    return len(changed)


def _counts(
    reported: Sequence[Report],
    news: Sequence[Difference],
    versions: Sequence[PersonVersion],
    contacts: int,
    known: Known,
) -> dict[str, int]:
    counts = Counter({each.value: 0 for each in Change})
    counts.update(each.change.value for each in versions)
    changed = {each.person_id for each in versions}
    late = {each.report.person_id for each in news if each.facts_kept and each.late}
    counts["unchanged"] = sum(
        not {each, root_of(each, known)} & changed
        for each in {report.person_id for report in reported} - late
    )
    counts["contacts_changed"] = contacts
    counts["late"] = sum(each.facts_kept and each.late for each in news)
    counts["contacts_withheld"] = sum(
        each.erased and each.report.contact.display_name != "" for each in news
    )
    return dict(counts)
