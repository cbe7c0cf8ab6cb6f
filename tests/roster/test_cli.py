"""The command line on a real database, to the point of killing it in the middle."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from chassis.postgres import Connection
from support.databases import Database
from support.roster_cli import environment, roster
from support.rosters import ADA, BEN, PHYSICS, departments_csv, people_csv
from support.waiting import eventually


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(people_csv(ADA, BEN))
    return path


async def test_a_file_is_imported_and_the_person_shown(place: Database, people: Path) -> None:
    done = await roster(place, "import", "people", people, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["onboarded"] == 2
    # No bar and nothing else where nobody watches.
    assert done.stderr == ""
    shown = json.loads((await roster(place, "person", "p1", "--json")).stdout)
    assert shown["current"]["version"] == 1
    table = (await roster(place, "person", "p1")).stdout
    assert "staff in physics, 2020-01-15 to -" in table
    assert "Lovelace" not in table


async def test_for_humans_counts_are_a_table_and_alarms_are_sentences(
    place: Database, people: Path
) -> None:
    done = await roster(place, "import", "people", people, "--dry-run")
    assert done.exit_code == 0
    assert "onboarded" in done.stdout
    assert "would be" in done.stdout
    assert done.stderr == "Look at department physics.\n"
    assert (await roster(place, "person", "p1")).exit_code == 1


async def test_departments_are_imported(place: Database, tmp_path: Path) -> None:
    path = tmp_path / "departments.csv"
    path.write_bytes(departments_csv(PHYSICS))
    done = await roster(place, "import", "departments", path, "--json")
    assert json.loads(done.stdout)["added"] == 1


async def test_mistakes_are_listed_line_by_line_and_the_status_is_1(
    place: Database, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(people_csv(ADA, BEN | {"paid": "[bold]yes"}))
    done = await roster(place, "import", "people", path)
    assert done.exit_code == 1
    assert done.stderr == (
        "wrong.csv, line 3, paid: expected true or false\nMistakes: 1. Nothing was applied.\n"
    )
    as_json = await roster(place, "import", "people", path, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout) == {
        "errors": [{"file": "wrong.csv", "line": 3, "column": "paid", "expected": "true or false"}],
        "more": 0,
    }


async def test_what_cannot_be_done_is_said_in_a_sentence(place: Database, people: Path) -> None:
    nowhere = "postgresql://nobody:secret@127.0.0.1:1/none"
    away = await roster(place, "import", "people", people, ROSTER_DATABASE_URL=nowhere)
    assert away.exit_code == 1
    assert away.stderr.startswith("The database did not do it: ")
    assert "Traceback" not in away.stderr
    unset = await roster(place, "import", "people", people, ROSTER_MACHINE_TOKEN="")
    assert unset.exit_code == 2
    assert unset.stderr.startswith("The environment variable ROSTER_MACHINE_TOKEN is wrong: ")
    assert (await roster(place, "import", "people", "missing.csv")).exit_code == 2


async def test_the_stepped_calendar_of_the_service_is_the_day_of_receipt(
    place: Database, people: Path, connection: Connection
) -> None:
    await connection.execute("INSERT INTO calendar (now) VALUES ('2023-10-02T12:00:00Z')")
    done = await roster(place, "import", "people", people, "--json", ROSTER_CALENDAR="stepped")
    assert json.loads(done.stdout)["received_at"] == "2023-10-02T12:00:00+00:00"


async def test_help_names_every_command(place: Database) -> None:
    top = (await roster(place, "--help")).stdout
    assert all(command in top for command in ("run", "migrate", "parked", "import", "person"))
    assert "--dry-run" in (await roster(place, "import", "people", "--help")).stdout


async def test_an_import_killed_in_the_middle_is_resumed_and_applied_exactly_once(
    place: Database, tmp_path: Path, connection: Connection
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(people_csv(*(ADA | {"person_id": f"p{n}"} for n in range(4_500))))
    # The second chunk of 2,000 waits at a contact that somebody else is writing.
    blocker = connection.transaction()
    await blocker.start()
    await connection.execute(
        "INSERT INTO contact VALUES ('p3000', 1, '2023-09-01', now(), 'x', NULL, NULL)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "roster", "import", "people", str(path), env=environment(place)
    )
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    await eventually(lambda: connection.fetchval(waits), timeout=60, because="the import waits")
    process.kill()
    await process.wait()
    await blocker.rollback()
    assert await connection.fetchval("SELECT count(*) FROM person") == 2_000
    (stopped,) = json.loads((await roster(place, "import", "list", "--json")).stdout)
    assert (stopped["state"], stopped["applied"], stopped["people"]) == ("applying", 2_000, 4_500)
    done = json.loads(
        (await roster(place, "import", "resume", stopped["import_id"], "--json")).stdout
    )
    assert (done["state"], done["onboarded"]) == ("applied", 4_500)
    assert await connection.fetchval("SELECT count(*) FROM person") == 4_500
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 9_000
    assert await connection.fetchval("SELECT count(*) FROM import_person") == 0
