"""What is known of people, departments and completions: facts, with the instant each was known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


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


@dataclass(frozen=True, slots=True)
class Person:
    """One version of what is known of a person; a greater version replaces a lesser."""

    person_id: str
    version: int
    effective_on: date
    received_at: datetime
    onboarded_on: date
    separated_on: date | None = None
    appointments: tuple[Appointment, ...] = ()
    hold: bool = False

    def is_member(self, day: date) -> bool:
        """Whether `day` is within the present membership."""
        return self.onboarded_on <= day and (self.separated_on is None or day <= self.separated_on)

    def active(self, day: date) -> list[Appointment]:
        """The appointments held on `day`; none when the person is no member then."""
        if not self.is_member(day):
            return []
        return [
            a
            for a in self.appointments
            if a.start_on <= day and (a.end_on is None or day <= a.end_on)
        ]


@dataclass(frozen=True, slots=True)
class Area:
    """The area a department rolls up to (None: nobody has said), and when that became known."""

    area_id: str | None
    received_at: datetime
    before: Area | None = None

    def known_at(self, instant: datetime) -> Area | None:
        """What was known at `instant`; None before anything was."""
        area: Area | None = self
        while area is not None and area.received_at > instant:
            area = area.before
        return area

    def changes(self) -> Iterator[datetime]:
        """Every instant at which the area became another, the latest first."""
        area: Area | None = self
        while area is not None:
            yield area.received_at
            area = area.before


@dataclass(frozen=True, slots=True)
class Completion:
    """One version of a person's standing in one course; `valid` is False once it was revoked."""

    source: str
    course: str
    version: int
    cycle: str | None
    option: str | None
    valid: bool
    completed_at: datetime
    received_at: datetime


Versions = Sequence[Person]
Areas = Mapping[str, Area]


def newest(versions: Versions) -> Person:
    """The version that holds."""
    return max(versions, key=lambda version: version.version)
