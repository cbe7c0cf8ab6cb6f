"""Projections: any order and any repetition of the same events gives the same rows and editions."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, date, datetime

import asyncpg
import pytest

from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.schedule import Due
from reporting import handlers
from reporting.editions import Editions
from reporting.subscribers import HANDLERS
from schemas.envelope import Event
from support.databases import Database
from support.reporting import University, disturbed, records, tombstone

NIGHT = Due("edition", "2023-10-06", datetime(2023, 10, 7, 4, tzinfo=UTC))


@pytest.fixture
async def connection(
    database: Callable[[str], Awaitable[Database]],
) -> AsyncIterator[Connection]:
    found = await asyncpg.connect((await database("reporting")).app_dsn)
    yield found
    await found.close()


def history(university: University) -> list[Event]:
    """Forty people in three departments, each through three versions."""
    events: list[Event] = [university.cycle()]
    events += [university.department(name) for name in ("maths", "physics", "music")]
    for number in range(40):
        person = f"p{number:02}"
        departments = (
            ("maths", "physics")
            if number % 7 == 0
            else ("maths", "physics", "music")[number % 3 :: 3]
        )
        last = ("released", "overdue", "completed", "exempt", "ended")[number % 5]
        events += [
            university.obligation(
                person, "maths", version=1, status="scheduled", released_at=None, due_on=None
            ),
            university.obligation(person, *departments, version=2),
            university.obligation(person, *departments, version=3, status=last),
            university.mail(person, version=1, state="sending"),
            university.mail(person, version=2),
        ]
    return events


async def take(connection: Connection, events: Sequence[Event]) -> None:
    """Hand events over in batches, as the consumer does."""
    for start in range(0, len(events), 37):
        batch = records(events[start : start + 37])
        async with connection.transaction():
            for topic, handler in HANDLERS.items():
                if of_topic := [record for record in batch if record.topic == topic]:
                    await handler(connection, of_topic)


async def editions(connection: Connection) -> dict[str, bytes]:
    async with connection.transaction():
        assert await Editions("America/New_York").make(connection, NIGHT, NIGHT.due_at)
        rows = await connection.fetch(
            "SELECT department_id, csv FROM edition "
            "JOIN edition_content USING (department_id, sha256)"
        )
    return {row["department_id"]: row["csv"] for row in rows}


async def test_shuffled_and_doubled_events_give_the_same_editions_byte_for_byte(
    database: Callable[[str], Awaitable[Database]], university: University
) -> None:
    found = []
    for seed in range(4):
        connection = await asyncpg.connect((await database("reporting")).app_dsn)
        events = history(university)
        await take(connection, disturbed(events, seed) if seed else events)
        found.append(await editions(connection))
        await connection.close()
    assert found[0].keys() == {"maths", "physics", "music"}
    assert found[1:] == found[:1] * 3
    assert b"p00,released,pilot,2023-09-12,2023-10-06,physics\n" in found[0]["maths"]


async def test_an_older_version_changes_nothing_and_stays_in_the_history(
    connection: Connection, university: University
) -> None:
    newer = university.obligation("p1", "maths", version=2, status="completed")
    await take(connection, [newer, university.obligation("p1", "maths", version=1)])
    assert await connection.fetchval("SELECT status FROM obligation") == "completed"
    rows = await connection.fetch("SELECT version, status FROM obligation_history ORDER BY version")
    assert [tuple(row) for row in rows] == [(1, "released"), (2, "completed")]


async def test_the_history_keeps_both_times(connection: Connection, university: University) -> None:
    heard = datetime(2023, 10, 5, 12, tzinfo=UTC)
    await take(
        connection,
        [university.obligation("p1", "x", received_at=heard, effective_on=date(2023, 9, 20))],
    )
    row = await connection.fetchrow("SELECT received_at, effective_on FROM obligation_history")
    assert row is not None
    assert tuple(row) == (heard, date(2023, 9, 20))


async def test_ids_with_quotes_backslashes_and_braces_survive(
    connection: Connection, university: University
) -> None:
    odd = ('a"b', "c\\d", "{e,f}", "", "NULL")
    await take(connection, [university.obligation("p1", *odd)])
    assert await connection.fetchval("SELECT department_ids FROM obligation") == list(odd)


async def test_a_department_that_only_an_obligation_names_is_known_until_the_roster_tells(
    connection: Connection, university: University
) -> None:
    await take(connection, [university.obligation("p1", "maths")])
    assert await connection.fetchval("SELECT name FROM department") == "maths"
    await take(connection, [university.department("maths")])
    await take(connection, [university.obligation("p2", "maths")])
    assert await connection.fetchval("SELECT name FROM department") == "Department of Maths"


async def name_of(connection: Connection, person_id: str) -> str | None:
    name: str | None = await connection.fetchval(
        "SELECT display_name FROM contact WHERE person_id = $1", person_id
    )
    return name


async def hand_over(connection: Connection, *batch: Record) -> None:
    async with connection.transaction():
        await handlers.take_contacts(connection, batch)


async def test_a_tombstone_erases_and_an_older_contact_does_not_bring_the_name_back(
    connection: Connection, university: University
) -> None:
    old, newer = records([university.contact("p1"), university.contact("p1", version=2)])
    await hand_over(connection, old, newer)
    assert await name_of(connection, "p1") == "Name of p1"
    await hand_over(connection, tombstone("p1"), old)
    await hand_over(connection, newer)
    assert await name_of(connection, "p1") is None


async def test_a_name_and_its_erasure_in_one_batch_leave_no_name(
    connection: Connection, university: University
) -> None:
    (contact,) = records([university.contact("p1")])
    await hand_over(connection, contact, tombstone("p1"), contact)
    assert await name_of(connection, "p1") is None


async def test_who_comes_back_after_an_erasure_has_a_name_again(
    connection: Connection, university: University
) -> None:
    old, newer = records([university.contact("p1"), university.contact("p1", version=2)])
    await hand_over(connection, old, tombstone("p1"), newer)
    assert await name_of(connection, "p1") == "Name of p1"


async def test_of_a_contact_only_name_and_login_are_kept_and_an_erasure_takes_both(
    connection: Connection, university: University
) -> None:
    await take(connection, [university.contact("p1", email="canary@example.edu")])
    row = await connection.fetchrow("SELECT * FROM contact")
    assert row is not None
    kept = {"person_id": "p1", "version": 1, "display_name": "Name of p1", "login": "p1"}
    assert dict(row) == kept
    await hand_over(connection, tombstone("p1"))
    row = await connection.fetchrow("SELECT * FROM contact")
    assert row is not None
    assert dict(row) == kept | {"display_name": None, "login": None}
