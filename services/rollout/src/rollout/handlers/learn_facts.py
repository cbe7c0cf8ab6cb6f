"""New facts arrive: keep them, and settle the people they concern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from chassis.postgres import Connection
from rollout.handlers.settle_people import settle_people
from rollout.store import facts
from schemas.completion import CompletionState
from schemas.envelope import Event
from schemas.roster import DepartmentChanged, PersonState

CHUNK = 2_000

E = TypeVar("E", bound=Event)


async def learn_people(
    connection: Connection, people: Sequence[PersonState], now: datetime
) -> None:
    """Versions of one person are settled one after the other: each may have had consequences."""
    for wave in waves(people):
        await settle_people(connection, await facts.add_people(connection, wave), now)


async def learn_departments(
    connection: Connection, departments: Sequence[DepartmentChanged], now: datetime
) -> None:
    """A department whose area changed may move everybody in it."""
    for wave in waves(departments):
        changed = await facts.add_departments(connection, wave)
        people = await facts.people_in(connection, changed) if changed else []
        for start in range(0, len(people), CHUNK):
            await settle_people(connection, people[start : start + CHUNK], now)


async def learn_completions(
    connection: Connection, completions: Sequence[CompletionState], now: datetime
) -> None:
    """Completions of people nobody has told of yet are kept, and count once they are known."""
    people = await facts.add_completions(connection, completions)
    await settle_people(connection, people, now)


def waves(events: Sequence[E]) -> Iterator[list[E]]:
    """The first version of each aggregate, then the second of each, ...; no repetitions."""
    versions: dict[str, dict[int, E]] = {}
    for event in events:
        versions.setdefault(event.subject, {})[event.version] = event
    ordered = [[each[version] for version in sorted(each)] for each in versions.values()]
    for number in range(max(map(len, ordered), default=0)):
        yield [each[number] for each in ordered if number < len(each)]
