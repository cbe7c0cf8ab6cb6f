"""The rules of the reports."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain import (
    Counts,
    Obligation,
    Row,
    Viewer,
    canonical_csv,
    count_rows,
    edition_due_at,
    is_reported,
    neutralise,
    parse_csv,
    restated,
    rows_by_department,
)

SAID = Row("p1", "released", "pilot", "2023-09-12", "2023-10-06", "")

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\n\r"), max_size=8)
rows = st.lists(st.builds(Row, cells, cells, cells, cells, cells, cells))


def obligation(person_id: str, status: str, *departments: str) -> Obligation:
    return Obligation(person_id, "c", status, "pilot", "2023-09-12", "2023-10-06", departments)


def test_the_canonical_csv_has_these_columns_and_ends_lines_with_a_line_feed() -> None:
    assert canonical_csv([SAID]) == (
        b"person_id,status,group,released_on,due_on,other_departments\n"
        b"p1,released,pilot,2023-09-12,2023-10-06,\n"
    )


def test_an_empty_edition_is_its_header() -> None:
    assert canonical_csv([]).count(b"\n") == 1
    assert parse_csv(canonical_csv([])) == []


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(first: str) -> None:
    assert neutralise(f"{first}1+1") == f"'{first}1+1"
    assert neutralise(f"a{first}") == f"a{first}"
    assert neutralise(f"'{first}") == f"''{first}"
    row = Row(f"{first}cmd", "released", f"{first}g", "", "", f"{first}d")
    for cell in canonical_csv([row]).decode().split("\n", 1)[1].replace('"', "").split(","):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(rows)
def test_rows_come_back_from_the_csv_as_they_were(given_rows: list[Row]) -> None:
    assert parse_csv(canonical_csv(given_rows)) == given_rows


def test_who_has_several_departments_is_under_each_and_the_others_are_named() -> None:
    found = rows_by_department([obligation("p1", "released", "x", "y", "z")])
    assert {pair[1]: rows[0].other_departments for pair, rows in found.items()} == {
        "x": "y z",
        "y": "x z",
        "z": "x y",
    }


def test_rows_are_sorted_by_person_id_by_code_point() -> None:
    found = rows_by_department([obligation(p, "released", "x") for p in ("b", "a", "B", "ä")])
    assert [row.person_id for row in found["c", "x"]] == ["B", "a", "b", "ä"]


def test_a_scheduled_row_has_no_dates_whatever_is_known() -> None:
    (row,) = rows_by_department([obligation("p1", "scheduled", "x")])["c", "x"]
    assert (row.released_on, row.due_on) == ("", "")


def test_released_counts_everybody_who_was_released_and_exempt_stand_apart() -> None:
    statuses = ["scheduled", "released", "overdue", "completed", "completed_late", "exempt"]
    counts = count_rows(SAID._replace(status=status) for status in statuses)
    assert counts == Counts(required=5, released=4, done=2, overdue=1, exempt=1)
    assert (counts.scheduled, counts.open) == (1, 1)


def test_a_hundred_percent_means_everybody() -> None:
    assert Counts(required=1000, released=1000, done=999).done_percent == 99
    assert Counts().done_percent == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("scheduled", "released"),
        ("scheduled", "completed"),
        ("released", "overdue"),
        ("released", "completed"),
        ("released", "completed_late"),
        ("overdue", "completed_late"),
    ],
)
def test_ordinary_progress_is_no_restatement(before: str, after: str) -> None:
    assert not restated([SAID._replace(status=before)], [SAID._replace(status=after)])


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "scheduled"},
        {"status": "exempt"},
        {"group": "schools"},
        {"due_on": "2023-10-20"},
        {"released_on": "2023-09-13"},
    ],
)
def test_what_yesterday_said_and_no_longer_holds_is_a_restatement(changes: dict[str, str]) -> None:
    assert restated([SAID], [SAID._replace(**changes)]) == {"p1"}


def test_a_completion_taken_back_and_one_heard_of_late_are_restatements() -> None:
    done, overdue = SAID._replace(status="completed"), SAID._replace(status="overdue")
    assert restated([done], [SAID]) == {"p1"}
    assert restated([overdue], [done]) == {"p1"}


def test_dates_filled_in_on_release_are_no_restatement() -> None:
    scheduled = SAID._replace(status="scheduled", released_on="", due_on="")
    assert not restated([scheduled], [SAID])


def test_who_comes_or_goes_is_not_marked_because_a_hold_leaves_no_trace() -> None:
    assert not restated([SAID], [])
    assert not restated([], [SAID])


def test_a_business_date_ends_at_local_midnight_in_summer_and_in_winter() -> None:
    zone = "America/New_York"
    assert edition_due_at(date(2023, 10, 6), zone) == datetime(2023, 10, 7, 4, tzinfo=UTC)
    assert edition_due_at(date(2023, 11, 5), zone) == datetime(2023, 11, 6, 5, tzinfo=UTC)
    assert edition_due_at(date(2024, 3, 10), zone) == datetime(2024, 3, 11, 4, tzinfo=UTC)


def test_a_cycle_is_reported_for_a_year_after_its_last_due_day() -> None:
    assert is_reported(date(2024, 3, 29), date(2025, 3, 29))
    assert not is_reported(date(2024, 3, 29), date(2025, 3, 31))


def test_an_officer_sees_own_departments_and_a_person_none() -> None:
    officer = Viewer("o", frozenset({"x"}))
    assert officer.sees("x")
    assert not officer.sees("y")
    assert not Viewer("p").sees("x")
    assert not Viewer("p").reads_reports
    assert Viewer("t", sees_all=True).sees("anything")
