"""Operators' commands: poison shown safely, troubles told in a sentence without a name."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from chassis import audit, parked
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
    monkeypatch.setenv("ROLLCALL_ACTOR", "900001")
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


DROP = ("parked", "drop", "1", "--reason", "Sent again by the source")


async def audited(db: Database) -> list[audit.Entry]:
    connection = await asyncpg.connect(db.app_dsn)
    try:
        assert (await audit.verify(connection)).sound
        return await audit.entries(connection)
    finally:
        await connection.close()


@pytest.mark.parametrize("command", [("parked", "retry", "1"), DROP])
async def test_what_a_human_changes_needs_to_say_who_it_is(
    db: Database, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    await park(db, b"p1")
    monkeypatch.delenv("ROLLCALL_ACTOR")
    done = await run(*command)
    assert done.exit_code == 2
    assert "Missing option '--actor' (env var: 'ROLLCALL_ACTOR')" in done.stderr
    done = await run(*command, "--actor", "ada@example.edu")
    assert done.exit_code == 2
    assert "never an address" in done.stderr
    assert "tried" in (await run("parked", "list")).stdout
    assert not await audited(db)


async def test_what_is_dropped_is_in_the_audit_with_who_and_why(db: Database) -> None:
    await park(db, b"Zebulon Canary")
    done = await run(*DROP, "--actor", "900007")
    assert (done.exit_code, done.stdout) == (0, "Dropped 1: Sent again by the source\n")
    (entry,) = await audited(db)
    assert (entry.actor, entry.action, entry.subject) == ("900007", "parked.drop", "parked/1")
    assert entry.reason == "Sent again by the source"
    assert entry.details == {"topic": TOPIC, "partition": 0, "offset": 0, "records": 1}
    assert "Nothing is parked." in (await run("parked", "list")).stdout


async def test_a_reason_with_an_address_is_refused_and_nothing_is_dropped(db: Database) -> None:
    await park(db, b"p1")
    done = await run("parked", "drop", "1", "--reason", "ada@example.edu asked")
    assert done.exit_code == 2
    assert "no address" in done.stderr
    assert "tried" in (await run("parked", "list")).stdout


async def test_a_retry_is_in_the_audit_when_it_worked_and_not_when_it_failed(db: Database) -> None:
    await park(db, b"p1")
    assert (await run("parked", "retry", "1")).exit_code == 1
    assert not await audited(db)
    mended = create_cli("chassis", ServiceSettings, lambda s: Service("c", s, handlers={TOPIC: ok}))
    done = await asyncio.to_thread(CliRunner().invoke, mended, ("parked", "retry", "1"))
    assert (done.exit_code, done.stdout) == (0, "Handled 1 records.\n")
    (entry,) = await audited(db)
    assert (entry.actor, entry.action, entry.reason) == ("900001", "parked.retry", None)


async def ok(connection: Connection, records: Sequence[Record]) -> None:
    """Whatever made the record fail has been mended."""


async def test_the_audit_is_listed_as_a_table_and_as_json(db: Database) -> None:
    assert (await run("audit", "list")).stdout == "Nothing of that kind was done.\n"
    await park(db, b"p1")
    await run(*DROP)
    table = (await run("audit", "list")).stdout
    assert "900001" in table
    assert f"topic={TOPIC} offset=0 records=1 partition=0" in " ".join(table.split())
    (entry,) = json.loads((await run("audit", "list", "--json")).stdout)
    assert (entry["seq"], entry["subject"]) == (1, "parked/1")
    for wanted, count in (
        (("--subject", "parked/1"), 1),
        (("--subject", "parked/2"), 0),
        (("--actor", "900001"), 1),
        (("--actor", "900002"), 0),
        (("--since", "2023-01-01"), 1),
        (("--since", "2999-01-01T00:00:00Z"), 0),
    ):
        listed = json.loads((await run("audit", "list", *wanted, "--json")).stdout)
        assert len(listed) == count, wanted
    wrong = await run("audit", "list", "--since", "last week")
    assert wrong.exit_code == 2
    assert "2023-10-06" in wrong.stderr


async def test_a_sound_audit_is_said_to_be_sound(db: Database) -> None:
    empty = await run("audit", "verify")
    assert (empty.exit_code, empty.stdout) == (
        0,
        f"The audit is sound: 0 entries, head 0:{'0' * 64}\n",
    )
    await park(db, b"p1")
    await run(*DROP)
    head = (await run("audit", "head")).stdout.strip()
    assert head.startswith("1:")
    assert json.loads((await run("audit", "head", "--json")).stdout)["seq"] == 1
    found = await run("audit", "verify", "--head", head, "--json")
    assert found.exit_code == 0
    expected = {"sound": True, "entries": 1, "head": head, "broken": None}
    assert json.loads(found.stdout) == expected


async def test_a_broken_audit_names_the_first_broken_entry(db: Database) -> None:
    for _ in range(3):
        await park(db, b"p1")
        parked_id = json.loads((await run("parked", "list", "--json")).stdout)[0]["id"]
        await run("parked", "drop", str(parked_id), "--reason", "test")
    head = (await run("audit", "head")).stdout.strip()
    await tamper(db, "UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2")
    found = await run("audit", "verify")
    assert (found.exit_code, found.stderr) == (
        1,
        "Entry 2 is broken: its hash does not fit it and the entries before it.\n",
    )
    await tamper(db, "DELETE FROM audit_entry WHERE seq >= 2")
    assert (await run("audit", "verify")).exit_code == 0
    found = await run("audit", "verify", "--head", head, "--json")
    assert found.exit_code == 1
    broken = {"seq": 2, "why": "it is missing: there were 3 entries before"}
    assert json.loads(found.stdout)["broken"] == broken


async def tamper(db: Database, statement: str) -> None:
    owner = await asyncpg.connect(db.owner_dsn)
    try:
        await owner.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_stays")
        await owner.execute(statement)
    finally:
        await owner.close()


async def test_a_head_that_is_none_is_refused(db: Database) -> None:
    found = await run("audit", "verify", "--head", "yesterday")
    assert found.exit_code == 2
    assert "SEQ:HASH" in found.stderr
