"""What the university's roster is told, through every door, and what is written of it."""

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.records import inbound_record, people_of, scim_user
from embedded.university import Happening, University, build

ROSTER = "urn:edu:rollcall:params:scim:schemas:extension:roster:2.0:User"


@pytest.fixture(scope="module")
def small() -> University:
    return build(300)


def told(university: University) -> list[Happening]:
    return [each for each in university.happenings if each.kind == "people_csv"]


def acts(university: University) -> list[dict[str, Any]]:
    return [json.loads(each.payload) for each in university.happenings if each.kind == "office"]


def test_people_come_through_every_door(small: University) -> None:
    doors = Counter(each.door for each in told(small))
    assert set(doors) == {"csv", "scim", "inbound", "seat"}
    assert min(doors["scim"], doors["inbound"]) > 10


def test_the_file_of_a_moment_holds_what_came_through_every_door(
    small: University, tmp_path: Path
) -> None:
    small.write(tmp_path)
    for path in (tmp_path / "imports").glob("*_people.csv"):
        pushed = [
            row
            for each in told(small)
            if each.file_name == path.name
            for rows in people_of(each.payload)
            for row in rows
        ]
        with path.open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file)) == pushed


def test_what_the_office_does_is_written_line_by_line_in_order(
    small: University, tmp_path: Path
) -> None:
    small.write(tmp_path)
    text = (tmp_path / "imports" / "office.jsonl").read_text()
    written = [json.loads(line) for line in text.splitlines()]
    assert written == acts(small)
    assert [each["at"] for each in written] == sorted(each["at"] for each in written)
    assert {each["action"] for each in written} == {"hold", "lift", "merge", "split"}


def test_every_split_undoes_a_merge_and_every_lift_a_hold(small: University) -> None:
    done: list[tuple[str, str]] = []
    for each in acts(small):
        undone = {"split": "merge", "lift": "hold"}.get(each["action"])
        assert undone is None or (undone, each["person_id"]) in done
        done.append((each["action"], each["person_id"]))


def test_a_user_says_what_the_rows_say(small: University) -> None:
    for happening in told(small):
        if happening.door == "scim":
            for rows in people_of(happening.payload):
                user = scim_user(rows)
                assert len(user[ROSTER]["appointments"]) == len(rows)
                # Inactive means from the day the write is true, and no other.
                assert rows[0]["separated_on"] in {"", user[ROSTER]["effectiveOn"]}
                assert user["active"] == (not rows[0]["separated_on"])
                assert bool(user["entitlements"]) == bool(rows[0]["leave_kind"])


def test_a_record_says_what_the_rows_say(small: University) -> None:
    for happening in told(small):
        for rows in people_of(happening.payload):
            record = inbound_record(rows, "2023-10-05T08:00:00-04:00")
            assert record["person_id"] == rows[0]["person_id"]
            assert [each["department_id"] for each in record["appointments"]] == [
                row["department_id"] for row in rows
            ]
            assert date.fromisoformat(record["effective_on"]).year >= 1990
