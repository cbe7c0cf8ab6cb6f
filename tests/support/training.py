"""People, areas and completions for tests of the rollout's rules, with everything defaulted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from rollout.cycle_file import read_cycle
from rollout.domain import (
    Appointment,
    Area,
    Case,
    Completion,
    Cycle,
    Decision,
    Obligation,
    Person,
    Reminder,
    Settlement,
    decide,
    settle,
)

BOSTON = ZoneInfo("America/New_York")
LONG_AGO = date(2015, 9, 1)


@cache
def shipped_text() -> str:
    """The 2023-24 cycle file as it is shipped."""
    return files("rollout").joinpath("cycles/2023-24.yaml").read_text(encoding="utf-8")


@cache
def shipped() -> Cycle:
    """The 2023-24 cycle as it is shipped."""
    return read_cycle(shipped_text()).cycle


def day(text: str) -> date:
    """`day("2023-09-11")`; `day("09-11")` is in the cycle's academic year."""
    if len(text) == 5:
        text = f"{2023 if text >= '07' else 2024}-{text}"
    return date.fromisoformat(text)


def at(text: str, clock: str = "09:00") -> datetime:
    """An instant on a civil day in Boston."""
    return datetime.combine(day(text), time.fromisoformat(clock), BOSTON).astimezone(UTC)


def appointment(
    kind: str = "staff", department_id: str = "d-physics", name: str = "a1", **more: Any
) -> Appointment:
    """An appointment: paid, held since long ago and still held."""
    given: dict[str, Any] = {"paid": True, "start_on": LONG_AGO, **more}
    return Appointment(name, kind, department_id=department_id, **given)


def person(*appointments: Appointment, **more: Any) -> Person:
    """Version 1 of a person, known since before the cycle."""
    given: dict[str, Any] = {
        "person_id": "p1",
        "version": 1,
        "effective_on": LONG_AGO,
        "received_at": at("08-15"),
        "onboarded_on": LONG_AGO,
        **more,
    }
    return Person(appointments=appointments, **given)


def next_version(before: Person, received: str, **changes: Any) -> Person:
    """The version after `before`, received at noon of that day."""
    return replace(
        before,
        version=before.version + 1,
        effective_on=day(received),
        received_at=at(received, "12:00"),
        **changes,
    )


def completion(option: str | None = "B", on: str = "09-20", **more: Any) -> Completion:
    """A valid completion, finished and received at noon of that day."""
    given: dict[str, Any] = {
        "source": "lms",
        "course": f"course-{option}",
        "version": 1,
        "cycle": "2023-24",
        "valid": True,
        "completed_at": at(on, "12:00"),
        "received_at": at(on, "12:05"),
        **more,
    }
    return Completion(option=option, **given)


def revoked(of: Completion, on: str) -> Completion:
    """The revocation of a completion, received at noon of that day."""
    return replace(of, version=of.version + 1, valid=False, received_at=at(on, "12:00"))


AREAS: Mapping[str, Area] = {
    f"d-{name}": Area(area, at("08-15"))
    for name, area in {
        "physics": "school-science",
        "csail": "vp-research",
        "haystack": "vp-research",
        "hr": "human-resources",
        "libraries": "libraries",
        "lincoln": "lincoln-laboratory",
        "nowhere": None,
    }.items()
}


def decided(*versions: Person, on: str = "09-15", cycle: Cycle | None = None) -> Decision:
    """The decision on a person on that day."""
    return decide(versions, AREAS, cycle or shipped(), day(on))


@dataclass
class Story:
    """One person's case over time: add facts, let days pass, look at the record."""

    versions: list[Person]
    completions: list[Completion] = field(default_factory=list)
    areas: dict[str, Area] = field(default_factory=lambda: dict(AREAS))
    cycle: Cycle = field(default_factory=shipped)
    record: Obligation | None = None
    reminded: list[tuple[date, Reminder]] = field(default_factory=list)
    releases: list[date] = field(default_factory=list)

    def learn(self, *facts: Person | Completion, at: datetime | None = None) -> Settlement:
        """Add facts and settle, at the instant the last was received unless told otherwise."""
        for fact in facts:
            if isinstance(fact, Person):
                self.versions.append(fact)
            else:
                self.completions.append(fact)
        return self.settle(at or max(fact.received_at for fact in facts))

    def settle(self, now: datetime, *, acts: bool = False) -> Settlement:
        case = Case(self.versions, self.areas, self.completions, self.record)
        settled = settle(self.cycle, case, now, acts=acts)
        self.record = settled.obligation
        today = self.cycle.today(now)
        self.reminded += [(today, reminder) for reminder in settled.reminders]
        self.releases += [today] if settled.released else []
        return settled

    def until(self, last: str) -> Obligation:
        """Work every day on which something is due, as the daily run does, up to `last`."""
        if self.record is None:
            self.settle(self.cycle.begins_at(self.cycle.opens_on), acts=True)
        while self.now.next_on is not None and self.now.next_on <= day(last):
            self.settle(self.cycle.begins_at(self.now.next_on), acts=True)
        return self.now

    @property
    def now(self) -> Obligation:
        assert self.record is not None
        return self.record

    @property
    def status(self) -> str:
        return self.now.standing.status.value


def story(*appointments: Appointment, facts: Iterable[Completion] = (), **more: Any) -> Story:
    """The story of one person with these appointments (a paid member of staff without any)."""
    return Story([person(*(appointments or (appointment(),)), **more)], list(facts))
