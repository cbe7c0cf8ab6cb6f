"""Everything the office may know of one person, on one card. Holds personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis import audit
from chassis.postgres import Connection
from roster.domain import OFFICE, Appointment, Contact, Department, Kept, is_id
from roster.domain.committee import COMMITTEE_MEMBER
from roster.handlers.show import SHOWN_VERSIONS, show_former
from roster.store import contacts, departments, erasures, look_up, people, reports
from roster.store.look_up import Found
from roster.store.people import PersonVersion
from roster.store.proposals import Proposal

PAGE = 50
SHOWN_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Card:
    """One person. `versions` and `reports` are the newest first, and cut off.

    `hold`: the code and since when. `seats`: what the office itself has said. `contact` is None
    when nothing is known, and always for the erased.
    """

    person_id: str
    versions: list[PersonVersion]
    contact: Contact | None
    former: list[dict[str, str]]
    reports: list[Kept]
    seats: list[Appointment]
    hold: tuple[str, datetime] | None
    erased: bool
    proposals: list[Proposal]
    departments: dict[str, Department]
    entries: list[audit.Entry]


async def card_of(connection: Connection, person_id: str) -> Card | None:
    """The card of a person or an alias; None when nobody reported the id."""
    if not is_id(person_id):
        return None
    versions = await people.versions_of(connection, person_id, SHOWN_VERSIONS)
    if not versions:
        return None
    ids = [person_id, *versions[0].state.aliases]
    known = (await contacts.contacts_of(connection, [person_id])).get(person_id)
    kept = [k for those in (await reports.reports_of(connection, ids)).values() for k in those]
    newest = sorted(kept, key=lambda each: each.rank, reverse=True)
    named = {a.department_id for v in versions for a in v.state.facts.appointments}
    stored = await departments.stored_departments(connection, sorted(named))
    return Card(
        person_id=person_id,
        versions=versions,
        contact=known[1] if known else None,
        former=await show_former(connection, person_id),
        reports=newest[:SHOWN_VERSIONS],
        seats=_seats(newest, person_id),
        hold=await look_up.hold_of(connection, person_id),
        erased=person_id in await erasures.erased_of(connection, [person_id]),
        proposals=await look_up.proposals_of(connection, person_id),
        departments={id_: each for id_, (_, each) in stored.items()},
        entries=await audit.entries(connection, subject=f"person/{person_id}", limit=SHOWN_ENTRIES),
    )


async def search(connection: Connection, text: str, after: str = "") -> tuple[list[Found], bool]:
    """A page of people, and whether there are more; nobody for an empty text."""
    if not text:
        return [], False
    found = await look_up.search(connection, text, after, PAGE + 1)
    return found[:PAGE], len(found) > PAGE


async def names_of(connection: Connection, ids: list[str]) -> dict[str, str]:
    """How those of `ids` are called whose name is known."""
    found = await contacts.contacts_of(connection, ids)
    return {person_id: contact.display_name for person_id, (_, contact) in found.items()}


def _seats(newest: list[Kept], person_id: str) -> list[Appointment]:
    said = [each for each in newest if (each.source, each.person_id) == (OFFICE, person_id)]
    return [a for a in said[0].facts.appointments if a.kind == COMMITTEE_MEMBER] if said else []
