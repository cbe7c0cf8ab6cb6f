"""departments.csv: one row per department."""

from __future__ import annotations

from collections.abc import Iterator

from roster.csv_import.table import Layout, Table
from roster.domain import Department, flaws_of_department

DEPARTMENT_COLUMNS = ("department_id", "name", "area_id", "area_name", "officer_ids")
OPTIONAL_COLUMNS = ("area_lead_ids",)
DEPARTMENTS = Layout((*DEPARTMENT_COLUMNS, *OPTIONAL_COLUMNS), frozenset(OPTIONAL_COLUMNS))


def read_departments(table: Table, batch: int) -> Iterator[list[Department]]:
    """The departments of the file, in batches; after the first mistake only further mistakes.

    Raises:
        InvalidFile: at the end, with every mistake, when there was any.
    """
    departments: list[Department] = []
    seen: set[str] = set()
    for line, cells, _ in table.rows():
        if cells is None:
            departments.clear()
            continue
        department = _department(cells)
        for flaw in flaws_of_department(department):
            table.errors.add(line, flaw.field, flaw.expected)
        if department.department_id in seen:
            table.errors.add(line, "department_id", "each department once")
        seen.add(department.department_id)
        if table.errors:
            departments.clear()
        else:
            departments.append(department)
        if len(departments) == batch:
            yield departments
            departments = []
    table.errors.raise_if_any()
    if departments:
        yield departments


def _department(cells: list[str]) -> Department:
    department_id, name, area_id, area_name, officers, area_leads = cells
    return Department(
        department_id,
        name,
        area_id or None,
        area_name or None,
        _ids(officers),
        area_lead_ids=_ids(area_leads),
    )


def _ids(cell: str) -> tuple[str, ...]:
    # Split at spaces only: any other white space is refused with the id it sticks to.
    return tuple(each for each in cell.split(" ") if each)
