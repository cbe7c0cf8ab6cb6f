"""What each service takes in while its memory is watched: valid, mixed, as much as is asked for.

A feed tells a service of so many people and, where it works by the calendar, lets days pass on
which there is something to do for everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import date

from bench import webhook_load
from bench.fed import Fed
from schemas.envelope import Event
from schemas.roster import PersonOnboarded
from support.notifiers import reminder
from support.reporting import University
from support.rollouts import held
from support.training import at, shipped_text

DEPARTMENTS = 150
# Kind, area of the department, year of study: three are required, each in another group.
MIX = (
    ("staff", "human-resources", None),
    ("graduate_student", "school-science", 4),
    ("faculty", "school-science", None),
    ("undergraduate", "school-engineering", 2),
)
PEOPLE_HEADER = (
    "person_id,login,email,display_name,onboarded_on,separated_on,effective_on,appointment_id,kind,"
    "paid,department_id,start_on,end_on,year_of_study,supervisor_id,leave_kind,leave_start_on,"
    "leave_end_on\n"
)
UNIVERSITY = University()


Feed = Callable[[Fed, int], Awaitable[None]]


async def feed_roster(fed: Fed, people: int) -> None:
    """The whole university in one file, and then the same with another name for everybody."""
    for name in ("Ada Lovelace", "Ada King"):
        rows = (
            f"{person_id},{person_id},{person_id}@example.edu,{name},2020-01-15,,,"
            f"a1,staff,true,d{number % DEPARTMENTS},2020-01-15,,,,,,\n"
            for number, person_id in ids(people)
        )
        await fed.post("/imports/people", "".join([PEOPLE_HEADER, *rows]).encode(), "text/csv")
        await fed.rest()


async def feed_rollout(fed: Fed, people: int) -> None:
    """Everybody, half of them complete; then releases, reminders and what is overdue."""
    await fed.step(at("10-06", "08:00"))
    await fed.post("/cycles", shipped_text().encode(), "application/yaml")
    await fed.send(departments())
    await fed.send(each for number, name in ids(people) for each in _facts(number, name))
    for day in ("10-30", "11-22", "12-11", "12-26"):
        await fed.step(at(day))


def _facts(number: int, person_id: str) -> Iterator[Event]:
    yield person(number, person_id)
    yield UNIVERSITY.completed(person_id, "ABC"[number % 3])


async def feed_completion(fed: Fed, people: int) -> None:
    """Everybody, and a signed webhook about each."""
    await fed.step(at("10-30"))
    await fed.send(
        event
        for number, name in ids(people)
        for event in (person(number, name), UNIVERSITY.contact(name))
    )
    await webhook_load.requests_per_s(fed.service.port, people)
    await fed.rest()


async def feed_notifier(fed: Fed, people: int) -> None:
    """Everybody is released and reminded, three of four complete: mail goes out for each."""
    await fed.step(at("10-30"))
    await fed.send([UNIVERSITY.cycle(), *departments()])
    await fed.send(each for number, name in ids(people) for each in _called_for(number, name))


def _called_for(number: int, person_id: str) -> Iterator[Event]:
    yield person(number, person_id)
    yield UNIVERSITY.contact(person_id)
    yield from _course(number, person_id)
    yield reminder(person_id, due_on=date(2023, 10, 6))


async def feed_reporting(fed: Fed, people: int) -> None:
    """Everybody with a course of obligations and mails; then two nights' editions."""
    await fed.step(at("10-06"))
    await fed.send([UNIVERSITY.cycle(), *departments()])
    await fed.send(each for number, name in ids(people) for each in _story(number, name))
    for day in ("10-07", "10-08"):
        await fed.step(at(day, "00:00"))


def _story(number: int, person_id: str) -> Iterator[Event]:
    yield person(number, person_id)
    yield UNIVERSITY.contact(person_id)
    yield from _course(number, person_id)
    yield UNIVERSITY.completed(person_id)
    for version, state in enumerate(("planned", "sending", "accepted"), 1):
        yield UNIVERSITY.mail(person_id, version=version, state=state)


def _course(number: int, person_id: str) -> Iterator[Event]:
    """An obligation's versions: scheduled, released, and for three of four completed."""
    department = f"d{number % DEPARTMENTS}"
    owes = UNIVERSITY.obligation
    yield owes(person_id, department, status="scheduled", released_at=None, due_on=None)
    yield owes(person_id, department, version=2)
    if number % 4:
        yield owes(person_id, department, version=3, status="completed", completed_at=at("10-05"))


def person(number: int, person_id: str) -> PersonOnboarded:
    """A person with one appointment."""
    kind, _, year = MIX[number % len(MIX)]
    appointment = held(f"d{number % DEPARTMENTS}", kind, year_of_study=year)
    return UNIVERSITY.person(person_id, appointments=(appointment,))


def departments() -> list[Event]:
    """The departments of all these people."""
    return [
        UNIVERSITY.department(f"d{number}", area_id=MIX[number % len(MIX)][1])
        for number in range(DEPARTMENTS)
    ]


def ids(people: int) -> Iterator[tuple[int, str]]:
    """So many people: number and institute id, as the webhooks name them."""
    return ((number, f"9{number:08d}") for number in range(people))


FEEDS: dict[str, tuple[Feed, int]] = {
    "roster": (feed_roster, 3),
    "rollout": (feed_rollout, 2),
    "completion": (feed_completion, 2),
    "notifier": (feed_notifier, 12),
    "reporting": (feed_reporting, 8),
}
"""By service: what it is fed, and how many events at least that makes of one person."""
