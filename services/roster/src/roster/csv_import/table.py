"""From bytes to rows of cells: RFC 4180, one header row; hostile bytes are expected."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple

from roster.csv_import.errors import Errors
from roster.csv_import.lines import Lines
from roster.csv_import.mapping import is_demographic


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a file has: those that are read, may be missing, or are left out."""

    columns: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    others: Literal["refuse", "ignore"] = "refuse"
    delimiter: str = ","
    encoding: str = "utf-8"


class Row(NamedTuple):
    """A row: the line on which it begins, the wanted cells in order, and all cells as found.

    `cells` is None for a row that cannot be read.
    """

    line: int
    cells: list[str] | None
    found: list[str]


class Table:
    """The rows of one CSV file, its columns in any order.

    Mistakes go to `errors`, and reading continues as far as rows can still be told apart.
    Spaces around a cell are not part of it. Memory use does not depend on the file's size.
    """

    def __init__(self, stream: BinaryIO, file: str, layout: Layout) -> None:
        self.errors = Errors(file)
        self.header: list[str] = []
        self.dropped_cells = 0
        self._layout = layout
        self._dropped = 0
        self._lines = Lines(stream, layout.encoding, self.errors)

    @property
    def sha256(self) -> str:
        """Digest of the bytes read so far: of the file, once all rows were read."""
        return self._lines.sha256

    def rows(self) -> Iterator[Row]:
        """Every row, one that has not as many cells as the header without `cells`.

        A blank line is no row.
        """
        parsed = self._parsed()
        header = next(parsed, None)
        order = self._order_of(header)
        if header is None or order is None:
            return
        # What a file may leave out is the empty cell behind the last.
        width, self.header = len(header.found), header.found
        for line, cells, found in parsed:
            if cells is None:
                yield Row(line, None, found)
            elif len(found) != width:
                self.errors.add(line, None, f"{width} cells, as in the header")
                yield Row(line, None, found)
            elif found == self.header:
                self.errors.add(line, None, "a row: this is the header again")
                yield Row(line, None, found)
            else:
                self.dropped_cells += self._dropped
                found.append("")
                yield Row(line, [found[index].strip(" ") for index in order], found)

    def _order_of(self, header: Row | None) -> list[int] | None:
        """Where each wanted column stands; None when the header cannot be used."""
        if header is None and not self.errors:
            self.errors.add(1, None, "a header row", fatal=True)
        if header is None or self.errors:
            self.errors.fatal = True
            return None
        names = [name.strip(" ") for name in header.found]
        usable = self._names_are_known(header.line, names)
        for wanted in self._layout.columns:
            count = names.count(wanted)
            if count != 1 and not (count == 0 and wanted in self._layout.optional):
                usable = False
                expected = "this column exactly once in the header"
                self.errors.add(header.line, wanted, expected, fatal=True)
        missing = len(names)
        return (
            [names.index(each) if each in names else missing for each in self._layout.columns]
            if usable
            else None
        )

    def _names_are_known(self, line: int, names: list[str]) -> bool:
        layout, known = self._layout, True
        needed = [each for each in layout.columns if each not in layout.optional]
        others = sorted(layout.optional | layout.ignored | layout.dropped)
        for position, name in enumerate(names, 1):
            if name in layout.columns or name in layout.ignored:
                continue
            if name in layout.dropped or is_demographic(name):
                self._dropped += 1
            elif layout.others == "refuse":
                # A name that is not ours is not repeated: in a file without header it is a
                # person's.
                known = False
                expected = f"one of the headers {', '.join([*needed, *others])}"
                self.errors.add(line, f"column {position}", expected, fatal=True)
        return known

    def _parsed(self) -> Iterator[Row]:
        reader = csv.reader(self._lines, strict=True, delimiter=self._layout.delimiter)
        while True:
            begins = reader.line_num + 1
            try:
                found = next(reader)
            except StopIteration:
                return
            except csv.Error:
                if not self._can_go_on(begins, reader.line_num):
                    return
                yield Row(begins, None, [])
                continue
            if found:
                readable = not self._lines.any_undecodable(reader.line_num)
                yield Row(begins, found if readable else None, found)

    def _can_go_on(self, begins: int, line: int) -> bool:
        """After broken quotes: whether the next line is surely the beginning of a row."""
        if line > begins:
            expected = "a closing quote; what follows could not be checked"
            self.errors.add(begins, None, expected, fatal=True)
            return False
        limit = csv.field_size_limit()
        self.errors.add(
            begins, None, f"quotes around whole cells, and at most {limit} characters in a cell"
        )
        return True
