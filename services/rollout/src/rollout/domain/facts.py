"""What is known of people, departments and completions: facts, with the instant each was known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Appointment:
    """One role a person holds; `end_on` is its last day, None while open.

    `years_of_study` says how the year changed, (from this day, this year), oldest first; empty when
    it never did, or nobody said.
    """

    appointment_id: str
    kind: str
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None = None
    year_of_study: int | None = None
    years_of_study: tuple[tuple[date, int], ...] = ()

    def year_on(self, day: date) -> int | None:
        """The year in force on `day`; before the first change, the first one."""
        if not self.years_of_study:
            return self.year_of_study
        begun = [year for since, year in self.years_of_study if since <= day]
        return begun[-1] if begun else self.years_of_study[0][1]


@dataclass(frozen=True, slots=True)
class Leave:
    """An absence that stops deadlines; `end_on` is its last day, None while open."""

    start_on: date
    end_on: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One version of what is known of a person; a greater version replaces a lesser.

    `leaves` are those that pause; `aliases` are the ids merged into this person, and
    `merged_into` is the person that this id has become an alias of.
    """

    person_id: str
    version: int
    effective_on: date
    received_at: datetime
    onboarded_on: date
    separated_on: date | None = None
    appointments: tuple[Appointment, ...] = ()
    leaves: tuple[Leave, ...] = ()
    hold: bool = False
    merged_into: str | None = None
    aliases: tuple[str, ...] = ()

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
    person_id: str = ""


Versions = Sequence[Person]
Areas = Mapping[str, Area]


def newest(versions: Versions) -> Person:
    """The version that holds."""
    return max(versions, key=lambda version: version.version)


def deciding(versions: Versions) -> Versions:
    """The versions that say something themselves: not those that only point to another person."""
    return [version for version in versions if version.merged_into is None] or versions
