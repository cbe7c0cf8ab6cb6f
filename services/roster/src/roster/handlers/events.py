"""What the roster says to the others: its versions as events."""

from __future__ import annotations

from collections.abc import Iterable

from roster.domain import Change, Department
from roster.store.people import ContactVersion, PersonVersion
from roster.store.receipts import Receipt
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

_EVENTS: dict[Change, type[PersonState]] = {
    Change.ONBOARDED: PersonOnboarded,
    Change.CHANGED: PersonChanged,
    Change.SEPARATED: PersonSeparated,
}


def person_event(version: PersonVersion) -> PersonState:
    """The event of a version, whole; the kind of a leave stays here."""
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
        leaves=tuple(
            Leave(start_on=each.start_on, end_on=each.end_on, pauses=each.kind.pauses)
            for each in facts.leaves
        ),
    )


def contact_events(
    contacts: Iterable[ContactVersion], receipt: Receipt
) -> Iterable[ContactChanged]:
    """The events of what changed in how to reach people."""
    for each in contacts:
        contact = each.report.contact
        yield ContactChanged(
            version=each.version,
            effective_on=each.effective_on,
            received_at=receipt.received_at,
            person_id=each.report.person_id,
            display_name=contact.display_name,
            email=contact.email,
            login=contact.login,
        )


def department_events(
    news: Iterable[tuple[int, Department]], receipt: Receipt
) -> Iterable[DepartmentChanged]:
    """The events of departments, each with its version."""
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
