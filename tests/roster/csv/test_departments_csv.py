"""departments.csv: one row per department, every mistake named by line and column."""

import io

import pytest

from roster.csv_import.departments import DEPARTMENTS, read_departments
from roster.csv_import.errors import InvalidFile
from roster.csv_import.table import Table
from roster.domain import Department
from support.rosters import PHYSICS, departments_csv

DEAN = {"department_id": "dean", "name": "Dean", "officer_ids": ""}


def read(content: bytes) -> list[Department]:
    table = Table(io.BytesIO(content), "departments.csv", DEPARTMENTS)
    return [department for batch in read_departments(table, 2) for department in batch]


def test_a_department_is_read_with_its_area_and_officers() -> None:
    assert read(departments_csv(PHYSICS, DEAN)) == [
        Department("physics", "Physics", "school-science", "School of Science", ("p7", "p8")),
        Department("dean", "Dean"),
    ]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"department_id": ""}, "department_id"),
        ({"department_id": "physics"}, "department_id"),
        ({"name": ""}, "name"),
        ({"name": "a\tb"}, "name"),
        ({"area_id": "a b", "area_name": "A"}, "area_id"),
        ({"area_id": "a"}, "area_name"),
        ({"area_name": "A"}, "area_name"),
        ({"officer_ids": "p1,p2"}, "officer_ids"),
        ({"officer_ids": "p1\tp2"}, "officer_ids"),
        ({"officer_ids": "p1 p1"}, "officer_ids"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(cells: dict[str, str], column: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read(departments_csv(PHYSICS, DEAN | cells))
    assert [(each.line, each.column) for each in caught.value.errors] == [(3, column)]


def test_departments_are_handed_on_in_batches() -> None:
    rows = [DEAN | {"department_id": f"d{n}"} for n in range(5)]
    table = Table(io.BytesIO(departments_csv(*rows)), "departments.csv", DEPARTMENTS)
    assert [len(batch) for batch in read_departments(table, 2)] == [2, 2, 1]
