"""Roster records written by hand, for the rules of the recount to be tried on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from recount.cycle import Cycle, read_cycle
from recount.facts import Appointment, Facts, Version
from recount.knowledge import Known, knowledge
from recount.office import Act, Office
from recount.recompute import Lives
from recount.standing import Course, Learned

CYCLE_FILE = Path(__file__).parents[2] / "services/rollout/src/rollout/cycles/2023-24.yaml"
CYCLE: Cycle = read_cycle(CYCLE_FILE)
PERSON = "900000001"
LOADED = "2023-09-01T08:00"
AREAS = {
    "hr": "human-resources",
    "lab": "vp-research",
    "biology": "school-science",
    "provost": "provost",
    "lincoln": "lincoln-laboratory",
    "nowhere": None,
}


def moment(text: str) -> datetime:
    """A civil moment of the institution."""
    return datetime.fromisoformat(text).replace(tzinfo=CYCLE.zone)


def job(
    kind: str,
    department: str,
    *,
    paid: bool = True,
    start: str = "2020-01-01",
    end: str | None = None,
    year: int | None = None,
    name: str = "1",
) -> Appointment:
    """An appointment, open unless it has an end."""
    until = date.fromisoformat(end) if end else None
    return Appointment(name, kind, paid, department, date.fromisoformat(start), until, year)


def told(
    *appointments: Appointment,
    at: str = LOADED,
    effective: str = "2023-09-01",
    onboarded: str = "2020-01-01",
    separated: str | None = None,
    person_id: str = PERSON,
    away: Sequence[tuple[str, str | None]] = (),
) -> Version:
    """A record as an import told it at that moment."""
    return Version(
        moment(at),
        person_id,
        f"{person_id}@example.edu",
        date.fromisoformat(effective),
        date.fromisoformat(onboarded),
        date.fromisoformat(separated) if separated else None,
        appointments,
        tuple(
            (date.fromisoformat(first), date.fromisoformat(last) if last else None)
            for first, last in away
        ),
    )


def done(at: str, action: str, person_id: str = PERSON, into: str | None = None) -> Act:
    """What the office did by hand at that moment."""
    return Act(moment(at), action, person_id, into)


def facts_of(
    *versions: Version,
    moved: dict[str, tuple[str, str]] | None = None,
    acts: Sequence[Act] = (),
) -> Facts:
    """These records; `moved` maps a department to when it got which area."""
    facts = Facts(office=Office(acts))
    for department, area in AREAS.items():
        facts.areas[department] = [(moment(LOADED), area)]
    for department, (at, area) in (moved or {}).items():
        facts.areas[department].append((moment(at), area))
    for version in versions:
        facts.people.setdefault(version.person_id, []).append(version)
    return facts


def known(*versions: Version) -> Known:
    """What these records amount to in the end."""
    return knowledge(facts_of(*versions), versions[0].person_id, CYCLE)[-1]


def learned(
    at: str,
    completed: str,
    option: str | None = "A",
    *,
    version: int = 1,
    course: str = "psh23-a",
) -> Learned:
    """A completion received at a moment; without an option it does not hold."""
    return Learned(moment(at), "campus-lms", course, version, moment(completed), option)


def course(
    *versions: Version,
    completions: Sequence[Learned] | Mapping[str, Sequence[Learned]] = (),
    moved: dict[str, tuple[str, str]] | None = None,
    acts: Sequence[Act] = (),
    of: str = "",
    until: str = "2024-04-02T00:00",
) -> Course:
    """The course until that moment, of the first of the people unless told otherwise."""
    facts = facts_of(*versions, moved=moved, acts=acts)
    person_id = of or versions[0].person_id
    by_id = completions if isinstance(completions, Mapping) else {person_id: completions}
    learned = {each: list(words) for each, words in by_id.items()}
    return Lives(CYCLE, facts, learned, moment(until)).of(person_id).course


def story(lived: Course) -> list[str]:
    """Each change of the person's line: night, status, group, release and due day."""
    return [
        f"{night} {row.status} {row.group} {row.released_on} {row.due_on}" if row else f"{night} -"
        for night, row in lived.nights
    ]


def reminders(lived: Course) -> list[str]:
    """Each reminder with the day it fell due."""
    return [f"{each.on} {each.kind} {each.ordinal}" for each in lived.reminders]


def mails(lived: Course) -> list[str]:
    """Each mail by kind and ordinal."""
    return [f"{each.kind} {each.ordinal}" for each in lived.mails]
