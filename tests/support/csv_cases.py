"""The table of hostile files: what a case is, the pieces of one, and the check of one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from roster.csv_import.errors import InvalidFile
from roster.csv_import.fields import Fields
from roster.csv_import.mapping import Mapping
from roster.csv_import.mapping_file import parse_mapping
from roster.csv_import.people import People
from roster.csv_import.presets import preset, preset_text
from roster.csv_import.rejects import Rejects
from roster.csv_import.source import layout_of
from roster.csv_import.table import Table
from roster.domain import Appointment, Contact, Facts, Leave, LeaveKind, Report
from support.rosters import ADA, BEN, PEOPLE_COLUMNS, ZONE, day

HEADER = ",".join(PEOPLE_COLUMNS)
AN_ID = "an id: 1 to 64 letters, digits or . _ : - and a letter or digit first"
A_NAME = "1 to 200 characters without control characters"
A_DAY = "a day as YYYY-MM-DD"
A_SANE_DAY = "a day between 1900-01-01 and 2200-12-31"
A_CELL = "quotes around whole cells, and at most 131072 characters in a cell"
CELLS = "18 cells, as in the header"
HEADERS = f"one of the headers {HEADER.replace(',', ', ')}, ex_officio, nominated_by"
ONCE = "this column exactly once in the header"
UNCLOSED = "a closing quote; what follows could not be checked"
ROLLCALL = preset("rollcall")

Row = dict[str, str]
Wrong = tuple[int, "str | None", str]


@dataclass(frozen=True)
class Case:
    """One file: what is in it, who reads it, and exactly what becomes of it.

    `wrong` are its mistakes as line, column and what was expected; `rows` its people as cells of
    people.csv, which are only there when nothing is wrong.
    """

    name: str
    content: bytes
    wrong: tuple[Wrong, ...] = ()
    rows: tuple[Row, ...] = ()
    mapping: Mapping = ROLLCALL


def people_text(*rows: Row, delimiter: str = ",", end: str = "\n") -> str:
    """A people.csv as text; a cell that a row does not name is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, PEOPLE_COLUMNS, restval="", delimiter=delimiter, lineterminator=end
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


GOOD_ROWS = (BEN, ADA)
GOOD_TEXT = people_text(*GOOD_ROWS)
GOOD = GOOD_TEXT.encode()


def wrong_cell(name: str, column: str, text: str, expected: str) -> Case:
    """A file of which one cell, on line 3, is wrong."""
    content = people_text(BEN, ADA | {column: text}).encode()
    return Case(name, content, ((3, column, expected),))


def fine_cell(name: str, column: str, text: str, becomes: str | None = None) -> Case:
    """A file with an odd cell on line 3 that is data all the same."""
    content = people_text(BEN, ADA | {column: text}).encode()
    return Case(name, content, rows=(BEN, ADA | {column: text if becomes is None else becomes}))


def replaced(old: str, new: str, count: int = -1) -> bytes:
    """The good file with a text in it replaced."""
    assert old in GOOD_TEXT
    return GOOD_TEXT.replace(old, new, count).encode()


def mapped(text: str) -> Mapping:
    """A mapping that extends the default one."""
    return parse_mapping(f'extends = "rollcall"\n{text}', "test.toml", preset_text)


def read(content: bytes, mapping: Mapping = ROLLCALL, size: int = 2) -> list[Report]:
    """The people of a file; raises InvalidFile."""
    return [report for batch in people_of(content, mapping).batches(size) for report in batch]


def people_of(
    content: bytes, mapping: Mapping = ROLLCALL, rejects: Rejects | None = None
) -> People:
    """The reader of a file."""
    table = Table(io.BytesIO(content), "people.csv", layout_of(mapping))
    return People(table, Fields(mapping, ZONE), rejects)


def check(case: Case) -> None:
    """Read the file and compare: every mistake with its place, or every person whole."""
    if not case.wrong:
        assert read(case.content, case.mapping) == list(reports_of(case.rows))
        return
    with pytest.raises(InvalidFile) as caught:
        read(case.content, case.mapping)
    found = [(each.line, each.column, each.expected) for each in caught.value.errors]
    assert (found, caught.value.more) == (list(case.wrong), 0)


def reports_of(rows: tuple[Row, ...]) -> Iterator[Report]:
    """The people of cells of people.csv, made without the code under test."""
    by_person: dict[str, list[Row]] = {}
    for row in rows:
        by_person.setdefault(row["person_id"], []).append(row)
    for person_id, own in by_person.items():
        first = own[0]
        yield Report(
            person_id=person_id,
            facts=Facts(
                day(first["onboarded_on"]),
                _day(first, "separated_on"),
                tuple(_appointment(row) for row in own if row.get("appointment_id")),
                _leaves(first),
            ),
            contact=Contact(
                first["display_name"], first.get("email") or None, first.get("login") or None
            ),
            source="hr",
            effective_on=_day(first, "effective_on"),
        )


def _appointment(row: Row) -> Appointment:
    return Appointment(
        appointment_id=row["appointment_id"],
        kind=row["kind"],
        paid=row["paid"] == "true",
        department_id=row["department_id"],
        start_on=day(row["start_on"]),
        end_on=_day(row, "end_on"),
        year_of_study=int(row["year_of_study"]) if row.get("year_of_study") else None,
        supervisor_id=row.get("supervisor_id") or None,
        nominated_by=row.get("nominated_by") or None,
        ex_officio=row.get("ex_officio") == "true",
    )


def _leaves(row: Row) -> tuple[Leave, ...]:
    if not row.get("leave_kind"):
        return ()
    kind, start_on = LeaveKind(row["leave_kind"]), day(row["leave_start_on"])
    return (Leave(kind, start_on, _day(row, "leave_end_on")),)


def _day(row: Row, name: str) -> date | None:
    return day(row[name]) if row.get(name) else None
