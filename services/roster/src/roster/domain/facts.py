"""What is known of a person: facts, on which decisions rest, and contact, the personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

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
    """One role a person holds; `end_on` is its last day, None while open.

    `years_of_study` says how the year changed, `(from this day, this year)`, oldest first. No
    report carries it: it is composed of all a source has reported, and empty when the year never
    changed.
    """

    appointment_id: str
    kind: str
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None = None
    year_of_study: int | None = None
    supervisor_id: str | None = None
    nominated_by: str | None = None
    ex_officio: bool = False
    years_of_study: tuple[tuple[date, int], ...] = ()


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
    """How to reach and address a person: the personal data. An empty name says nothing."""

    display_name: str
    email: str | None = None
    login: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """All that is published of a person, names and addresses apart."""

    facts: Facts
    hold: bool = False
    merged_into: str | None = None
    aliases: tuple[str, ...] = ()
