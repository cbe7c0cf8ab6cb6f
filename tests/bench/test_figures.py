"""The benchmarks themselves: both halves do the same work, and the arithmetic is right."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg
import psutil
import pytest

from bench import memory, project, relay
from bench.__main__ import main
from bench.figure import Figure, summarise
from bench.figures import FIGURES
from bench.ground import Ground
from schemas.topics import SERVICES
from support.databases import Database

EVENTS = 4_000

OpenDatabase = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def ground(kafka: str, database: OpenDatabase) -> Ground:
    made = await database("chassis")
    return Ground(kafka, made.app_dsn, made.owner_dsn, EVENTS)


async def _fetch(ground: Ground, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_both_halves_of_the_projection_leave_the_same_table(ground: Ground) -> None:
    await project.prepare(ground)
    tables = []
    for half in (project.ours, project.ceiling):
        await project.reset(ground)
        assert await half(ground) > 0
        tables.append(await _fetch(ground, "SELECT * FROM standing ORDER BY person_id"))
    assert tables[0] == tables[1]
    assert len(tables[0]) == EVENTS // project.VERSIONS
    assert {row[3] for row in tables[0]} == {project.VERSIONS}


async def test_the_relay_empties_the_outbox(ground: Ground) -> None:
    await relay.reset(ground)
    assert await _fetch(ground, "SELECT count(*) FROM outbox") == [(EVENTS,)]
    assert await relay.ours(ground) > 0
    assert await _fetch(ground, "SELECT count(*) FROM outbox") == [(0,)]
    assert await relay.ceiling(ground) > 0


def test_an_event_of_the_projection_has_about_the_promised_size() -> None:
    sizes = {len(event.model_dump_json()) for event in project.completions(100)}
    assert 250 <= min(sizes) <= max(sizes) <= 290


def test_a_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() -> None:
    rounds = [(90.0, 100.0), (50.0, 50.0), (10.0, 40.0)]
    result = summarise(replace(FIGURES["project"], goal=0.9), rounds)
    assert (result.value, result.ceiling, result.ratio, result.rounds) == (50.0, 50.0, 0.9, 3)
    assert result.reached


@pytest.mark.parametrize(("at_most", "reached"), [(True, False), (False, True)])
def test_a_goal_is_a_floor_or_a_lid(at_most: bool, reached: bool) -> None:
    figure: Figure = replace(FIGURES["project"], goal=1.0, at_most=at_most)
    assert summarise(figure, [(11.0, 10.0)]).reached is reached


@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_digests_what_its_memory_is_measured_with(
    service: str, kafka: str, database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_setaffinity", lambda *_: None)
    made = await database(service)
    ground = Ground(kafka, made.app_dsn, made.owner_dsn, 300)
    await FIGURES[f"memory-{service}"].reset(ground)
    async with memory.digested(service, ground, ground.events) as pid:
        assert psutil.Process(pid).memory_info().rss < memory.LIMIT_MB * 1024 * 1024


def test_an_unknown_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nonsense"])
    assert ended.value.code == 2
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err
