"""From a cell's text to a value; what does not fit is noted and a harmless stand-in returned."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from roster.csv_import.errors import Errors
from roster.domain import EARLIEST, YEARS_OF_STUDY, LeaveKind

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR = re.compile(r"[0-9]{1,2}")
_A_DAY = "a day as YYYY-MM-DD"


class Cells:
    """Reads the cells of one row, which begins on `line`.

    A stand-in only keeps the other rules checkable: a file with a mistake is never applied.
    """

    def __init__(self, errors: Errors, line: int) -> None:
        self._errors = errors
        self._line = line

    def wrong(self, column: str, expected: str) -> None:
        """Note that this cell is not what was expected."""
        self._errors.add(self._line, column, expected)

    def day(self, column: str, text: str) -> date:
        """A day that must be given."""
        value = _day(text)
        if value is None:
            self.wrong(column, _A_DAY)
            return EARLIEST
        return value

    def day_or_none(self, column: str, text: str) -> date | None:
        """A day, or None for an empty cell."""
        if not text:
            return None
        value = _day(text)
        if value is None:
            self.wrong(column, f"{_A_DAY}, or nothing")
        return value

    def flag(self, column: str, text: str) -> bool:
        """True or false, spelled so."""
        if text not in {"true", "false"}:
            self.wrong(column, "true or false")
        return text == "true"

    def year_of_study(self, column: str, text: str) -> int | None:
        """A year of study, or None for an empty cell."""
        if not text:
            return None
        if _YEAR.fullmatch(text) is None:
            last = YEARS_OF_STUDY.stop - 1
            self.wrong(column, f"a whole number from 1 to {last}, or nothing")
            return None
        return int(text)

    def leave_kind(self, column: str, text: str) -> LeaveKind | None:
        """A kind of leave; None when it is not one."""
        if text in set(LeaveKind):
            return LeaveKind(text)
        self.wrong(column, f"one of {', '.join(sorted(LeaveKind))}")
        return None


@lru_cache(maxsize=65_536)
def _day(text: str) -> date | None:
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
