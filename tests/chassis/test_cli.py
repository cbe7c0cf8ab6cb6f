"""Operators' commands: poison shown safely, troubles told in a sentence without a name."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from chassis import parked
from chassis.cli import create_cli
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.service import Service
from chassis.settings import ServiceSettings
from support.databases import Database
from support.events import completed, headers_for
from support.runtimes import TOKEN, TOPIC

NewDatabase = Callable[[str], Awaitable[Database]]


async def broken(connection: Connection, records: Sequence[Record]) -> None:
    raise ValueError("Zebulon Canary is not a number")


def create_service(settings: ServiceSettings) -> Service:
    return Service("chassis", settings, handlers={TOPIC: broken})


@pytest.fixture
async def db(database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> Database:
    made = await database("chassis")
    monkeypatch.setenv("DATABASE_URL", made.app_dsn)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setenv("MACHINE_TOKEN", TOKEN)
    return made


async def run(*arguments: str) -> Result:
    app = create_cli("chassis", ServiceSettings, create_service)
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def park(db: Database, key: bytes) -> None:
    event = completed("p1")
    record = parked.Parked(
        id=0,
        topic=TOPIC,
        partition=0,
        offset=0,
        key=key,
        headers=list(headers_for(event)),
        value=event.model_dump_json().encode(),
        reason="tried",
    )
    connection = await asyncpg.connect(db.app_dsn)
    try:
        await parked.park(connection, "chassis", [(record.raw(), record.reason)])
    finally:
        await connection.close()


async def test_nothing_parked_is_said(db: Database) -> None:
    listed = await run("parked", "list")
    assert (listed.exit_code, listed.stdout) == (0, "Nothing is parked.\n")


async def test_what_is_not_parked_cannot_be_retried_or_dropped(db: Database) -> None:
    for arguments in (("retry", "7"), ("drop", "7", "--reason", "test")):
        done = await run("parked", *arguments)
        assert (done.exit_code, done.stderr) == (1, "No record with id 7 is parked.\n")


async def test_a_hostile_key_is_listed_as_text(db: Database) -> None:
    await park(db, b"[/red] \x1b[2J \xff")
    listed = await run("parked", "list")
    assert listed.exit_code == 0
    assert "[/red] \ufffd[2J \ufffd" in listed.stdout
    assert "\x1b[2J" not in listed.stdout


async def test_a_retry_that_fails_again_tells_the_kind_of_error_and_no_name(db: Database) -> None:
    await park(db, b"p1")
    done = await run("parked", "retry", "1")
    assert (done.exit_code, done.stderr) == (1, "Not done: ValueError\n")
    assert "Zebulon" not in done.output
    assert isinstance(done.exception, SystemExit)
    assert "tried" in (await run("parked", "list")).stdout
