"""From a field's text to a value; what does not fit is noted and a harmless stand-in returned."""

from __future__ import annotations

import re
from datetime import date

from roster.csv_import.dates import Ambiguous, is_serial
from roster.csv_import.errors import Errors
from roster.csv_import.fields import Fields
from roster.domain import EARLIEST, YEARS_OF_STUDY, LeaveKind

_YEAR = re.compile(r"[0-9]{1,2}")


class Cells:
    """Reads the fields of one row, which begins on `line`.

    A stand-in only keeps the other rules checkable: a file with a mistake is never applied.
    """

    def __init__(self, errors: Errors, fields: Fields, line: int) -> None:
        self._errors = errors
        self._fields = fields
        self._line = line

    def wrong(self, field: str, expected: str) -> None:
        """Note that this field is not what was expected."""
        self._errors.add(self._line, self._fields.mapping.place_of(field), expected)

    def day(self, field: str, text: str) -> date:
        """A day that must be given."""
        return self._day(field, text, "") or EARLIEST

    def day_or_none(self, field: str, text: str) -> date | None:
        """A day, or None for an empty cell."""
        return self._day(field, text, ", or nothing") if text else None

    def flag(self, field: str, text: str) -> bool:
        """True or false, spelled so."""
        if text not in {"true", "false"}:
            self.wrong(field, "true or false")
        return text == "true"

    def year_of_study(self, field: str, text: str) -> int | None:
        """A year of study, or None for an empty cell."""
        if not text:
            return None
        if _YEAR.fullmatch(text) is None:
            last = YEARS_OF_STUDY.stop - 1
            self.wrong(field, f"a whole number from 1 to {last}, or nothing")
            return None
        return int(text)

    def leave_kind(self, field: str, text: str) -> LeaveKind | None:
        """A kind of leave; None when it is not one."""
        if text in set(LeaveKind):
            return LeaveKind(text)
        self.wrong(field, f"one of {', '.join(sorted(LeaveKind))}")
        return None

    def _day(self, field: str, text: str, or_nothing: str) -> date | None:
        expected = f"a day as {self._fields.spoken_days(field)}{or_nothing}"
        try:
            value = self._fields.day(field, text)
        except Ambiguous:
            self.wrong(field, f"{expected}, and one that only one of them fits")
            return None
        if value is None and is_serial(text):
            expected += "; this is a spreadsheet's number of a day"
        if value is None:
            self.wrong(field, expected)
        return value
