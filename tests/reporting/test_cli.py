"""The command line, as the process it is."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from chassis.schedule import Due
from reporting.editions import Editions
from reporting.subscribers import HANDLERS
from schemas.envelope import Event
from support.databases import Database
from support.reporting import CYCLE, MIDNIGHT, TOKEN, University, records

HEADER = "person_id,status,group,released_on,due_on,other_departments\n"


@pytest.fixture
async def full(database: Callable[[str], Awaitable[Database]], university: University) -> Database:
    """A database with the editions of 2 October."""
    found = await database("reporting")
    await add(found, university.cycle(), university.obligation("p1", "maths"))
    await add(found, university.obligation("p2", "../etc"))
    await night(found)
    return found


async def add(database: Database, *events: Event) -> None:
    connection = await asyncpg.connect(database.app_dsn)
    for event in events:
        async with connection.transaction():
            await HANDLERS[event.TOPIC](connection, records([event]))
    await connection.close()


async def night(database: Database) -> None:
    connection = await asyncpg.connect(database.app_dsn)
    async with connection.transaction():
        due = Due("edition", "2023-10-02", MIDNIGHT)
        assert await Editions("America/New_York").make(connection, due, MIDNIGHT)
    await connection.close()


async def reporting(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "REPORTING_DATABASE_URL": database.app_dsn,
        "REPORTING_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "REPORTING_MACHINE_TOKEN": TOKEN,
    }
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "reporting", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_editions_are_exported_as_files_by_date_and_department(
    full: Database, tmp_path: Path
) -> None:
    done = await reporting(full, "editions", "export", "--out", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["editions"] == 2
    folder = tmp_path / "out" / "2023-10-02"
    assert (folder / "maths.csv").read_bytes().decode() == (
        HEADER + "p1,released,pilot,2023-09-12,2023-10-06,\n"
    )
    # An id is data: it chooses no folder.
    assert sorted(p.name for p in folder.iterdir()) == ["..%2Fetc.csv", "maths.csv"]


async def test_a_folder_that_cannot_be_written_is_a_sentence(
    full: Database, tmp_path: Path
) -> None:
    taken = tmp_path / "a-file"
    taken.write_text("in the way")
    done = await reporting(full, "editions", "export", "--out", str(taken))
    assert done.returncode == 1
    assert "cannot be written: Not a directory." in done.stderr.replace("\n", " ")


async def test_an_edition_is_shown_as_it_was_made(full: Database) -> None:
    shown = await reporting(full, "edition", "show", "maths", "2023-10-02")
    assert shown.stdout.startswith(HEADER)
    told = json.loads(
        (await reporting(full, "edition", "show", "maths", "2023-10-02", "--json")).stdout
    )
    assert (told["required"], told["cutoff_at"]) == (1, "2023-10-03T04:00:00+00:00")


async def test_editions_are_listed_for_people_and_for_programs(full: Database) -> None:
    listed = await reporting(full, "editions", "list", "--on", "2023-10-02")
    assert "maths" in listed.stdout
    data = json.loads((await reporting(full, "editions", "list", "--json")).stdout)
    assert {each["department_id"] for each in data} == {"maths", "../etc"}
    assert {each["cycle"] for each in data} == {CYCLE}


async def test_mistakes_end_with_a_sentence_and_status_1(
    full: Database, university: University, tmp_path: Path
) -> None:
    await add(full, university.cycle(cycle="2024-25", groups=[group(2024)]))
    for arguments, sentence in (
        (("edition", "show", "nowhere", "2023-10-02", "--cycle", CYCLE), "There is no edition"),
        (("edition", "show", "maths", "yesterday"), "is not a date"),
        (("editions", "export", "--out", str(tmp_path)), "several cycles"),
        (("editions", "export", "--out", str(tmp_path), "--cycle", "x"), "There is no cycle x"),
    ):
        done = await reporting(full, *arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert sentence in done.stderr.replace("\n", " "), done.stderr


def group(year: int) -> dict[str, object]:
    return {"group": "g", "title": "G", "start_on": date(year, 9, 1), "due_on": date(year, 10, 1)}


async def test_without_settings_it_names_the_variable() -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "reporting", "editions", "list"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "REPORTING_DATABASE_URL is not set" in done.stderr


async def test_help_names_the_commands() -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "reporting", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for command in ("run", "migrate", "parked", "editions", "edition"):
        assert command in done.stdout
