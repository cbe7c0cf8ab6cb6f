"""The recount and the service, each written from decision record 0002 alone, over made-up lives.

Leaves come and go, are told of late and taken back; ids are merged, split and merged again; holds
are set and lifted; completions are made under any id, and revoked. Both must come to the same.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from recount.facts import Appointment, Facts, Version
from recount.knowledge import Known, knowledge
from recount.office import Act, Office
from recount.recompute import Lives
from recount.standing import Learned
from recount_tests.people import CYCLE
from schemas.completion import CompletionState
from schemas.envelope import Event
from schemas.roster import Leave
from support.databases import Database
from support.rollouts import (
    AREAS,
    Rollout,
    department_events,
    held,
    module_event,
    person_event,
    rollout_on,
)

FIRST, LAST = date(2023, 9, 4), date(2024, 1, 31)
END = date(2024, 2, 28)
NOON = time(12)


@dataclass
class World:
    """What happens to some pairs of ids, one thing an id a day, always at noon."""

    dice: random.Random
    facts: Facts = field(default_factory=Facts)
    learned: dict[str, list[Learned]] = field(default_factory=dict)
    modules: list[tuple[date, CompletionState]] = field(default_factory=list)

    def live(self, pairs: int) -> None:
        opened = datetime(2023, 8, 15, 11, tzinfo=CYCLE.zone)
        self.facts.areas = {name: [(opened, area)] for name, area in AREAS.items()}
        acts: list[Act] = []
        for number in range(pairs):
            one, other = f"a{number:02}", f"b{number:02}"
            for person_id in (one, other):
                self._report(person_id, date(2023, 8, 16))
                for day in self._days(self.dice.randrange(4)):
                    self._report(person_id, day)
                self._complete(person_id)
            acts += self._office(one, other)
        self.facts.office = Office(acts)

    def _days(self, count: int) -> list[date]:
        span = (LAST - FIRST).days
        return sorted(FIRST + timedelta(days=n) for n in self.dice.sample(range(span), count))

    def _report(self, person_id: str, day: date) -> None:
        dice = self.dice
        leaves = []
        for _ in range(dice.choice((0, 0, 1, 1, 2))):
            start = self._days(1)[0]
            long = dice.choice((None, 0, 5, 20, 20, 60))
            leaves.append((start, None if long is None else start + timedelta(days=long)))
        department = dice.choice(("d-hr", "d-hr", "d-csail", "d-lincoln"))
        gone = dice.random() < 0.1 and day > FIRST
        self.facts.people.setdefault(person_id, []).append(
            Version(
                at_noon(day),
                person_id,
                "",
                day,
                date(2015, 9, 1),
                day - timedelta(days=dice.randrange(3)) if gone else None,
                (Appointment(person_id, "staff", True, department, date(2015, 9, 1), None, None),),
                tuple(leaves),
            )
        )

    def _complete(self, person_id: str) -> None:
        days = self._days(self.dice.choice((0, 1, 1, 2)))
        option = self.dice.choice("AB")
        words = self.learned.setdefault(person_id, [])
        for version, day in enumerate(days, 1):
            revoked = version == 2
            event = module_event(person_id, option, str(day), version=version, revoked=revoked)
            self.modules.append((day, event))
            words.append(
                Learned(
                    event.received_at,
                    event.source,
                    event.course,
                    version,
                    event.completed_at,
                    None if revoked else option,
                )
            )

    def _office(self, one: str, other: str) -> list[Act]:
        acts = []
        actions = ["merge", "split", "merge", "split"]
        for action, day in zip(actions, self._days(self.dice.randrange(5)), strict=False):
            into = other if action == "merge" else None
            acts.append(Act(at_noon(day), action, one, into))
        if self.dice.random() < 0.3:
            set_on, lifted_on = self._days(2)
            acts.append(Act(at_noon(set_on), "hold", other))
            acts.append(Act(at_noon(lifted_on), "lift", other))
        return acts

    def events(self) -> dict[date, list[Event]]:
        """What the roster and completion publish of it, by day."""
        found: dict[date, list[Event]] = {}
        for person_id in sorted(self.facts.people):
            survivor = person_id.replace("a", "b")
            for version, known in enumerate(knowledge(self.facts, person_id, CYCLE), 1):
                event = person_of(person_id, version, known, survivor)
                found.setdefault(event.received_at.astimezone(CYCLE.zone).date(), []).append(event)
        for day, module in self.modules:
            found.setdefault(day, []).append(module)
        return found


def at_noon(day: date) -> datetime:
    return datetime.combine(day, NOON, CYCLE.zone)


def person_of(person_id: str, version: int, known: Known, survivor: str) -> Event:
    """The version of the person event that says what was known."""
    told = known.version
    more: dict[str, Any] = {"merged_into": survivor} if known.merged else {}
    event = person_event(
        person_id,
        version=version,
        received=str(known.since.date()),
        effective_on=told.effective_on,
        separated_on=told.separated_on,
        leaves=tuple(Leave(start_on=a, end_on=b, pauses=True) for a, b in told.leaves),
        hold=known.hold,
        aliases=known.aliases,
        **more,
    )
    roles = () if known.merged else tuple(_held(each) for each in told.appointments)
    return event.model_copy(
        update={
            "appointments": roles,
            "received_at": known.since,
            "leaves": () if known.merged else event.leaves,
        }
    )


def _held(each: Appointment) -> Any:
    more = {"start_on": each.start_on, "end_on": each.end_on}
    return held(each.department_id, each.kind, each.appointment_id, **more)


async def run(rollout: Rollout, world: World, dice: random.Random) -> None:
    """Tell rollout everything on its day, in any order and partly twice."""
    await rollout.tell(*department_events())
    await rollout.publish()
    for day, events in sorted(world.events().items()):
        await rollout.until(str(day), "12:00")
        dice.shuffle(events)
        await rollout.tell(*events, *events[:3])
    await rollout.until(str(END), "12:00")


async def found_by(rollout: Rollout) -> dict[str, dict[str, Any]]:
    rows = {}
    for person_id, row in (await rollout.obligations()).items():
        released_at = row["released_at"]
        rows[person_id] = {
            "status": row["status"],
            "rule": row["rule"],
            "group": row["group_id"],
            "departments": tuple(row["department_ids"]),
            "planned_on": row["planned_on"],
            "released_on": released_at and released_at.astimezone(CYCLE.zone).date(),
            "due_on": row["due_on"],
            "completed_at": row["completed_at"],
            "option": row["option"],
            "supplemental": tuple(row["supplemental_options"]),
            "reopened": row["reopened"],
            "hold": row["hold"],
            "paused": row["paused"],
            "resumed": row["resumed"],
            "merged_from": tuple(row["merged_from"]),
        }
    return rows


@pytest.mark.parametrize("seed", range(6))
async def test_both_come_to_the_same_obligations_and_reminders(
    database: Callable[[str], Awaitable[Database]], seed: int
) -> None:
    dice = random.Random(seed)
    world = World(dice)
    world.live(pairs=30)
    lives = Lives(CYCLE, world.facts, world.learned, at_noon(END))
    courses = {person_id: lives.of(person_id).course for person_id in world.facts.people}
    async with rollout_on(await database("rollout")) as rollout:
        await run(rollout, world, dice)
        found = await found_by(rollout)
        reminders = await rollout.events("reminder")
    differing = {
        person_id: {
            name: (value, found[person_id][name])
            for name, value in expected.items()
            if value != found[person_id][name]
        }
        for person_id, course in courses.items()
        if (expected := vars(course.last)) != found[person_id]
    }
    assert differing == {}
    told = sorted(
        (e["person_id"], e["effective_on"], e["kind"], e["ordinal"], e["due_on"]) for e in reminders
    )
    expected_reminders = sorted(
        (person_id, str(each.on), each.kind, each.ordinal, str(each.due_on))
        for person_id, course in courses.items()
        for each in course.reminders
    )
    assert told == expected_reminders
