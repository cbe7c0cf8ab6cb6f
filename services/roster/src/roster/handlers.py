"""The roster's use cases, each one transaction: take in a file, show a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis import outbox
from chassis.clock import Calendar
from chassis.postgres import Connection
from roster import store
from roster.domain import Change, Department, Person, change_of, in_order, is_id
from roster.store import ContactVersion, PersonVersion, Receipt
from schemas.roster import (
    Appointment,
    AppointmentKind,
    ContactChanged,
    DepartmentChanged,
    Leave,
    PersonChanged,
    PersonOnboarded,
    PersonSeparated,
    PersonState,
)

SHOWN_IDS = 100
SHOWN_VERSIONS = 200

_EVENTS: dict[Change, type[PersonState]] = {
    Change.ONBOARDED: PersonOnboarded,
    Change.CHANGED: PersonChanged,
    Change.SEPARATED: PersonSeparated,
}

T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """Records to take in. Iterating raises when anything is wrong with any of them."""

    @property
    def sha256(self) -> str:
        """Digest of what was read."""
        ...

    def __aiter__(self) -> AsyncIterator[Sequence[T_co]]: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or in a dry run would do.

    `counts` is by kind of change; "warnings" counts `alarmed`, the departments that need a look:
    named by a person and unknown (people), or without an area (departments).
    """

    import_id: UUID
    received_at: datetime
    dry_run: bool
    counts: dict[str, int]
    alarmed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The answer of the API and of `--json`; at most a hundred alarmed departments by id."""
        return {
            "import_id": None if self.dry_run else str(self.import_id),
            "received_at": self.received_at.isoformat(),
            "dry_run": self.dry_run,
            **self.counts,
            "warnings": len(self.alarmed),
            "departments_to_check": self.alarmed[:SHOWN_IDS],
        }


async def import_people(
    connection: Connection,
    source: Source[Person],
    calendar: Calendar,
    *,
    zone: str,
    dry_run: bool = False,
) -> Imported:
    """Take in whole-person records; people the source does not name stay as they are.

    All of it or nothing: what iterating `source` raises undoes everything. The same records
    again change nothing and publish nothing. A dry run only counts.
    """
    counts = Counter({each.value: 0 for each in Change} | {"unchanged": 0, "contacts_changed": 0})
    departments: set[str] = set()
    async with connection.transaction():
        receipt = await _received(connection, calendar, zone)
        async for batch in source:
            people = [in_order(person) for person in batch]
            departments.update(a.department_id for p in people for a in p.facts.appointments)
            news, contacts = await _news(connection, people, receipt)
            counts.update(each.change.value for each in news)
            counts["unchanged"] += len(people) - len(news)
            counts["contacts_changed"] += len(contacts)
            if not dry_run:
                await _apply(connection, news, contacts, receipt)
        unknown = await store.unknown_departments(connection, departments)
        if not dry_run:
            await store.write_import(connection, receipt, "people", source.sha256, dict(counts))
    return Imported(receipt.import_id, receipt.received_at, dry_run, dict(counts), unknown)


async def import_departments(
    connection: Connection,
    source: Source[Department],
    calendar: Calendar,
    *,
    zone: str,
    dry_run: bool = False,
) -> Imported:
    """Take in departments, under the same promises as `import_people`."""
    counts = Counter({"added": 0, "changed": 0, "unchanged": 0})
    without_area: list[str] = []
    async with connection.transaction():
        receipt = await _received(connection, calendar, zone)
        async for batch in source:
            without_area += [each.department_id for each in batch if each.area_id is None]
            stored = await store.stored_departments(connection, [d.department_id for d in batch])
            news = _department_news(batch, stored)
            added = sum(version == 1 for version, _ in news)
            counts["added"] += added
            counts["changed"] += len(news) - added
            counts["unchanged"] += len(batch) - len(news)
            if news and not dry_run:
                await store.write_departments(connection, news, receipt)
                await outbox.publish(
                    connection, _department_events(news, receipt), cause=_cause(receipt)
                )
        if not dry_run:
            await store.write_import(
                connection, receipt, "departments", source.sha256, dict(counts)
            )
    return Imported(receipt.import_id, receipt.received_at, dry_run, dict(counts), without_area)


async def show_person(connection: Connection, person_id: str) -> dict[str, object] | None:
    """The person as now published and the newest versions, by ids only; None when unknown."""
    # What cannot be an id may hold bytes that the database refuses.
    known = is_id(person_id)
    versions = await store.versions_of(connection, person_id, SHOWN_VERSIONS) if known else []
    if not versions:
        return None
    history = [
        {"change": each.change.value, **_person_event(each).model_dump(mode="json")}
        for each in versions
    ]
    current = {name: value for name, value in history[0].items() if name != "change"}
    return {"current": current, "history": history}


async def _received(connection: Connection, calendar: Calendar, zone: str) -> Receipt:
    # The instant is taken behind the lock, so that imports are received in the order applied.
    await store.lock_imports(connection)
    now = calendar.now()
    return Receipt(uuid4(), now, now.astimezone(ZoneInfo(zone)).date())


async def _news(
    connection: Connection, people: Sequence[Person], receipt: Receipt
) -> tuple[list[PersonVersion], list[ContactVersion]]:
    news: list[PersonVersion] = []
    contacts: list[ContactVersion] = []
    for each in await store.differences(connection, people):
        effective_on = each.person.effective_on or receipt.received_on
        change = change_of(each.facts, each.person.facts, said_before=each.said_before)
        if change is not None:
            news.append(
                PersonVersion(
                    each.person.person_id,
                    each.version + 1,
                    change,
                    effective_on,
                    receipt.received_at,
                    each.person.facts,
                )
            )
        if each.contact_differs:
            contacts.append(ContactVersion(each.person, each.contact_version + 1, effective_on))
    return news, contacts


async def _apply(
    connection: Connection,
    news: Sequence[PersonVersion],
    contacts: Sequence[ContactVersion],
    receipt: Receipt,
) -> None:
    cause = _cause(receipt)
    if news:
        await store.write_people(connection, news, receipt.import_id)
        await outbox.publish(connection, map(_person_event, news), cause=cause)
    if contacts:
        await store.write_contacts(connection, contacts, receipt.received_at)
        await outbox.publish(connection, _contact_events(contacts, receipt), cause=cause)


def _cause(receipt: Receipt) -> str:
    return f"import/{receipt.import_id}"


def _person_event(version: PersonVersion) -> PersonState:
    facts = version.facts
    return _EVENTS[version.change](
        version=version.version,
        effective_on=version.effective_on,
        received_at=version.received_at,
        person_id=version.person_id,
        onboarded_on=facts.onboarded_on,
        separated_on=facts.separated_on,
        appointments=tuple(
            Appointment(
                appointment_id=each.appointment_id,
                kind=AppointmentKind(each.kind),
                paid=each.paid,
                department_id=each.department_id,
                start_on=each.start_on,
                end_on=each.end_on,
                year_of_study=each.year_of_study,
                supervisor_id=each.supervisor_id,
            )
            for each in facts.appointments
        ),
        # The kind of leave stays here.
        leaves=tuple(
            Leave(start_on=each.start_on, end_on=each.end_on, pauses=each.kind.pauses)
            for each in facts.leaves
        ),
    )


def _contact_events(
    contacts: Iterable[ContactVersion], receipt: Receipt
) -> Iterable[ContactChanged]:
    for each in contacts:
        contact = each.person.contact
        yield ContactChanged(
            version=each.version,
            effective_on=each.effective_on,
            received_at=receipt.received_at,
            person_id=each.person.person_id,
            display_name=contact.display_name,
            email=contact.email,
            login=contact.login,
        )


def _department_news(
    departments: Sequence[Department], stored: dict[str, tuple[int, Department]]
) -> list[tuple[int, Department]]:
    news: list[tuple[int, Department]] = []
    for each in departments:
        version, known = stored.get(each.department_id, (0, None))
        if known != each:
            news.append((version + 1, each))
    return news


def _department_events(
    news: Iterable[tuple[int, Department]], receipt: Receipt
) -> Iterable[DepartmentChanged]:
    for version, each in news:
        yield DepartmentChanged(
            version=version,
            effective_on=receipt.received_on,
            received_at=receipt.received_at,
            department_id=each.department_id,
            name=each.name,
            area_id=each.area_id,
            area_name=each.area_name,
            officer_ids=each.officer_ids,
        )
