"""`roster import` at a terminal: mappings, quarantine, rejects, and who may decide."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from chassis.postgres import Connection
from support.databases import Database
from support.imports import crowd
from support.roster_cli import roster
from support.rosters import ADA, BEN, people_csv

FULL = 'extends = "rollcall"\nmode = "full"\n'


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def said(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "full.toml"
    path.write_text(FULL)
    return path


async def quarantined(place: Database, folder: Path, mapping: Path) -> str:
    """A file that waits for a second person; its id."""
    path = folder / "people.csv"
    arguments = ("import", "people", path, "--mapping", mapping, "--actor", "p-one", "--json")
    path.write_bytes(people_csv(*crowd(100)))
    await roster(place, *arguments)
    path.write_bytes(people_csv(*crowd(50)))
    waits = await roster(place, *arguments)
    assert waits.exit_code == 3, waits.stderr
    return str(said(waits)["import_id"])


async def test_a_file_that_would_do_harm_ends_with_status_3_and_can_be_looked_at(
    place: Database, tmp_path: Path, mapping: Path
) -> None:
    import_id = await quarantined(place, tmp_path, mapping)
    listed = await roster(place, "import", "list", "--state", "quarantined", "--json")
    assert [each["import_id"] for each in said(listed)] == [import_id]
    assert import_id in (await roster(place, "import", "list")).stdout
    shown = await roster(place, "import", "show", import_id)
    assert "separated" in shown.stdout
    assert "p0050 p0051" in shown.stdout
    assert "50 of 100 present people would be separated or change department" in shown.stderr


async def test_a_second_person_approves_and_the_file_is_applied(
    place: Database, tmp_path: Path, mapping: Path, connection: Connection
) -> None:
    import_id = await quarantined(place, tmp_path, mapping)
    arguments = ("import", "approve", import_id, "--reason", "end_of_term", "--json")
    same = await roster(place, *arguments, "--actor", "p-one")
    assert same.exit_code == 1
    assert "ask a second person" in same.stderr
    done = await roster(place, *arguments, "--actor", "p-two")
    assert done.exit_code == 0, done.stderr
    assert (said(done)["state"], said(done)["separated"]) == ("applied", 50)
    gone = "SELECT count(*) FROM person WHERE facts ? 'separated_on'"
    assert await connection.fetchval(gone) == 50


async def test_a_second_person_rejects_and_nothing_changes(
    place: Database, tmp_path: Path, mapping: Path, connection: Connection
) -> None:
    import_id = await quarantined(place, tmp_path, mapping)
    done = await roster(
        place, "import", "reject", import_id, "--actor", "p-two", "--reason", "incomplete_file"
    )
    assert done.exit_code == 0, done.stderr
    shown = said(await roster(place, "import", "show", import_id, "--json"))
    assert (shown["state"], shown["decided_by"], shown["reason"]) == (
        "rejected",
        "p-two",
        "incomplete_file",
    )
    assert await connection.fetchval("SELECT count(*) FROM import_person") == 0


async def test_what_is_not_there_is_said_in_a_sentence(place: Database) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for arguments in (("show", nobody), ("resume", nobody)):
        answer = await roster(place, "import", *arguments)
        assert (answer.exit_code, answer.stderr) == (1, "No such import.\n")
    assert (await roster(place, "import", "list")).stdout == "No files.\n"
    assert (await roster(place, "import", "approve", nobody)).exit_code == 2


async def test_bad_rows_are_left_out_and_written_beside_the_file(
    place: Database, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(people_csv(ADA, BEN | {"paid": "yes"}))
    done = await roster(place, "import", "people", path, "--skip-bad", "--json")
    assert done.exit_code == 0
    assert said(done)["onboarded"] == 1
    assert said(done)["file"]["rejected_rows"] == 1
    rejects = tmp_path / "people.csv.rejects.csv"
    assert done.stderr.replace("\n", "") == f"1 rows were not taken: {rejects}"
    assert "line 3, paid: expected true or false" in rejects.read_text()


async def test_where_no_row_is_bad_there_is_no_file_of_them(
    place: Database, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    for content, status in ((people_csv(ADA), 0), (b"", 1)):
        path.write_bytes(content)
        done = await roster(place, "import", "people", path, "--skip-bad")
        assert done.exit_code == status
        assert names_in(tmp_path) == ["people.csv"]


async def test_a_mapping_is_checked_listed_and_shown(place: Database, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.toml", tmp_path / "right.toml"
    wrong.write_text(f'{FULL}\n[fields]\nlogin = "Gender"\n')
    right.write_text(FULL)
    refused = await roster(place, "import", "mapping", "check", wrong)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("wrong.toml, line 5, fields.login: expected a column that")
    fine = await roster(place, "import", "mapping", "check", right)
    assert fine.stdout == "right: full files of hr, nothing wrong.\n"
    as_json = await roster(place, "import", "mapping", "check", wrong, "--json")
    assert said(as_json)["errors"][0]["key"] == "fields.login"
    listed = said(await roster(place, "import", "mapping", "list", "--json"))
    assert [each["name"] for each in listed] == [
        "banner",
        "oneroster",
        "peoplesoft",
        "rollcall",
        "workday",
    ]
    shown = await roster(place, "import", "mapping", "show", "banner")
    assert "PEBEMPL_TERM_DATE" in shown.stdout
    assert (await roster(place, "import", "mapping", "show", "sap")).exit_code == 1


async def test_a_mapping_that_cannot_be_used_ends_the_import(
    place: Database, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(people_csv(ADA))
    done = await roster(place, "import", "people", path, "--mapping", tmp_path / "none.toml")
    assert done.exit_code == 1
    assert done.stderr == ("none.toml: expected a file in UTF-8\nThe mapping cannot be used.\n")
