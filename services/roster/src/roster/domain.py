"""The roster's rules: what a record must look like, and what a new record of a person changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)
STUDENT_KINDS = frozenset({"graduate_student", "undergraduate"})
APPOINTMENT_KINDS = STUDENT_KINDS | {
    "faculty",
    "staff",
    "fellow",
    "unpaid_appointee",
    "affiliate",
    "committee_member",
}
YEARS_OF_STUDY = range(1, 16)
APPOINTMENTS_MAX = 100
NAME_MAX = 200
ADDRESS_MAX = 254

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_LOGIN = re.compile(r"[^\s@]{1,64}")
_ADDRESS = re.compile(
    r"[^\s@,;:<>()\[\]\\\"]{1,64}@(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z0-9-]*[A-Za-z0-9]"
)
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

AN_ID = "an id: 1 to 64 letters, digits or . _ : - and a letter or digit first"
A_DAY = "a day between 1900-01-01 and 2200-12-31"


class LeaveKind(StrEnum):
    """Why somebody is away; known to the roster alone."""

    SABBATICAL = "sabbatical"
    JUNIOR_FACULTY = "junior_faculty"
    MEDICAL = "medical"
    PARENTAL = "parental"
    MILITARY = "military"

    @property
    def pauses(self) -> bool:
        """Whether deadlines stop for it; research leave excuses nobody."""
        return self not in {LeaveKind.SABBATICAL, LeaveKind.JUNIOR_FACULTY}


@dataclass(frozen=True, slots=True)
class Appointment:
    """One role a person holds; `end_on` is its last day, None while open."""

    appointment_id: str
    kind: str
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None = None
    year_of_study: int | None = None
    supervisor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """An absence; `end_on` is its last day, None while open."""

    kind: LeaveKind
    start_on: date
    end_on: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What decisions rest on: no name, no address."""

    onboarded_on: date
    separated_on: date | None = None
    appointments: tuple[Appointment, ...] = ()
    leaves: tuple[Leave, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach and address a person: the personal data."""

    display_name: str
    email: str | None = None
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person's whole record as a source reports it; without `effective_on`, true from receipt."""

    person_id: str
    effective_on: date | None
    facts: Facts
    contact: Contact


def in_order(person: Person) -> Person:
    """The person with appointments and leaves sorted; the order of a source says nothing."""
    facts = person.facts
    if len(facts.appointments) < 2 and len(facts.leaves) < 2:
        return person
    appointments = tuple(sorted(facts.appointments, key=lambda each: each.appointment_id))
    leaves = tuple(sorted(facts.leaves, key=lambda each: (each.start_on, each.kind)))
    return replace(person, facts=replace(facts, appointments=appointments, leaves=leaves))


@dataclass(frozen=True, slots=True)
class Department:
    """A department; `area_id` None is an alarm."""

    department_id: str
    name: str
    area_id: str | None = None
    area_name: str | None = None
    officer_ids: tuple[str, ...] = ()


class Change(StrEnum):
    """What a record of a person turns out to be."""

    ONBOARDED = "onboarded"
    CHANGED = "changed"
    SEPARATED = "separated"


def change_of(stored: Facts | None, reported: Facts, *, said_before: bool) -> Change | None:
    """Which event the reported facts make, or None when they say nothing new.

    `said_before`: that these were the facts on the reported day was known already. Facts equal
    to the stored ones are news when it was not: they hold from another day than believed.
    """
    if stored is None:
        return Change.ONBOARDED
    if stored == reported:
        return None if said_before else Change.CHANGED
    if stored.separated_on is not None and reported.onboarded_on > stored.separated_on:
        return Change.ONBOARDED
    if stored.separated_on is None and reported.separated_on is not None:
        return Change.SEPARATED
    return Change.CHANGED


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a record: which field, and what was expected; never the value.

    `appointment` is the index of the appointment it belongs to, None for the person's own fields.
    """

    field: str
    expected: str
    appointment: int | None = None


def flaws_of(person: Person) -> Iterator[Flaw]:
    """Everything that keeps this record out of the roster."""
    facts, contact = person.facts, person.contact
    if not is_id(person.person_id):
        yield Flaw("person_id", AN_ID)
    yield from _flaws_of_contact(contact)
    if person.effective_on is not None and not _is_sane(person.effective_on):
        yield Flaw("effective_on", A_DAY)
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
    officers = department.officer_ids
    if not all(map(is_id, officers)):
        yield Flaw("officer_ids", f"{AN_ID}, separated by spaces")
    if len(set(officers)) < len(officers):
        yield Flaw("officer_ids", "each officer once")


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
