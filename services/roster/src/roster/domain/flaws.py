"""What keeps a record out of the roster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from roster.domain.departments import Department
from roster.domain.facts import (
    APPOINTMENT_KINDS,
    STUDENT_KINDS,
    YEARS_OF_STUDY,
    Appointment,
    Contact,
    Facts,
)
from roster.domain.report import OFFICE, Report

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)
APPOINTMENTS_MAX = 100
NAME_MAX = 200
ADDRESS_MAX = 254

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LOGIN = re.compile(r"[^\s@]{1,64}")
_ADDRESS = re.compile(
    r"[^\s@,;:<>()\[\]\\\"]{1,64}@(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z0-9-]*[A-Za-z0-9]"
)
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

AN_ID = "an id: 1 to 64 letters, digits or . _ : - and a letter or digit first"
A_DAY = "a day between 1900-01-01 and 2200-12-31"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a record: which field, and what was expected; never the value.

    `appointment` is the index of the appointment it belongs to, None for the person's own fields.
    """

    field: str
    expected: str
    appointment: int | None = None


def flaws_of(report: Report) -> Iterator[Flaw]:
    """Everything that keeps this record out of the roster."""
    if not is_id(report.person_id):
        yield Flaw("person_id", AN_ID)
    yield from _flaws_of_contact(report.contact)
    if not _SOURCE.fullmatch(report.source):
        yield Flaw("source", "1 to 32 letters, digits or _ - and a letter first, all of them small")
    if report.source == OFFICE:
        yield Flaw("source", "a feed; what the office says is said in the roster itself")
    if report.effective_on is not None and not _is_sane(report.effective_on):
        yield Flaw("effective_on", A_DAY)
    yield from flaws_of_facts(report.facts)


def flaws_of_facts(facts: Facts) -> Iterator[Flaw]:
    """Everything that is wrong with the facts of a report."""
    yield from _flaws_of_span(
        facts.onboarded_on, facts.separated_on, ("onboarded_on", "separated_on")
    )
    for leave in facts.leaves:
        yield from _flaws_of_span(leave.start_on, leave.end_on, ("leave_start_on", "leave_end_on"))
    if len(facts.appointments) > APPOINTMENTS_MAX:
        yield Flaw("appointment_id", f"at most {APPOINTMENTS_MAX} appointments of one person")
    seen: set[str] = set()
    for index, appointment in enumerate(facts.appointments):
        yield from _flaws_of_appointment(appointment, index)
        if appointment.appointment_id in seen:
            yield Flaw("appointment_id", "another id for each appointment of the person", index)
        seen.add(appointment.appointment_id)


def flaws_of_department(department: Department) -> Iterator[Flaw]:
    """Everything that keeps this department out of the roster."""
    if not is_id(department.department_id):
        yield Flaw("department_id", AN_ID)
    yield from _flaws_of_name("name", department.name)
    if department.area_id is not None and not is_id(department.area_id):
        yield Flaw("area_id", AN_ID)
    if (department.area_id is None) != (department.area_name is None):
        yield Flaw("area_name", "a name for every area, and none without an area")
    elif department.area_name is not None:
        yield from _flaws_of_name("area_name", department.area_name)
    yield from _flaws_of_ids("officer_ids", department.officer_ids, "each officer once")
    yield from _flaws_of_ids("area_lead_ids", department.area_lead_ids, "each area lead once")


def is_id(text: str) -> bool:
    """Whether it may serve as an id; an address may not, because ids travel everywhere."""
    return _ID.fullmatch(text) is not None


def is_plain(text: str) -> bool:
    """Whether it holds no control characters, line breaks, or marks that turn text around."""
    return text.isprintable() or not any(
        unicodedata.category(char) in _UNPRINTABLE or char in _REORDERING for char in text
    )


def _flaws_of_contact(contact: Contact) -> Iterator[Flaw]:
    yield from _flaws_of_name("display_name", contact.display_name)
    email, login = contact.email, contact.login
    if email is not None and not _is_address(email):
        yield Flaw("email", "one address like name@example.edu, or nothing")
    if login is not None and not (_LOGIN.fullmatch(login) and is_plain(login)):
        yield Flaw("login", "1 to 64 characters without spaces or @, or nothing")


def _flaws_of_ids(field: str, ids: tuple[str, ...], once: str) -> Iterator[Flaw]:
    if not all(map(is_id, ids)):
        yield Flaw(field, f"{AN_ID}, separated by spaces")
    if len(set(ids)) < len(ids):
        yield Flaw(field, once)


def _flaws_of_name(field: str, name: str) -> Iterator[Flaw]:
    if not (0 < len(name) <= NAME_MAX and is_plain(name)):
        yield Flaw(field, f"1 to {NAME_MAX} characters without control characters")


def _flaws_of_appointment(appointment: Appointment, index: int) -> Iterator[Flaw]:
    if not is_id(appointment.appointment_id):
        yield Flaw("appointment_id", AN_ID, index)
    if appointment.kind not in APPOINTMENT_KINDS:
        yield Flaw("kind", f"one of {', '.join(sorted(APPOINTMENT_KINDS))}", index)
    if not is_id(appointment.department_id):
        yield Flaw("department_id", AN_ID, index)
    if appointment.supervisor_id is not None and not is_id(appointment.supervisor_id):
        yield Flaw("supervisor_id", f"{AN_ID}, or nothing", index)
    yield from _flaws_of_span(
        appointment.start_on, appointment.end_on, ("start_on", "end_on"), index
    )
    nominator = appointment.nominated_by
    if nominator is not None and not is_id(nominator):
        yield Flaw("nominated_by", f"{AN_ID}, or nothing", index)
    year = appointment.year_of_study
    if year is not None and appointment.kind not in STUDENT_KINDS:
        yield Flaw("year_of_study", "nothing: only students have a year of study", index)
    elif year is not None and year not in YEARS_OF_STUDY:
        yield Flaw("year_of_study", "a whole number from 1 to 15", index)


def _flaws_of_span(
    first: date, last: date | None, fields: tuple[str, str], appointment: int | None = None
) -> Iterator[Flaw]:
    if not _is_sane(first):
        yield Flaw(fields[0], A_DAY, appointment)
    if last is not None and not _is_sane(last):
        yield Flaw(fields[1], A_DAY, appointment)
    elif last is not None and last < first:
        yield Flaw(fields[1], f"a day not before {fields[0]}", appointment)


def _is_sane(day: date) -> bool:
    return EARLIEST <= day <= LATEST


def _is_address(text: str) -> bool:
    return len(text) <= ADDRESS_MAX and is_plain(text) and _ADDRESS.fullmatch(text) is not None
