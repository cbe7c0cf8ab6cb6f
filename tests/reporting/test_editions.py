"""The nightly edition, on a real database and from real Kafka."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from chassis.postgres import Pool, open_pool
from chassis.schedule import DueWorker
from reporting.editions import EDITION, FIRST_EDITION, Editions
from reporting.store import projections
from reporting.subscribers import HANDLERS
from schemas.envelope import Event
from support.databases import Database
from support.reporting import CYCLE, MACHINE, RECEIVED, Reporting, University, records

MIDNIGHT = datetime(2023, 10, 3, 4, tzinfo=UTC)
HEADER = "person_id,status,group,released_on,due_on,other_departments\n"


@pytest.fixture
async def pool(database: Callable[[str], Awaitable[Database]]) -> AsyncIterator[Pool]:
    found = await open_pool((await database("reporting")).app_dsn, name="test")
    yield found
    await found.close()


class Midnight:
    """A calendar that stands at an instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def today(self, zone: str) -> date:
        raise AssertionError(zone)


async def take(pool: Pool, *events: Event) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for event in events:
            await HANDLERS[event.TOPIC](connection, records([event]))


def worker(pool: Pool, now: datetime = MIDNIGHT, chunk: int = 200) -> DueWorker:
    editions = Editions("America/New_York", chunk_departments=chunk)
    due = {EDITION: editions.make, FIRST_EDITION: editions.first}
    return DueWorker(pool, Midnight(now), due)


async def start_chain(pool: Pool) -> None:
    """What the first cycle plans, run while the calendar stands on 2 October 2023."""
    assert await worker(pool, RECEIVED).work_one()


async def fetch(pool: Pool, query: str) -> list[Any]:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL reporting.sees_all = 'yes'")
        return [tuple(row) for row in await connection.fetch(query)]


async def test_the_first_cycle_plans_the_edition_of_today_for_midnight(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle())
    await start_chain(pool)
    planned = await fetch(pool, "SELECT kind, key, due_at FROM due_work")
    assert planned == [("edition", "2023-10-02", MIDNIGHT)]
    await take(pool, university.cycle(version=2))
    assert await fetch(pool, "SELECT kind, key, due_at FROM due_work") == planned


async def test_every_known_department_has_an_edition_even_when_nobody_is_in_it(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle(), university.department("maths"))
    await take(pool, university.department("empty"), university.obligation("p1", "maths"))
    await start_chain(pool)
    assert await worker(pool).work_one()
    found = await fetch(
        pool,
        "SELECT department_id, convert_from(csv, 'UTF8'), cutoff_at FROM edition "
        "JOIN edition_content USING (department_id, sha256) ORDER BY department_id",
    )
    assert found == [
        ("empty", HEADER, MIDNIGHT),
        ("maths", HEADER + "p1,released,pilot,2023-09-12,2023-10-06,\n", MIDNIGHT),
    ]


async def test_who_is_on_hold_or_not_asked_is_in_no_edition(
    pool: Pool, university: University
) -> None:
    quiet = ("not_in_scope", "supplemental", "ended")
    await take(pool, university.cycle(), university.obligation("held", "maths", hold=True))
    for status in quiet:
        await take(pool, university.obligation(status, "maths", status=status))
    await start_chain(pool)
    assert await worker(pool).work_one()
    ((content,),) = await fetch(pool, "SELECT csv FROM edition_content")
    assert content.decode() == HEADER
    assert await fetch(pool, "SELECT required, exempt FROM edition_night") == [(0, 0)]


async def test_a_person_in_two_departments_counts_once_in_the_whole(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle(), university.obligation("p1", "maths", "music"))
    await take(pool, university.obligation("p2", "maths", status="exempt"))
    await start_chain(pool)
    assert await worker(pool).work_one()
    assert await fetch(pool, "SELECT required, released, exempt FROM edition_night") == [(1, 1, 1)]
    rows = await fetch(pool, "SELECT department_id, required FROM edition ORDER BY 1")
    assert rows == [("maths", 1), ("music", 1)]


async def test_the_release_day_is_the_civil_day_in_the_cycles_zone(
    pool: Pool, university: University
) -> None:
    late = datetime(2023, 9, 13, 3, 30, tzinfo=UTC)  # still the 12th in New York
    await take(pool, university.cycle(), university.obligation("p1", "maths", released_at=late))
    await start_chain(pool)
    assert await worker(pool).work_one()
    ((content,),) = await fetch(pool, "SELECT csv FROM edition_content")
    assert b",2023-09-12," in content


async def test_each_edition_is_published_with_its_digest(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle(), university.obligation("p1", "maths"))
    await start_chain(pool)
    assert await worker(pool).work_one()
    ((payload, subject),) = await fetch(pool, "SELECT payload, subject FROM outbox")
    ((content,),) = await fetch(pool, "SELECT csv FROM edition_content")
    published = json.loads(payload)
    assert subject == f"maths/{CYCLE}/2023-10-02"
    assert published["sha256"] == hashlib.sha256(content).hexdigest()
    assert (published["required"], published["released"], published["done"]) == (1, 1, 0)


async def test_a_night_without_changes_stores_no_content_again(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle(), university.obligation("p1", "maths"))
    await start_chain(pool)
    for day in (3, 4, 5):
        assert await worker(pool, datetime(2023, 10, day, 4, tzinfo=UTC)).work_one()
    assert await fetch(pool, "SELECT count(*) FROM edition") == [(3,)]
    assert await fetch(pool, "SELECT count(*) FROM edition_content") == [(1,)]


async def test_a_late_run_makes_each_missed_edition_with_its_true_cut_off(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle(), university.obligation("p1", "maths"))
    await start_chain(pool)
    late = datetime(2023, 10, 4, 15, tzinfo=UTC)
    while await worker(pool, late).work_one():
        pass
    found = await fetch(pool, "SELECT business_date, cutoff_at FROM edition ORDER BY 1")
    assert found == [(date(2023, 10, 2), late), (date(2023, 10, 3), late)]
    assert await fetch(pool, "SELECT key FROM due_work") == [("2023-10-04",)]


async def test_an_edition_killed_in_the_middle_is_finished_and_no_department_comes_twice(
    pool: Pool, university: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    departments = [f"d{number}" for number in range(5)]
    await take(pool, university.cycle(), *[university.department(d) for d in departments])
    await take(pool, *[university.obligation(f"p-{d}", d) for d in departments])
    await start_chain(pool)
    assert await worker(pool, chunk=2).work_one()
    with monkeypatch.context() as broken:
        broken.setattr("reporting.editions.publish", die_in_postgres)
        with pytest.raises(asyncpg.InterfaceError):
            await worker(pool, chunk=2).work_one()
    assert await fetch(pool, "SELECT count(*) FROM edition") == [(2,)]

    while await worker(pool, chunk=2).work_one():
        pass
    found = await fetch(pool, "SELECT department_id FROM edition ORDER BY 1")
    assert [department for (department,) in found] == departments
    subjects = await fetch(pool, "SELECT subject FROM outbox ORDER BY subject")
    assert [s for (s,) in subjects] == [f"{d}/{CYCLE}/2023-10-02" for d in departments]
    assert await fetch(pool, "SELECT required FROM edition_night") == [(5,)]
    assert await fetch(pool, "SELECT key FROM due_work") == [("2023-10-03",)]


async def die_in_postgres(connection: Any, *_: Any, **__: Any) -> None:
    """The editions are written, the events are not, and the backend is cut."""
    await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_cycle_long_over_gets_no_editions_but_the_nights_go_on(
    pool: Pool, university: University
) -> None:
    groups = [{"group": "g", "title": "G", "start_on": "2018-01-01", "due_on": "2018-06-30"}]
    await take(pool, university.cycle(groups=groups), university.department("maths"))
    await start_chain(pool)
    assert await worker(pool).work_one()
    assert await fetch(pool, "SELECT count(*) FROM edition") == [(0,)]
    assert await fetch(pool, "SELECT key FROM due_work") == [("2023-10-03",)]


async def test_without_a_viewer_postgres_shows_no_edition(
    pool: Pool, university: University
) -> None:
    await take(pool, university.cycle(), university.obligation("p1", "maths"))
    await take(pool, university.obligation("p2", "music"))
    await start_chain(pool)
    assert await worker(pool).work_one()
    async with pool.acquire() as connection:
        assert await connection.fetch("SELECT * FROM edition") == []
        async with connection.transaction():
            await connection.execute("""SET LOCAL reporting.departments = '["music"]'""")
            rows = await connection.fetch("SELECT department_id FROM edition_content")
            assert [row["department_id"] for row in rows] == ["music"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO edition_content VALUES ('maths', 'x', 'forged')")
        for forbidden in (
            "ALTER TABLE edition DISABLE ROW LEVEL SECURITY",
            "DROP POLICY seen ON edition_content",
            "SET ROLE reporting_owner",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)


async def test_not_even_the_owning_role_reads_editions_without_a_viewer(
    database: Callable[[str], Awaitable[Database]], university: University
) -> None:
    place = await database("reporting")
    pool = await open_pool(place.app_dsn, name="test")
    await take(pool, university.cycle(), university.obligation("p1", "maths"))
    await start_chain(pool)
    assert await worker(pool).work_one()
    await pool.close()
    owner = await asyncpg.connect(place.owner_dsn)
    for table in ("edition", "edition_content"):
        assert await owner.fetch(f"SELECT * FROM {table}") == []
    await owner.close()


async def test_name_departments_twice_is_harmless(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for _ in range(2):
            await projections.name_departments(connection, ["maths", "maths"])
        assert await connection.fetchval("SELECT count(*) FROM department") == 1


async def test_from_events_on_kafka_to_the_rows_of_the_edition_over_http(
    reporting: Reporting, university: University
) -> None:
    await reporting.take(
        university.cycle(),
        university.department("maths"),
        university.obligation("p2", "maths"),
        university.obligation("p1", "maths", status="scheduled", released_at=None, due_on=None),
        university.obligation("p2", "maths", version=2, status="completed", option="A"),
    )
    await reporting.step(MIDNIGHT)
    answer = await reporting.client.get("/editions/2023-10-02/maths", headers=MACHINE)
    assert answer.text == (
        HEADER + "p1,scheduled,pilot,,,\n" + "p2,completed,pilot,2023-09-12,2023-10-06,\n"
    )
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    lines = (await reporting.client.get("/editions.ndjson", headers=MACHINE)).text.splitlines()
    assert [json.loads(line)["csv"] for line in lines] == [answer.text]


async def test_the_figures_count_each_group_and_whoever_was_released(
    reporting: Reporting, university: University
) -> None:
    await reporting.take(
        university.cycle(),
        university.obligation("p1", "maths", status="completed", option="A"),
        university.obligation("p2", "maths", "music", status="overdue"),
        university.obligation("left", "maths", status="ended"),
        university.obligation("held", "maths", hold=True),
        university.obligation("none", status="scheduled", group=None, released_at=None),
        university.mail("p1"),
        university.mail("p1", "confirmation"),
        university.mail("p2", state="uncertain"),
    )
    answer = await reporting.client.get(f"/figures/{CYCLE}", headers=MACHINE)
    numbers = ("required", "released", "done", "overdue", "mails")
    assert [(row["group"], *(row[name] for name in numbers)) for row in answer.json()] == [
        ("pilot", 2, 3, 1, 1, 2),
        ("graduate", 0, 0, 0, 0, 0),
        (None, 1, 0, 0, 0, 0),
    ]
    unknown = await reporting.client.get("/figures/2019", headers=MACHINE)
    assert (unknown.status_code, unknown.json()["title"]) == (404, "No such cycle")
    assert (await reporting.client.get(f"/figures/{CYCLE}")).status_code == 401


async def test_machines_need_the_token_and_get_problems_as_json(reporting: Reporting) -> None:
    for path in ("/editions/2023-10-02/maths", "/editions.ndjson"):
        assert (await reporting.client.get(path)).status_code == 401
    missing = await reporting.client.get("/editions/2023-10-02/maths", headers=MACHINE)
    assert (missing.status_code, missing.json()["title"]) == (404, "No such edition")
