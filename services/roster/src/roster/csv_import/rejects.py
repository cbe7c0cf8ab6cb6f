"""The file of rows that were not taken: as they came, with the reason behind."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Protocol, TextIO

from roster.csv_import.errors import CsvError

REASON = "rollcall_reason"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Rejects(Protocol):
    """Takes the rows of one bad record at a time."""

    def add(self, header: Sequence[str], rows: Sequence[Sequence[str]], why: str) -> None: ...


class NoRejects:
    """Keeps nothing: whoever asked sees the mistakes only."""

    def add(self, header: Sequence[str], rows: Sequence[Sequence[str]], why: str) -> None:
        pass


class RejectsFile:
    """Writes them as CSV; a spreadsheet that opens it runs no formula of somebody else's."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._begun = False
        self.rows = 0

    def add(self, header: Sequence[str], rows: Sequence[Sequence[str]], why: str) -> None:
        if not self._begun:
            self._writer.writerow([*map(neutral, header), REASON])
            self._begun = True
        for row in rows:
            cells = [neutral(cell) for cell in row[: len(header)]]
            cells += [""] * (len(header) - len(cells))
            self._writer.writerow([*cells, why])
            self.rows += 1


def neutral(cell: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would compute it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def reasons(errors: Sequence[CsvError]) -> str:
    """Why a record was not taken, in one cell; never a value of the file."""
    found = dict.fromkeys(
        f"line {each.line}{f', {each.column}' if each.column else ''}: expected {each.expected}"
        for each in errors
    )
    return "; ".join(found)
