"""people.csv: one row per appointment, all rows of a person next to each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from roster.csv_import.cells import Cells
from roster.csv_import.seen import Seen
from roster.csv_import.table import Table
from roster.domain import (
    APPOINTMENTS_MAX,
    Appointment,
    Contact,
    Facts,
    Leave,
    Report,
    flaws_of,
)


class PeopleRow(NamedTuple):
    """The cells of one row, and so the columns of the file."""

    person_id: str
    login: str
    email: str
    display_name: str
    onboarded_on: str
    separated_on: str
    effective_on: str
    appointment_id: str
    kind: str
    paid: str
    department_id: str
    start_on: str
    end_on: str
    year_of_study: str
    supervisor_id: str
    leave_kind: str
    leave_start_on: str
    leave_end_on: str

    @property
    def appointment(self) -> tuple[str, ...]:
        """What belongs to the appointment, its id apart."""
        return self[8:15]

    @property
    def person(self) -> tuple[str, ...]:
        """What belongs to the person and is the same on each of its rows."""
        return self[:7] + self[15:]


PEOPLE_COLUMNS = PeopleRow._fields
_PERSON_COLUMNS = PeopleRow(*PEOPLE_COLUMNS).person

Block = list[tuple[int, PeopleRow]]
"""The rows of one person, each with the line it begins on."""


def read_people(table: Table, batch: int) -> Iterator[list[Report]]:
    """The people of the file, in batches; after the first mistake only further mistakes.

    Raises:
        InvalidFile: at the end, with every mistake, when there was any.
    """
    people: list[Report] = []
    with closing(Seen()) as seen:
        for block in _blocks(table):
            person = _person(table, block)
            if not seen.add(person.person_id):
                line = block[0][0]
                table.errors.add(line, "person_id", "all rows of a person next to each other")
            if table.errors:
                people.clear()
            else:
                people.append(person)
            if len(people) == batch:
                yield people
                people = []
    table.errors.raise_if_any()
    if people:
        yield people


def _blocks(table: Table) -> Iterator[Block]:
    block: Block = []
    for line, cells in table.rows():
        row = PeopleRow._make(cells)
        if block and block[0][1].person_id != row.person_id:
            yield block
            block = []
        # One row too many is enough to refuse the person, and keeps the memory bounded.
        if len(block) <= APPOINTMENTS_MAX:
            block.append((line, row))
    if block:
        yield block


def _person(table: Table, block: Block) -> Report:
    line, first = block[0]
    _require_equal(table, block)
    cells = Cells(table.errors, line)
    person = Report(
        person_id=first.person_id,
        effective_on=cells.day_or_none("effective_on", first.effective_on),
        facts=Facts(
            onboarded_on=cells.day("onboarded_on", first.onboarded_on),
            separated_on=cells.day_or_none("separated_on", first.separated_on),
            appointments=_appointments(table, block),
            leaves=_leaves(cells, first),
        ),
        contact=Contact(first.display_name, first.email or None, first.login or None),
    )
    for flaw in flaws_of(person):
        at = line if flaw.appointment is None else block[flaw.appointment][0]
        table.errors.add(at, flaw.field, flaw.expected)
    return person


def _require_equal(table: Table, block: Block) -> None:
    first = block[0][1].person
    for line, row in block[1:]:
        if row.person == first:
            continue
        for column, cell, wanted in zip(_PERSON_COLUMNS, row.person, first, strict=True):
            if cell != wanted:
                table.errors.add(line, column, "the same as in the person's first row")


def _appointments(table: Table, block: Block) -> tuple[Appointment, ...]:
    first = block[0][1]
    if len(block) == 1 and not first.appointment_id and not any(first.appointment):
        return ()
    return tuple(_appointment(Cells(table.errors, line), row) for line, row in block)


def _appointment(cells: Cells, row: PeopleRow) -> Appointment:
    return Appointment(
        appointment_id=row.appointment_id,
        kind=row.kind,
        paid=cells.flag("paid", row.paid),
        department_id=row.department_id,
        start_on=cells.day("start_on", row.start_on),
        end_on=cells.day_or_none("end_on", row.end_on),
        year_of_study=cells.year_of_study("year_of_study", row.year_of_study),
        supervisor_id=row.supervisor_id or None,
    )


def _leaves(cells: Cells, row: PeopleRow) -> tuple[Leave, ...]:
    if not (row.leave_kind or row.leave_start_on or row.leave_end_on):
        return ()
    kind = cells.leave_kind("leave_kind", row.leave_kind)
    start_on = cells.day("leave_start_on", row.leave_start_on)
    end_on = cells.day_or_none("leave_end_on", row.leave_end_on)
    return () if kind is None else (Leave(kind, start_on, end_on),)
