"""What is wrong with a file: where, and what was expected; never the value that was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ERRORS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class CsvError:
    """One mistake. `line` counts from 1 and is where the row begins; `column` may be unknown."""

    file: str
    line: int
    column: str | None
    expected: str

    def __str__(self) -> str:
        column = f", {self.column}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: expected {self.expected}"


class InvalidFile(Exception):
    """The file has mistakes and nothing of it may be applied; `more` were found beyond `errors`."""

    def __init__(self, errors: list[CsvError], more: int) -> None:
        super().__init__(f"{len(errors) + more} mistakes in the file")
        self.errors = errors
        self.more = more

    def as_json(self) -> dict[str, Any]:
        """The mistakes as the API and `--json` show them."""
        return {"errors": [asdict(error) for error in self.errors], "more": self.more}


class Errors:
    """Collects the mistakes of one file, the first thousand in full and the rest by number.

    `fatal`: what follows the mistake cannot be told apart, so that no row of the file is safe.
    `recent` are those that `take_recent` has not taken: the reasons why the rows at hand are bad.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[CsvError] = []
        self._more = 0
        self.fatal = False
        self.recent: list[CsvError] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, line: int, column: str | None, expected: str, *, fatal: bool = False) -> None:
        """Note a mistake."""
        error = CsvError(self._file, line, column, expected)
        self.recent.append(error)
        self.fatal |= fatal
        if len(self._found) < ERRORS_MAX:
            self._found.append(error)
        else:
            self._more += 1

    def take_recent(self, before: int | None) -> list[CsvError]:
        """The recent mistakes in front of this line (of all lines: None), which then are not."""
        taken = [each for each in self.recent if before is None or each.line < before]
        self.recent = [each for each in self.recent if each not in taken] if before else []
        return taken

    def as_raised(self) -> InvalidFile:
        """The mistakes so far, in order of lines."""
        return InvalidFile(sorted(self._found, key=lambda error: error.line), self._more)

    def raise_if_any(self) -> None:
        """Raise InvalidFile when there are any."""
        if self._found:
            raise self.as_raised()
