"""Events of the roster: who is a member, in which department, reachable how."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from schemas.envelope import Contract, Event


class AppointmentKind(StrEnum):
    """What kind of role an appointment is."""

    FACULTY = "faculty"
    STAFF = "staff"
    GRADUATE_STUDENT = "graduate_student"
    UNDERGRADUATE = "undergraduate"
    FELLOW = "fellow"
    UNPAID_APPOINTEE = "unpaid_appointee"
    AFFILIATE = "affiliate"
    COMMITTEE_MEMBER = "committee_member"


class YearOfStudy(Contract):
    """From `since` on, to the next one, the student is in this year."""

    since: date
    year: int = Field(ge=1, le=15)


class Appointment(Contract):
    """One role a person holds. `end_on` is the last day it is held; None while open.

    A committee member's appointment is a term: `nominated_by` put the member up for it, and an
    ex-officio seat, which has no term, goes with another office.
    """

    appointment_id: str = Field(description="Unique within the person.")
    kind: AppointmentKind
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None = None
    year_of_study: int | None = Field(default=None, ge=1, le=15)
    years_of_study: tuple[YearOfStudy, ...] = Field(
        default=(),
        description="How the year has changed, oldest first; empty when it never did. "
        "Before the first entry, the first year holds.",
    )
    supervisor_id: str | None = None
    nominated_by: str | None = Field(
        default=None, description="Department or body that nominated a committee member."
    )
    ex_officio: bool = False


class Leave(Contract):
    """An absence. Its kind never leaves the roster; `pauses` says whether deadlines stop for it."""

    start_on: date
    end_on: date | None = None
    pauses: bool = False


class PersonState(Event):
    """Base of the person events: everything the platform knows of a person, by ids only."""

    TOPIC: ClassVar[str] = "roster.person.v1"

    person_id: str = Field(min_length=1, max_length=64, description="Stable institute id.")
    onboarded_on: date = Field(description="First day of the present membership.")
    separated_on: date | None = Field(default=None, description="Last day of membership.")
    appointments: tuple[Appointment, ...] = ()
    leaves: tuple[Leave, ...] = ()
    hold: bool = Field(default=False, description="A manual hold outranks every feed.")
    merged_into: str | None = Field(
        default=None,
        description="Person this id is an alias of; the appointments are then with that person.",
    )
    aliases: tuple[str, ...] = Field(
        default=(), description="Ids merged into this person, sorted; a split takes one out again."
    )

    @property
    def key(self) -> str:
        return self.person_id


class PersonOnboarded(PersonState):
    """A person became known to the roster; always version 1, and again on a rehire."""

    TYPE: ClassVar[str] = "edu.rollcall.person.onboarded.v1"


class PersonChanged(PersonState):
    """Appointments, leave, hold or dates of a person changed."""

    TYPE: ClassVar[str] = "edu.rollcall.person.changed.v1"


class PersonSeparated(PersonState):
    """The person's membership has an end date."""

    TYPE: ClassVar[str] = "edu.rollcall.person.separated.v1"


class DepartmentChanged(Event):
    """A department, the area it rolls up to, and its administrative officers."""

    TYPE: ClassVar[str] = "edu.rollcall.department.changed.v1"
    TOPIC: ClassVar[str] = "roster.department.v1"

    department_id: str = Field(min_length=1, max_length=64)
    name: str
    area_id: str | None = Field(default=None, description="None is an alarm, never a silent skip.")
    area_name: str | None = None
    officer_ids: tuple[str, ...] = Field(default=(), description="Person ids of its officers.")
    area_lead_ids: tuple[str, ...] = Field(
        default=(), description="Person ids of those who see every department of the area."
    )

    @property
    def key(self) -> str:
        return self.department_id


class RoleName(StrEnum):
    """A role that does not follow from a department."""

    OFFICE = "office"
    AUDITOR = "auditor"


class RolesChanged(Event):
    """The institution-wide roles of one person, all of them; none any more when empty."""

    TYPE: ClassVar[str] = "edu.rollcall.roles.changed.v1"
    TOPIC: ClassVar[str] = "roster.role.v1"

    person_id: str = Field(min_length=1, max_length=64)
    roles: tuple[RoleName, ...] = Field(default=(), description="Sorted, each once.")

    @property
    def key(self) -> str:
        return self.person_id


class ContactChanged(Event):
    """Personal data of one person, on the compacted topic only; a tombstone erases it."""

    TYPE: ClassVar[str] = "edu.rollcall.contact.changed.v1"
    TOPIC: ClassVar[str] = "roster.contact.v1"

    person_id: str = Field(min_length=1, max_length=64)
    display_name: str = Field(description="Preferred name, as the person wants to be addressed.")
    email: str | None = None
    login: str | None = None

    @property
    def key(self) -> str:
        return self.person_id


class ReportedLeave(Contract):
    """An absence as a source reports it, with its kind, which goes no further than the roster."""

    kind: Literal["sabbatical", "junior_faculty", "medical", "parental", "military"]
    start_on: date
    end_on: date | None = None


class PersonReported(Contract):
    """Inbound: an HR or identity system says how a person stands, as one whole record.

    Written by systems outside the platform, so it carries no version of ours; the roster
    validates it as it validates a CSV row or a SCIM request. Of two records of one source and
    person the one with the later `reported_at` holds, in whatever order they arrive.
    """

    TYPE: ClassVar[str] = "edu.rollcall.person.reported.v1"
    TOPIC: ClassVar[str] = "roster.inbound.v1"

    source: str = Field(
        default="hr", min_length=1, max_length=32, description="The feed the record belongs to."
    )
    reported_at: AwareDatetime | None = Field(
        default=None, description="When the source said so; the record's time when absent."
    )
    person_id: str = Field(min_length=1, max_length=64)
    effective_on: date
    onboarded_on: date
    separated_on: date | None = None
    display_name: str
    email: str | None = None
    login: str | None = None
    appointments: tuple[Appointment, ...] = ()
    leaves: tuple[ReportedLeave, ...] = ()
