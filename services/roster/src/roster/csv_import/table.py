"""From bytes to rows of cells: UTF-8, RFC 4180, one header row; hostile bytes are expected."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from roster.csv_import.errors import Errors

LINE_MAX_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

Row = tuple[int, list[str]]
"""The line on which the row begins, and its cells in the order of the wanted columns."""


class Table:
    """The rows of one CSV file with exactly the wanted columns, in any order.

    Mistakes go to `errors`, and reading continues as far as rows can still be told apart.
    Spaces around a cell are not part of it. Memory use does not depend on the file's size.
    """

    def __init__(self, stream: BinaryIO, file: str, columns: Sequence[str]) -> None:
        self.errors = Errors(file)
        self._stream = stream
        self._columns = list(columns)
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of the bytes read so far: of the file, once all rows were read."""
        return self._digest.hexdigest()

    def rows(self) -> Iterator[Row]:
        """Every row that has as many cells as the header; a blank line is no row."""
        parsed = self._parsed()
        order = self._order_of(next(parsed, None))
        if order is None:
            return
        for line, cells in parsed:
            if len(cells) == len(order):
                yield line, [cells[index].strip(" ") for index in order]
            else:
                self.errors.add(line, None, f"{len(order)} cells, as in the header")

    def _order_of(self, header: Row | None) -> list[int] | None:
        """Where each wanted column stands; None when the header cannot be used."""
        if header is None and not self.errors:
            self.errors.add(1, None, "a header row")
        if header is None or self.errors:
            return None
        line, names = header[0], [name.strip(" ") for name in header[1]]
        usable = True
        for position, name in enumerate(names, 1):
            # A name that is not ours is not repeated: in a file without header it is a person's.
            if name not in self._columns:
                usable = False
                wanted = ", ".join(self._columns)
                self.errors.add(line, f"column {position}", f"one of the headers {wanted}")
        for wanted in self._columns:
            if names.count(wanted) != 1:
                usable = False
                self.errors.add(line, wanted, "this column exactly once in the header")
        return [names.index(wanted) for wanted in self._columns] if usable else None

    def _parsed(self) -> Iterator[Row]:
        reader = csv.reader(self._lines(), strict=True)
        while True:
            begins = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                if not self._can_go_on(begins, reader.line_num):
                    return
                continue
            if cells:
                yield begins, cells

    def _can_go_on(self, begins: int, line: int) -> bool:
        """After broken quotes: whether the next line is surely the beginning of a row."""
        if line > begins:
            self.errors.add(begins, None, "a closing quote; what follows could not be checked")
            return False
        limit = csv.field_size_limit()
        self.errors.add(
            begins, None, f"quotes around whole cells, and at most {limit} characters in a cell"
        )
        return True

    def _lines(self) -> Iterator[str]:
        """Decoded lines with their ends; LF, CRLF and CR end a line and may be mixed."""
        number = 0
        while raw := self._stream.readline(LINE_MAX_BYTES):
            self._digest.update(raw)
            if len(raw) == LINE_MAX_BYTES and not raw.endswith(b"\n"):
                self.errors.add(number + 1, None, f"a line shorter than {LINE_MAX_BYTES} bytes")
                return
            if number == 0:
                raw = raw.removeprefix(_BOM)
            text = self._decoded(raw, number + 1)
            alone = text.count("\r") == text.endswith("\r\n")
            lines = [text] if alone else _LINES.findall(text)
            number += len(lines)
            yield from lines

    def _decoded(self, raw: bytes, line: int) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            at = line + raw[: error.start].replace(b"\r\n", b"\n").count(b"\r")
            self.errors.add(at, None, "text in UTF-8")
            return raw.decode(errors="replace")
