"""Compose people anew from what is kept of them, write what changed and publish it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import uuid4

from chassis import outbox
from chassis.postgres import Connection
from roster.domain import Kept, Report, State, change_of, composed_of, contact_of
from roster.handlers.events import contact_events, person_event
from roster.store import contacts, people, reports
from roster.store.contacts import ContactVersion
from roster.store.people import PersonVersion
from roster.store.receipts import Receipt

Known = Mapping[str, PersonVersion]
"""The people at hand whose rows are held, by id."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person is to be from now on; `moved`: the same as before, from another day."""

    person_id: str
    state: State
    effective_on: date
    moved: bool = False


def root_of(person_id: str, known: Known) -> str:
    """The id under which the person is published with appointments."""
    stored = known.get(person_id)
    return person_id if stored is None else stored.state.merged_into or person_id


def members_of(person_id: str, known: Known) -> list[str]:
    """The ids whose reports are the person's: its own and its aliases."""
    stored = known.get(person_id)
    return [person_id] if stored is None else [person_id, *stored.state.aliases]


async def recompose(
    connection: Connection, added: Sequence[Kept], known: Known, receipt: Receipt
) -> list[PersonVersion]:
    """Publish the people of these new reports, which are not yet kept, where that changes them."""
    by_root: dict[str, list[Kept]] = {}
    for each in added:
        by_root.setdefault(root_of(each.person_id, known), []).append(each)
    ids = [member for root in by_root if root in known for member in members_of(root, known)]
    before = await reports.reports_of(connection, ids) if ids else {}
    drafts = [
        _draft(root, news, [k for m in members_of(root, known) for k in before.get(m, ())], known)
        for root, news in by_root.items()
    ]
    return await publish_people(connection, drafts, known, receipt)


async def publish_people(
    connection: Connection, drafts: Iterable[Draft], known: Known, receipt: Receipt
) -> list[PersonVersion]:
    """Write and publish the drafts that differ from what is published; returns their versions."""
    versions: list[PersonVersion] = []
    for draft in drafts:
        stored = known.get(draft.person_id)
        change = change_of(stored.state if stored else None, draft.state, moved=draft.moved)
        if change is None:
            continue
        version, received_at = 1, receipt.received_at
        if stored is not None:
            # An intake may have waited for another that was received later.
            version, received_at = stored.version + 1, max(received_at, stored.received_at)
        versions.append(
            PersonVersion(
                draft.person_id, version, change, draft.effective_on, received_at, draft.state
            )
        )
    if versions:
        await people.write_people(connection, versions)
        await outbox.publish(connection, map(person_event, versions), cause=cause_of(receipt))
    return versions


async def recompose_contacts(
    connection: Connection,
    days: Mapping[str, date],
    known: Known,
    receipt: Receipt,
    said: Sequence[Report] = (),
) -> list[str]:
    """Publish how to reach the people of `days`, from that day, where it changed; returns whose.

    What sources say is kept already; `said` is the part of it that is about people not `known`.
    """
    ids = [member for each in days if each in known for member in members_of(each, known)]
    stored = await contacts.contacts_of(connection, ids) if ids else {}
    heard = await reports.reported_contacts_of(connection, ids) if ids else {}
    for each in said:
        heard.setdefault(each.person_id, {})[each.source, each.person_id] = each.contact
    versions = []
    for person_id, day in days.items():
        members = members_of(person_id, known)
        contact = contact_of(
            {k: c for m in members for k, c in heard.get(m, {}).items()}, person_id
        )
        version, present = stored.get(person_id, (0, None))
        if contact is not None and contact != present:
            versions.append(ContactVersion(person_id, version + 1, day, contact))
    if versions:
        await contacts.write_contacts(connection, versions, receipt.received_at)
        await outbox.publish(connection, contact_events(versions, receipt), cause=cause_of(receipt))
    return [each.person_id for each in versions]


def cause_of(receipt: Receipt) -> str:
    """What events written together name as their cause.

    Another one each time: an intake may speak of one person more than once, and every event has an
    id of its own.
    """
    return f"intake/{receipt.intake_id}/{uuid4()}"


def _draft(root: str, news: Sequence[Kept], before: Sequence[Kept], known: Known) -> Draft:
    stored = known.get(root)
    if stored is None and len(news) == 1:
        return Draft(root, State(news[0].facts), news[0].effective_on)
    facts, effective_on = composed_of([*before, *news], root)
    if stored is None:
        return Draft(root, State(facts), effective_on)
    moved = bool(before) and composed_of(before, root)[1] != effective_on
    return Draft(root, replace(stored.state, facts=facts), effective_on, moved)
