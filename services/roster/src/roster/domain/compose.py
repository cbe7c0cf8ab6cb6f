"""How reports of several sources make one person (`docs/decisions/0006`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from roster.domain.facts import Appointment, Contact, Facts
from roster.domain.report import HR, Kept, leaves_in_order
from roster.domain.years import years_of_study

Source = tuple[str, str]
"""A source as one person's reports know it: its name, and the id it reports the person under."""


def composed_of(reports: Sequence[Kept], person_id: str) -> tuple[Facts, date]:
    """The person made of all reports of the id and its aliases, and the day it is said from.

    That day is the one of the report that was said last of those that hold.
    """
    by_source: dict[Source, list[Kept]] = {}
    for each in reports:
        by_source.setdefault((each.source, each.person_id), []).append(each)
    holding = {
        source: max(by_source[source], key=lambda each: each.rank)
        for source in in_rank(by_source, person_id)
    }
    last = max(holding.values(), key=lambda each: (each.rank, each.source, each.person_id))
    return _joined(_named(holding), by_source), last.effective_on


def as_of(
    reports: Iterable[Kept], person_id: str, day: date, known_at: datetime | None = None
) -> Facts | None:
    """The person on `day`, as known at `known_at`; None when nothing was reported of it by then."""
    known = [
        each
        for each in reports
        if each.effective_on <= day and (known_at is None or each.received_at <= known_at)
    ]
    return composed_of(known, person_id)[0] if known else None


def in_rank(sources: Iterable[Source], person_id: str) -> list[Source]:
    """The sources, the one that is asked first in front.

    `hr` is before all others, which follow by name; of one source the person's own id is before
    its aliases.
    """
    return sorted(sources, key=lambda each: (each[0] != HR, each[0], each[1] != person_id, each[1]))


def contact_of(contacts: Mapping[Source, Contact], person_id: str) -> Contact | None:
    """Field by field what the first source says that says something; None when none does."""
    ranked = [contacts[source] for source in in_rank(contacts, person_id)]
    name = next((each.display_name for each in ranked if each.display_name), None)
    if name is None:
        return None
    email = next((each.email for each in ranked if each.email), None)
    return Contact(name, email, next((each.login for each in ranked if each.login), None))


def membership(spans: Iterable[tuple[date, date | None]]) -> tuple[date, date | None]:
    """The last of the spans (first and last day) once those that touch or overlap are joined."""
    ordered = sorted(spans, key=lambda span: (span[0], span[1] or date.max))
    first, last = ordered[0]
    for start, end in ordered[1:]:
        if last is not None and start > last + timedelta(days=1):
            first, last = start, end
        elif last is not None:
            last = None if end is None else max(last, end)
    return first, last


def _named(holding: Mapping[Source, Kept]) -> dict[str, Kept]:
    """By the source's name; where it reports several ids of the person, with the id behind it."""
    names = [name for name, _ in holding]
    return {
        name if names.count(name) == 1 else f"{name}/{person_id}": kept
        for (name, person_id), kept in holding.items()
    }


def _joined(holding: Mapping[str, Kept], by_source: Mapping[Source, Sequence[Kept]]) -> Facts:
    facts = [kept.facts for kept in holding.values()]
    onboarded_on, separated_on = membership((f.onboarded_on, f.separated_on) for f in facts)
    appointments: dict[str, Appointment] = {}
    for name, kept in holding.items():
        ended = kept.facts.separated_on
        reports = by_source[kept.source, kept.person_id]
        for each in kept.facts.appointments:
            # A source that ended its own membership ended what it reported, and nothing else.
            found = each if ended == separated_on else _ended(each, ended)
            if found is not None:
                key = _free(each.appointment_id, name, appointments)
                years = years_of_study(each, reports)
                if key != each.appointment_id or years or found is not each:
                    found = replace(found, appointment_id=key, years_of_study=years)
                appointments[key] = found
    return Facts(
        onboarded_on,
        separated_on,
        tuple(appointments[key] for key in sorted(appointments)),
        leaves_in_order(leave for each in facts for leave in each.leaves),
    )


def _ended(appointment: Appointment, last_day: date | None) -> Appointment | None:
    if last_day is None or (appointment.end_on is not None and appointment.end_on <= last_day):
        return appointment
    return replace(appointment, end_on=last_day) if appointment.start_on <= last_day else None


def _free(appointment_id: str, source: str, taken: Mapping[str, Appointment]) -> str:
    while appointment_id in taken:
        appointment_id = f"{source}.{appointment_id}"
    return appointment_id
