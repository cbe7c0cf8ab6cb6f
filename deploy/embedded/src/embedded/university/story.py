"""The stage for the cases: who plays what, and which import tells it when."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Literal

from embedded.university.model import Appointment, Department, Person
from embedded.university.population import Registrar
from embedded.university.schedule import (
    AFTERNOON,
    MORNING,
    OPENS_ON,
    Window,
    is_exempt,
    window_of,
    working_day_from,
    working_days,
)

_WEDNESDAY = 2
LOAD_AT = datetime.combine(OPENS_ON, MORNING)

Action = Literal["hold", "lift", "merge", "split"]


@dataclass(frozen=True, slots=True)
class Act:
    """Something the office does; `into` is the id that stays in a merge."""

    at: datetime
    action: Action
    person_id: str
    into: str | None = None

    def as_json(self) -> str:
        """One line of office.jsonl; the moment is the institution's."""
        told = {"at": f"{self.at:%Y-%m-%dT%H:%M}", "action": self.action}
        told["person_id"] = self.person_id
        return json.dumps(told | ({"into": self.into} if self.into else {}))


Habit = str | datetime
"""How a person learns: the name of a habit, or the very moment they finish."""


@dataclass
class Story:
    """Everything known while the script is being written.

    `loaded` is the initial load, `newest` each person's record as last told to the platform, and
    `known_on` the day it first heard of those who come later. A person plays one case only, so
    that every case can be told by itself. `acts` is what the office does, `seated` who gets a
    committee seat when; of those in `by_id` learning systems speak by person id only.
    """

    rng: Random
    registrar: Registrar
    departments: dict[str, Department]
    newest: dict[str, Person]
    known_on: dict[str, date] = field(default_factory=dict)
    habits: dict[str, Habit] = field(default_factory=dict)
    cases: dict[str, list[str]] = field(default_factory=dict)
    imports: dict[datetime, dict[str, Person]] = field(default_factory=dict)
    department_imports: dict[datetime, list[Department]] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    seated: list[tuple[str, datetime]] = field(default_factory=list)
    by_id: set[str] = field(default_factory=set)
    _free: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = list(self.newest)
        self.size = len(ids)
        self.loaded = dict(self.newest)
        self.rng.shuffle(ids)
        self._free = dict.fromkeys(ids)

    def share(self, of_all: float, at_least: int = 1) -> int:
        """How many people a case gets: a share of everybody, but never none."""
        return max(at_least, round(self.size * of_all))

    def cast(
        self, case: str, of_all: float, fits: Callable[[Person], bool], at_least: int = 1
    ) -> Iterator[Person]:
        """People who fit and play nothing else yet; fewer when there are not enough."""
        fitting = (pid for pid in self._free if fits(self.newest[pid]))
        chosen = [pid for pid, _ in zip(fitting, range(self.share(of_all, at_least)), strict=False)]
        for person_id in chosen:
            del self._free[person_id]
            self.remember(case, person_id)
            yield self.newest[person_id]

    def remember(self, case: str, who: str) -> None:
        """Note that this person, or this webhook, plays that case."""
        self.cases.setdefault(case, []).append(who)

    def load(self, person: Person) -> None:
        """Change a record of the initial load, before anybody has seen it."""
        self.loaded[person.person_id] = self.newest[person.person_id] = person

    def tell(self, person: Person, on: date, at: time = MORNING) -> None:
        """Put the whole record, true from its `effective_on`, into the import of that moment."""
        self.newest[person.person_id] = person
        self.known_on.setdefault(person.person_id, on)
        self.imports.setdefault(datetime.combine(on, at), {})[person.person_id] = person

    def retell(self, person: Person, on: date, **changes: object) -> None:
        """Tell changed fields of a known person; true from that day unless they say otherwise."""
        self.tell(replace(person, **{"effective_on": on} | changes), on)  # type: ignore[arg-type]

    def act(self, action: Action, person_id: str, after: date, into: str | None = None) -> date:
        """The office acts on its next afternoon after that day; returns the day."""
        on = office_day(after)
        self.acts.append(Act(datetime.combine(on, AFTERNOON), action, person_id, into))
        return on

    def working_day(self, first: date, last: date) -> date:
        """Some working day between two days, both included."""
        return self.rng.choice([day for day in working_days() if first <= day <= last])

    def department_in(self, *areas: str, but: str = "") -> Department:
        """Some department of these areas, other than `but`."""
        return self.rng.choice(
            [
                each
                for each in self.departments.values()
                if each.area_id in areas and each.department_id != but
            ]
        )

    def area_of(self, person: Person) -> str | None:
        """Area of the person's main appointment."""
        return self.departments[person.main.department_id].area_id

    def window(self, person: Person) -> Window | None:
        """The group's time for this person as last told."""
        return window_of(person, self.departments)

    def release_day(self, person: Person) -> date | None:
        """The day this person is asked; None for those who are not."""
        window = self.window(person)
        known_on = self.known_on.get(person.person_id, OPENS_ON)
        return window.release_day(person.person_id, known_on) if window else None

    def asked_by(self, person: Person, day: date) -> bool:
        """Whether the release came before that day."""
        released = self.release_day(person)
        return released is not None and released < day


def moved(
    person: Person, department: Department, on: date, kind: str | None = None
) -> tuple[Appointment, ...]:
    """The appointments after a transfer on that day: the main one ends the evening before."""
    old = person.main
    new = replace(
        old,
        appointment_id=f"{person.person_id}-{len(person.appointments) + 1}",
        kind=kind or old.kind,
        department_id=department.department_id,
        start_on=on,
        supervisor_id=None,
    )
    closed = replace(old, end_on=on - timedelta(days=1))
    return (*(closed if each == old else each for each in person.appointments), new)


def joined(
    person: Person, department: Department, on: date, *, kind: str, paid: bool = True
) -> tuple[Appointment, ...]:
    """The appointments with a further one in another department from that day."""
    number = len(person.appointments) + 1
    second = Appointment(f"{person.person_id}-{number}", kind, paid, department.department_id, on)
    return (*person.appointments, second)


def single(person: Person) -> bool:
    """Whether the person holds exactly one appointment."""
    return len(person.appointments) == 1


def is_staff(person: Person) -> bool:
    """Whether the person is paid staff and not exempt as newly onboarded."""
    return person.main.kind == "staff" and person.main.paid and not is_exempt(person)


def office_day(after: date) -> date:
    """The first Wednesday after a day, or the working day after it: the office acts once a week."""
    return working_day_from(after + timedelta(days=1 + (_WEDNESDAY - after.weekday() - 1) % 7))


def soon(day: date, days: int = 1) -> date:
    """The first working day at least that many days later."""
    return working_day_from(day + timedelta(days=days))
