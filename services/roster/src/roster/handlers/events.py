"""What the roster says to the others: its versions as events."""

from __future__ import annotations

from collections.abc import Iterable

from roster import domain
from roster.domain import Change, Department, State
from roster.store.contacts import ContactVersion
from roster.store.people import PersonVersion
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
    YearOfStudy,
)

_EVENTS: dict[Change, type[PersonState]] = {
    Change.ONBOARDED: PersonOnboarded,
    Change.CHANGED: PersonChanged,
    Change.SEPARATED: PersonSeparated,
}


def person_event(version: PersonVersion) -> PersonState:
    """The event of a version, whole; the kind of a leave stays here."""
    state = version.state
    facts = state.facts
    return _EVENTS[version.change](
        version=version.version,
        effective_on=version.effective_on,
        received_at=version.received_at,
        person_id=version.person_id,
        onboarded_on=facts.onboarded_on,
        separated_on=facts.separated_on,
        appointments=tuple(map(_appointment, facts.appointments)),
        leaves=tuple(map(_leave, facts.leaves)),
        hold=state.hold,
        merged_into=state.merged_into,
        aliases=state.aliases,
    )


def shown_state(state: State) -> dict[str, object]:
    """A state that was never published, as people and scripts read it."""
    facts = state.facts
    return {
        "onboarded_on": facts.onboarded_on.isoformat(),
        "separated_on": facts.separated_on and facts.separated_on.isoformat(),
        "appointments": [_appointment(a).model_dump(mode="json") for a in facts.appointments],
        "leaves": [_leave(each).model_dump(mode="json") for each in facts.leaves],
        "aliases": list(state.aliases),
    }


def shown_version(version: PersonVersion) -> dict[str, object]:
    """A version as people and scripts read it: the event, and which kind of change it is."""
    return {"change": version.change.value, **person_event(version).model_dump(mode="json")}


def _leave(each: domain.Leave) -> Leave:
    return Leave(start_on=each.start_on, end_on=each.end_on, pauses=each.kind.pauses)


def _appointment(each: domain.Appointment) -> Appointment:
    return Appointment(
        appointment_id=each.appointment_id,
        kind=AppointmentKind(each.kind),
        paid=each.paid,
        department_id=each.department_id,
        start_on=each.start_on,
        end_on=each.end_on,
        year_of_study=each.year_of_study,
        years_of_study=tuple(YearOfStudy(since=s, year=y) for s, y in each.years_of_study),
        supervisor_id=each.supervisor_id,
        nominated_by=each.nominated_by,
        ex_officio=each.ex_officio,
    )


def contact_events(
    contacts: Iterable[ContactVersion], receipt: Receipt
) -> Iterable[ContactChanged]:
    """The events of what changed in how to reach people."""
    for each in contacts:
        contact = each.contact
        yield ContactChanged(
            version=each.version,
            effective_on=each.effective_on,
            received_at=receipt.received_at,
            person_id=each.person_id,
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
            area_lead_ids=each.area_lead_ids,
        )
