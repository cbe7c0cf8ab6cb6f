"""A service that was killed, or comes back with another sources file, goes on where it was."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from completion.settings import CompletionSettings
from support.completions import (
    CAMPUS,
    COMPLETIONS,
    OTHER,
    ROSTER,
    TOKEN,
    Completion,
    LearningSystem,
    new_person,
    running_here,
    said,
    settings_for,
    talking_to,
    write_sources,
)
from support.databases import Database
from support.slow_postgres import WithheldReplies
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]


@pytest.fixture
async def place(
    database: NewDatabase, fresh_topics: FreshTopics, tmp_path: Path
) -> tuple[Database, str, Path]:
    bootstrap = await fresh_topics(*ROSTER, COMPLETIONS)
    return await database("completion"), bootstrap, write_sources(tmp_path / "sources.toml")


@asynccontextmanager
async def process(settings: CompletionSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    """`completion run` as an operating system process of its own."""
    environment = {
        "COMPLETION_DATABASE_URL": settings.database_url.get_secret_value(),
        "COMPLETION_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "COMPLETION_MACHINE_TOKEN": TOKEN,
        "COMPLETION_CALENDAR": "stepped",
        "COMPLETION_SOURCES_FILE": str(settings.sources_file),
        "COMPLETION_HTTP_PORT": str(settings.http_port),
    }
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "completion", "run"), env=os.environ | environment
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_a_process_killed_between_commit_and_answer_loses_and_doubles_nothing(
    place: tuple[Database, str, Path],
) -> None:
    database, bootstrap, sources_file = place
    person = new_person()
    body = said(person)
    async with WithheldReplies(database.app_dsn, b"msg_killed").listening() as proxy:
        settings = settings_for(database, bootstrap, sources_file, database_url=proxy.dsn)
        async with process(settings) as started, talking_to(settings) as service:
            await service.step()
            others = [await service.post(said(person, f"course-{n}")) for n in range(20)]
            assert {answer.status_code for answer in others} == {202}
            post = asyncio.create_task(service.post(body, "msg_killed"))
            await eventually(lambda: committed(database, "msg_killed"))
            assert not post.done()
            started.kill()
            with pytest.raises(httpx.TransportError):
                await post
    async with running_here(settings_for(database, bootstrap, sources_file)) as service:
        await service.step()
        assert (await service.post(body, "msg_killed")).status_code == 202
        await service.meet(person)
        assert len(await service.fetch("SELECT FROM webhook_request")) == 21
        facts = await service.facts(person)
        assert sorted(fact["course"] for fact in facts) == sorted(
            ["psh23-b", *(f"course-{n}" for n in range(20))]
        )


async def committed(database: Database, webhook_id: str) -> bool:
    connection = await asyncpg.connect(database.app_dsn)
    try:
        query = "SELECT FROM webhook_request WHERE webhook_id = $1"
        return bool(await connection.fetch(query, webhook_id))
    finally:
        await connection.close()


async def test_a_course_listed_later_makes_the_completions_before_it_count(
    place: tuple[Database, str, Path],
) -> None:
    database, bootstrap, sources_file = place
    settings = settings_for(database, bootstrap, sources_file)
    person = new_person()
    async with running_here(settings) as service:
        await service.step()
        await service.meet(person)
        await service.tell(person, "psh23-late")
        await service.tell(person, "psh23-a")
    courses = {"psh23-late": ("2023-24", "C")}
    write_sources(sources_file, LearningSystem(CAMPUS.name, CAMPUS.keys, courses), OTHER)
    for _ in range(2):
        async with running_here(settings) as service:

            async def corrected() -> bool:
                found = [
                    (f["course"], f["version"], f["option"]) for f in await service.facts(person)
                ]
                return sorted(found, key=str) == [
                    ("psh23-a", 1, "A"),
                    ("psh23-late", 1, None),
                    ("psh23-late", 2, "C"),
                ]

            await eventually(corrected)


async def test_a_database_restored_from_an_older_backup_takes_no_version_twice(
    place: tuple[Database, str, Path],
) -> None:
    database, bootstrap, sources_file = place
    settings = settings_for(database, bootstrap, sources_file)
    person = new_person()
    days = [f"2023-10-{day:02d}T09:00:00-04:00" for day in range(1, 9)]
    async with running_here(settings) as service:
        await service.step()
        await service.meet(person)
        await service.tell(person, completed_at=days[1])
        await service.tell(person, status="revoked", completed_at=days[2])
        await service.tell(person, completed_at=days[4])
        await service.tell(person, "psh23-a", completed_at=days[4])
        await as_it_was_before(service)
    async with running_here(settings) as service:
        await service.tell(person, status="revoked", completed_at=days[6])
        await service.tell(person, "psh23-a", completed_at=days[4])
        found = [(f["course"], f["version"], f["what"]) for f in await service.facts(person)]
    assert found == [
        ("psh23-b", 1, "completed"),
        ("psh23-b", 2, "revoked"),
        ("psh23-b", 3, "completed"),
        ("psh23-a", 1, "completed"),
        ("psh23-b", 4, "revoked"),
    ]


async def as_it_was_before(service: Completion) -> None:
    """What a restore leaves behind: older facts and statements, and older positions."""
    for statement in (
        "DELETE FROM webhook_request",
        "DELETE FROM module_statement",
        "DELETE FROM module_fact",
        "UPDATE consumer_position SET next_offset = 0",
    ):
        await service.fetch(statement)


async def test_nothing_is_interpreted_before_the_own_topic_was_read(
    place: tuple[Database, str, Path],
) -> None:
    database, bootstrap, sources_file = place
    settings = settings_for(database, bootstrap, sources_file)
    person = new_person()
    async with running_here(settings) as service:
        await service.step()
        await service.meet(person)
        await service.tell(person)
        await as_it_was_before(service)
        # Under a running process: the gate shuts, and opens when the topic has been read again.
        assert (await service.post(said(person, completed_at="2023-09-01T09:00:00Z"))).is_success

    async with running_here(settings) as service:
        await service.at_rest()
        facts = await service.facts(person)
    assert [(fact["version"], fact["completed_at"].month) for fact in facts] == [(1, 10), (2, 9)]
