"""When a group is asked, as far as people's habits depend on it.

Written for the simulation alone: the platform decides by its cycle file, and shares none of this.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from hashlib import sha256

from embedded.university.departments import CENTRAL, LINCOLN, PILOT, RESEARCH, SCHOOLS
from embedded.university.model import Department, Person

OPENS_ON = date(2023, 9, 1)
ENDS_ON = date(2024, 4, 1)
# Everybody's exports run at the same hours: whoever drives the calendar has fewer stops to make.
MORNING = time(8)
AFTERNOON = time(16, 30)
EMPLOYEES_EXEMPT_FROM = date(2023, 7, 1)
EMPLOYEES = frozenset({"faculty", "staff"})
REQUIRED_YEAR = 3
NOTICE = timedelta(days=14)
REMINDED_BEFORE = (10, 5)

_CLOSURES = (
    (date(2023, 9, 4), date(2023, 9, 4)),
    (date(2023, 10, 9), date(2023, 10, 9)),
    (date(2023, 11, 10), date(2023, 11, 10)),
    (date(2023, 11, 23), date(2023, 11, 24)),
    (date(2023, 12, 21), date(2024, 1, 9)),
    (date(2024, 1, 15), date(2024, 1, 15)),
    (date(2024, 2, 19), date(2024, 2, 19)),
)


@cache
def working_days() -> tuple[date, ...]:
    """Every working day from the opening to a month after the end."""
    days = (OPENS_ON + timedelta(days=n) for n in range((ENDS_ON - OPENS_ON).days + 31))
    return tuple(
        day
        for day in days
        if day.weekday() < 5 and not any(first <= day <= last for first, last in _CLOSURES)
    )


def working_day_from(day: date) -> date:
    """That day, or the first working day after it."""
    return working_days()[bisect_left(working_days(), day)]


@dataclass(frozen=True, slots=True)
class Window:
    """One group's time: releases from `start_on` until `NOTICE` before `due_on`."""

    group: str
    start_on: date
    due_on: date

    def release_day(self, person_id: str, known_on: date) -> date:
        """The person's day; one who comes too late for it gets the working day after."""
        first = bisect_left(working_days(), self.start_on)
        end = bisect_left(working_days(), self.due_on - NOTICE + timedelta(days=1))
        digest = sha256(f"2023-24/{self.group}/{person_id}".encode()).digest()
        position = int.from_bytes(digest[:8], "big") / 2**64
        own = working_days()[first + int(position * (end - first))]
        return own if own > known_on else working_day_from(known_on + timedelta(days=1))

    def due_day(self, release_on: date) -> date:
        """Last day for somebody released then."""
        return max(self.due_on, release_on + NOTICE)


PILOT_WINDOW = Window("pilot", date(2023, 9, 11), date(2023, 10, 6))
GRADUATE_WINDOW = Window("graduate", date(2023, 10, 25), date(2023, 12, 1))
RESEARCH_WINDOW = Window("vp-research", date(2023, 11, 20), date(2023, 12, 20))
SCHOOLS_WINDOW = Window("schools", date(2024, 1, 10), date(2024, 2, 23))
CENTRAL_WINDOW = Window("central", date(2024, 2, 26), date(2024, 3, 29))


def is_exempt(person: Person) -> bool:
    """Whether a paid employee joined too recently to be asked, in the appointment of note."""
    main = person.main
    recent = person.onboarded_on >= EMPLOYEES_EXEMPT_FROM
    return main.kind in EMPLOYEES and main.paid and recent


def window_of(person: Person, departments: dict[str, Department]) -> Window | None:
    """The window of the appointment of note; None when nobody will ask this person."""
    main = person.main
    area = departments[main.department_id].area_id
    if area == LINCOLN or is_exempt(person) or not _is_asked(person):
        return None
    if area in PILOT:
        return PILOT_WINDOW
    if main.kind == "graduate_student":
        return GRADUATE_WINDOW
    if area == RESEARCH:
        return RESEARCH_WINDOW
    if area in SCHOOLS or main.kind == "faculty":
        return SCHOOLS_WINDOW
    return CENTRAL_WINDOW if area in CENTRAL else None


def _is_asked(person: Person) -> bool:
    main = person.main
    if main.kind == "graduate_student":
        return (main.year_of_study or 0) >= REQUIRED_YEAR
    return main.kind == "fellow" or (main.kind in EMPLOYEES and main.paid)
