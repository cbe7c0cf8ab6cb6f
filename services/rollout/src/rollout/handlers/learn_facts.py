"""New facts arrive: keep them, and settle the people they concern.

A department may concern a great many people; they are settled as due work, department by
department, so that a reorganisation does not hold up the stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from chassis.postgres import Connection
from chassis.schedule import Due, plan
from rollout.handlers.settle_people import settle_people
from rollout.store import facts
from schemas.completion import CompletionState
from schemas.envelope import Event
from schemas.roster import DepartmentChanged, PersonState

AREA_CHANGED = "department.area_changed"
CHUNK = 2_000

E = TypeVar("E", bound=Event)


async def learn_people(
    connection: Connection, people: Sequence[PersonState], now: datetime
) -> None:
    """Versions of one person are settled one after the other: each may have had consequences."""
    aliases = {alias for person in people for alias in person.aliases}
    await facts.hold_people(connection, aliases.union(person.person_id for person in people))
    await facts.mention_people(connection, aliases)
    for wave in waves(people):
        # Whom this wave splits off is no longer found by it afterwards.
        before = await facts.merged_with(connection, {person.person_id for person in wave})
        added = await facts.add_people(connection, wave)
        await settle_people(connection, before.union(added) if added else (), now)


async def learn_departments(
    connection: Connection, departments: Sequence[DepartmentChanged], now: datetime
) -> None:
    """A department whose area changed may move everybody in it."""
    for wave in waves(departments):
        changed = await facts.add_departments(connection, wave)
        # A key per version: work that is under way must not be waited for with a lock in hand.
        keys = [f"{department.department_id}/{department.version}" for department in changed]
        await plan(connection, [Due(AREA_CHANGED, key, now) for key in keys])


async def settle_department(connection: Connection, due: Due, now: datetime) -> bool:
    """Settle everybody in a department whose area changed; always finished in one go."""
    department_id, _, _ = due.key.rpartition("/")
    people = await facts.people_in(connection, department_id)
    for start in range(0, len(people), CHUNK):
        await settle_people(connection, people[start : start + CHUNK], now)
    return True


async def learn_completions(
    connection: Connection, completions: Sequence[CompletionState], now: datetime
) -> None:
    """Completions of people nobody has told of yet are kept, and count once they are known."""
    await facts.hold_people(connection, {completion.person_id for completion in completions})
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
