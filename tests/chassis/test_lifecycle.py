"""A service as a process: it waits, serves, finishes the batch at hand and ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from embedded.leash import leashed, stop
from embedded.ports import LOOPBACK, free_port
from support.databases import Database
from support.events import completed, send_events
from support.runtimes import TOKEN, TOPIC, create_seen
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]

SLOW_SERVICE = """
import asyncio, os
from chassis.service import Service, run
from chassis.settings import ServiceSettings

async def slowly(connection, records):
    keys = [record.key for record in records]
    await connection.execute("INSERT INTO seen SELECT unnest($1::text[]), 0", keys)
    open(os.environ["MARK"], "w").close()
    await asyncio.sleep(1.0)
    await connection.execute("UPDATE seen SET version = 1")

run(Service("chassis", ServiceSettings(), handlers={"completion.module.v1": slowly}))
"""


@contextmanager
def process(tmp_path: Path, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    started = leashed(
        [sys.executable, "-c", SLOW_SERVICE],
        log=tmp_path / "service.log",
        env=dict(os.environ) | dict(environment),
    )
    try:
        yield started
    finally:
        stop(started, grace=10.0)


@pytest.fixture
async def place(
    database: NewDatabase, fresh_topics: FreshTopics, tmp_path: Path
) -> tuple[str, Database, dict[str, str]]:
    bootstrap, db = await fresh_topics(TOPIC), await database("chassis")
    await create_seen(db)
    environment = {
        "DATABASE_URL": db.app_dsn,
        "KAFKA_BOOTSTRAP": bootstrap,
        "MACHINE_TOKEN": TOKEN,
        "HTTP_PORT": str(free_port()),
        "MARK": str(tmp_path / "working"),
    }
    return bootstrap, db, environment


async def rows(db: Database) -> list[tuple[str, int]]:
    connection = await asyncpg.connect(db.owner_dsn)
    try:
        found = await connection.fetch("SELECT person_id, version FROM seen")
    finally:
        await connection.close()
    return [(row["person_id"], row["version"]) for row in found]


async def test_a_service_told_to_stop_finishes_the_batch_at_hand_and_leaves_with_0(
    place: tuple[str, Database, dict[str, str]], tmp_path: Path
) -> None:
    bootstrap, db, environment = place
    await send_events(bootstrap, [completed("p1")])
    with process(tmp_path, environment) as service:
        await eventually((tmp_path / "working").exists, timeout=20)
        service.send_signal(signal.SIGTERM)
        await eventually(lambda: service.poll() is not None, timeout=20)
        assert service.returncode in {0, -signal.SIGTERM}
    assert await rows(db) == [("p1", 1)]


async def test_a_service_killed_in_the_middle_of_a_batch_does_it_again_from_the_start(
    place: tuple[str, Database, dict[str, str]], tmp_path: Path
) -> None:
    bootstrap, db, environment = place
    await send_events(bootstrap, [completed("p1")])
    with process(tmp_path, environment) as service:
        await eventually((tmp_path / "working").exists, timeout=20)
        service.kill()
        service.wait()
    assert await rows(db) == []
    with process(tmp_path, environment):
        await eventually(lambda: _settled(db), timeout=40)
    assert await rows(db) == [("p1", 1)]


async def _settled(db: Database) -> bool:
    return await rows(db) == [("p1", 1)]


async def test_probes_answer_before_kafka_and_postgres_do(
    place: tuple[str, Database, dict[str, str]], tmp_path: Path
) -> None:
    _, _, environment = place
    nowhere = f"{LOOPBACK}:{free_port()}"
    url = f"http://{LOOPBACK}:{environment['HTTP_PORT']}"
    with process(tmp_path, environment | {"KAFKA_BOOTSTRAP": nowhere}):
        async with httpx.AsyncClient() as client:

            async def says_what_for() -> bool:
                try:
                    ready = await client.get(f"{url}/health/ready")
                except httpx.TransportError:
                    return False
                return "waiting for Kafka" in ready.text and ready.status_code == 503

            await eventually(says_what_for, timeout=20)
            assert (await client.get(f"{url}/health/live")).status_code == 200
            metrics = await client.get(f"{url}/metrics")
            assert "rollcall_records_consumed" in metrics.text
            progress = await client.get(f"{url}/progress")
            assert progress.status_code == 503
            assert progress.headers["content-type"] == "application/problem+json"


def test_no_test_believes_in_a_broker_made_of_memory() -> None:
    """FastStream's has no partitions, offsets, groups or retries: facts of its own."""
    tests = Path(__file__).parent.parent
    name = "Test" + "KafkaBroker"
    believers = [path.name for path in tests.rglob("*.py") if name in path.read_text()]
    assert not believers
