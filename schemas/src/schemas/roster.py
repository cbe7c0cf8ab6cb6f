"""Events of the roster: who is a member, in which department, reachable how."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

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


class Appointment(Contract):
    """One role a person holds. `end_on` is the last day it is held; None while open."""

    appointment_id: str = Field(description="Unique within the person.")
    kind: AppointmentKind
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None = None
    year_of_study: int | None = Field(default=None, ge=1, le=15)
    supervisor_id: str | None = None


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
    merged_into: str | None = Field(default=None, description="Person this id is an alias of.")

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

    @property
    def key(self) -> str:
        return self.department_id


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


class PersonReported(Contract):
    """Inbound: an HR or identity system says how a person stands, as one whole record.

    Written by systems outside the platform, so it carries no version of ours; the roster
    validates it as it validates a CSV row or a SCIM request.
    """

    TYPE: ClassVar[str] = "edu.rollcall.person.reported.v1"
    TOPIC: ClassVar[str] = "roster.inbound.v1"

    person_id: str = Field(min_length=1, max_length=64)
    effective_on: date
    onboarded_on: date
    separated_on: date | None = None
    display_name: str
    email: str | None = None
    login: str | None = None
    appointments: tuple[Appointment, ...] = ()
