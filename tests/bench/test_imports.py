"""The figures of imports: both halves do the same work, and nobody is written for nothing."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from bench import imports
from bench.figure import Figure
from bench.ground import Ground
from support.databases import Database

EVENTS = 6_000
OpenDatabase = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def ground(database: OpenDatabase) -> Ground:
    made = await database("roster")
    return Ground("127.0.0.1:1", made.app_dsn, made.owner_dsn, EVENTS)


async def fetch(ground: Ground, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


@pytest.mark.parametrize("figure", imports.FIGURES, ids=lambda figure: figure.name)
async def test_both_halves_leave_the_same_people_and_contacts(
    ground: Ground, figure: Figure
) -> None:
    people = "SELECT person_id, version, change, facts, hold FROM person ORDER BY 1"
    contacts = "SELECT person_id, version, display_name, email, login FROM contact ORDER BY 1"
    told = "SELECT count(*) FROM outbox WHERE aggregatetype = 'roster.person.v1'"
    found = []
    for half in (figure.ours, figure.ceiling):
        await figure.reset(ground)
        assert await half(ground) > 0
        found.append([await fetch(ground, query) for query in (people, contacts, told)])
    assert found[0] == found[1]
    changed = EVENTS if figure.name == "import_full" else EVENTS // imports.CHANGED_EVERY
    assert found[0][2] == [(changed,)]


async def test_of_a_file_with_one_per_cent_changes_only_those_are_written(ground: Ground) -> None:
    await imports.reset_full(ground)
    await imports.ours_again(ground)
    for table, rows in (("person_version", 60), ("report", EVENTS + 60), ("outbox", 60)):
        assert await fetch(ground, f"SELECT count(*) FROM {table}") == [(rows,)]
    assert await fetch(ground, "SELECT max(version) FROM contact") == [(1,)]
