"""--skip-bad: the good people are taken, the bad ones go to a file with the reason behind."""

import csv
import io

import pytest

from chassis.postgres import Connection
from roster.csv_import.errors import InvalidFile
from roster.csv_import.rejects import REASON, RejectsFile, neutral
from support.csv_cases import ROLLCALL, people_of
from support.imports import FULL, crowd, kinds, load, load_rows
from support.rosters import ADA, BEN, PEOPLE_COLUMNS, people_csv

CARL = ADA | {"person_id": "p3", "login": "carl", "email": "carl@example.edu"}
SECOND = {"appointment_id": "a2", "department_id": "dean"}


def taken(content: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """Who is taken, and what is in the file of rejects."""
    text = io.StringIO()
    people = people_of(content, ROLLCALL, RejectsFile(text))
    ids = [report.person_id for batch in people.batches(2) for report in batch]
    kept = [each for each in ids if each not in people.retracted]
    return kept, list(csv.DictReader(io.StringIO(text.getvalue())))


def reason(row: dict[str, str]) -> str:
    return row[REASON]


def test_a_bad_row_goes_to_the_rejects_as_it_came_with_the_reason_behind() -> None:
    kept, rejects = taken(people_csv(ADA, BEN | {"paid": "yes", "email": "x"}, CARL))
    assert kept == ["p1", "p3"]
    (row,) = rejects
    assert (row["person_id"], row["paid"], row["display_name"]) == ("p2", "yes", "Ben O")
    assert reason(row) == (
        "line 3, paid: expected true or false; "
        "line 3, email: expected one address like name@example.edu, or nothing"
    )


def test_a_person_with_one_bad_row_is_refused_whole() -> None:
    bad = ADA | SECOND | {"start_on": "soon"}
    kept, rejects = taken(people_csv(BEN, ADA, bad, CARL))
    assert kept == ["p2", "p3"]
    assert [row["appointment_id"] for row in rejects] == ["a1", "a2"]
    assert {reason(row) for row in rejects} == {"line 4, start_on: expected a day as YYYY-MM-DD"}


def test_whoever_stands_beside_a_row_that_cannot_be_read_is_refused_with_it() -> None:
    lines = people_csv(ADA, BEN, CARL, CARL | {"person_id": "p4"}).splitlines()
    kept, rejects = taken(b"\n".join([*lines[:3], b"too,short", *lines[3:]]))
    assert kept == ["p1", "p4"]
    assert [row["person_id"] for row in rejects] == ["too", "p2", "p3"]
    assert reason(rejects[0]) == "line 4: expected 18 cells, as in the header"
    assert "no row that cannot be read next to" in reason(rejects[2])


def test_of_a_person_in_two_places_nothing_is_taken() -> None:
    kept, rejects = taken(people_csv(ADA, BEN, ADA | SECOND))
    assert kept == ["p2"]
    assert [row["appointment_id"] for row in rejects] == ["a2"]


def test_a_row_that_is_not_utf_8_is_refused_and_no_other() -> None:
    content = people_csv(ADA, BEN, CARL, CARL | {"person_id": "p4"})
    kept, rejects = taken(content.replace(b"Ben O", b"Ben \xff"))
    assert kept == ["p4"]
    assert {"line 3: expected text in UTF-8"} <= {reason(row) for row in rejects}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_in_the_rejects_is_text(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"
    _, (row,) = taken(people_csv(ADA | {"paid": "?", "display_name": "=HYPERLINK(1)"}))
    assert row["display_name"] == "'=HYPERLINK(1)"


def test_an_ordinary_cell_in_the_rejects_is_itself() -> None:
    assert neutral("Ada = Lovelace") == "Ada = Lovelace"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        people_csv(ADA).replace(b"login", b"user", 1),
        people_csv(ADA, BEN).replace(b"Ada L", b'"Ada L'),
        people_csv(ADA).decode().encode("utf-16"),
    ],
)
def test_a_file_that_cannot_be_told_apart_is_refused_all_the_same(content: bytes) -> None:
    with pytest.raises(InvalidFile):
        taken(content)


def test_of_a_very_long_list_of_bad_rows_every_reason_is_given() -> None:
    rows = [ADA | {"person_id": f"p{n}", "paid": "yes"} for n in range(1_200)]
    kept, rejects = taken(people_csv(*rows, BEN | {"person_id": "good"}))
    assert kept == ["good"]
    assert len(rejects) == 1_200
    assert reason(rejects[-1]) == "line 1201, paid: expected true or false"
    assert list(rejects[0]) == [*PEOPLE_COLUMNS, REASON]


async def test_a_whole_file_with_bad_rows_separates_nobody_by_absence(
    connection: Connection,
) -> None:
    people = crowd(6)
    await load_rows(connection, *people, mapping=FULL)
    content = people_csv(*people[:3], people[3] | {"paid": "?"})
    done = await load(connection, content, FULL, rejects=RejectsFile(io.StringIO()))
    assert kinds(done) == {"unchanged": 3}
    assert done.as_json()["file"] == {
        "people": 3,
        "rejected_rows": 1,
        "skipped_rows": 0,
        "dropped_cells": 0,
    }


async def test_whom_a_later_row_makes_doubtful_is_not_taken(connection: Connection) -> None:
    done = await load(
        connection, people_csv(ADA, BEN, ADA | SECOND), rejects=RejectsFile(io.StringIO())
    )
    assert done.counts["onboarded"] == 1
    assert await connection.fetchval("SELECT person_id FROM person") == "p2"
