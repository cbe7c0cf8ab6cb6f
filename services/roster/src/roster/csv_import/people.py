"""Files of people: one row per appointment or per person, a person's rows next to each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from roster.csv_import.cells import Cells
from roster.csv_import.fields import PERSON_COLUMNS, Fields, PeopleRow
from roster.csv_import.mapping import ID_FIELDS
from roster.csv_import.rejects import NoRejects, Rejects, reasons
from roster.csv_import.seen import Seen
from roster.csv_import.table import Table
from roster.domain import (
    APPOINTMENTS_MAX,
    Appointment,
    Contact,
    Facts,
    Flaw,
    Leave,
    Report,
    flaws_of,
    in_order,
)

_SCIENTIFIC = re.compile(r"[0-9]\.[0-9]+[Ee][0-9]+")
_SPOILED = re.compile(r"[0-9]([.,][0-9]+)?[Ee]\+[0-9]+")
_A_NUMBER = "; this is a number as a spreadsheet writes it"
_TOGETHER = "all rows of a person next to each other"
_NEXT_TO = "no row that cannot be read next to the person's rows"


@dataclass(slots=True)
class Block:
    """The rows of one person, each with the line it begins on; all in front of line `before`.

    `doubtful`: beside them is a row that cannot be read, and that may be the person's.
    """

    rows: list[tuple[int, PeopleRow]] = field(default_factory=list)
    found: list[list[str]] = field(default_factory=list)
    reported_at: datetime | None = None
    before: int | None = None
    doubtful: bool = False


class People:
    """Reads the people of one file, once.

    With `rejects`, a person whose rows are bad goes there instead of failing the file. A person
    whose rows turn up again later is in `retracted`: what was handed on must not be taken either.
    """

    def __init__(self, table: Table, fields: Fields, rejects: Rejects | None = None) -> None:
        self._table = table
        self._errors = table.errors
        self._fields = fields
        self._skips_bad = rejects is not None
        self._rejects = rejects or NoRejects()
        self.retracted: set[str] = set()
        self.rejected = 0
        self.skipped_rows = 0

    @property
    def dropped_cells(self) -> int:
        """How many cells of demographic columns were passed over."""
        return self._table.dropped_cells

    def batches(self, size: int) -> Iterator[list[Report]]:
        """The people, in batches; after the first mistake only further mistakes.

        Raises:
            InvalidFile: at the end, with every mistake, when there was any that is not skipped.
        """
        batch: list[Report] = []
        with closing(Seen()) as seen:
            for block in self._blocks():
                report = self._report(block, seen)
                if self._errors and not self._skips_bad:
                    batch.clear()
                elif report is not None:
                    batch.append(report)
                if len(batch) == size:
                    yield batch
                    batch = []
        if self._errors.fatal or not self._skips_bad:
            self._errors.raise_if_any()
        if batch:
            yield batch

    def _report(self, block: Block, seen: Seen) -> Report | None:
        """The person of the block; in a file whose bad rows are skipped, None for a bad one."""
        report = self._person(block)
        if not seen.add(report.person_id):
            expected = "each person once" if self._fields.mapping.rows == "person" else _TOGETHER
            self._wrong(block.rows[0][0], "person_id", expected)
            self.retracted.add(report.person_id)
        if not self._skips_bad:
            return report
        if block.doubtful:
            self._wrong(block.rows[0][0], None, _NEXT_TO)
        if not self._errors.recent:
            return report
        why = self._errors.take_recent(block.before)
        if not why:
            return report
        self._reject(block.found, reasons(why))
        return None

    def _reject(self, rows: Sequence[Sequence[str]], why: str) -> None:
        self._rejects.add(self._table.header, rows, why)
        self.rejected += len(rows)

    def _blocks(self) -> Iterator[Block]:
        block, doubtful = Block(), False
        for line, cells, found in self._table.rows():
            if cells is None:
                doubtful = block.doubtful = self._fields.mapping.rows == "appointment"
                self._broken(line, found, block)
                continue
            if self._fields.is_skipped(cells):
                self.skipped_rows += 1
                continue
            reported_at = self._fields.reported_at(line, cells, self._errors)
            row = self._fields.row(line, cells, self._errors)
            if block.rows and block.rows[0][1].person_id != row.person_id:
                block.before = line
                yield block
                block, doubtful = Block(doubtful=doubtful), False
            self._put(block, line, row, found)
            if reported_at and (block.reported_at is None or reported_at > block.reported_at):
                block.reported_at = reported_at
        if block.rows:
            yield block

    def _put(self, block: Block, line: int, row: PeopleRow, found: list[str]) -> None:
        # One row too many is enough to refuse the person, and keeps the memory bounded.
        if len(block.rows) <= APPOINTMENTS_MAX:
            block.rows.append((line, row))
            if self._skips_bad:
                block.found.append(found)

    def _broken(self, line: int, found: list[str], block: Block) -> None:
        """A row that nobody can read goes to the rejects by itself."""
        if not self._skips_bad:
            return
        begins = block.rows[0][0] if block.rows else line
        mine = [each for each in self._errors.recent if each.line >= line or each.line < begins]
        self._errors.recent = [each for each in self._errors.recent if each not in mine]
        self._reject([found], reasons(mine))

    def _person(self, block: Block) -> Report:
        line, first = block.rows[0]
        if len(block.rows) > 1:
            self._require_equal(block)
        cells = self._cells(line)
        report = Report(
            person_id=first.person_id,
            facts=Facts(
                onboarded_on=cells.day("onboarded_on", first.onboarded_on),
                separated_on=cells.day_or_none("separated_on", first.separated_on),
                appointments=self._appointments(block),
                leaves=_leaves(cells, first),
            ),
            contact=Contact(
                _composed(first.display_name), first.email or None, first.login or None
            ),
            source=self._fields.mapping.source,
            effective_on=cells.day_or_none("effective_on", first.effective_on),
            reported_at=block.reported_at,
        )
        self._check(block, report)
        return in_order(report)

    def _check(self, block: Block, report: Report) -> None:
        line = block.rows[0][0]
        for flaw in flaws_of(report):
            at = line if flaw.appointment is None else block.rows[flaw.appointment][0]
            self._wrong(at, flaw.field, self._expected(flaw, report))
        if "." in report.person_id and _SCIENTIFIC.fullmatch(report.person_id):
            self._wrong(line, "person_id", f"an id{_A_NUMBER}")
        digits = self._fields.mapping.id_digits
        if digits:
            self._require_digits(block, digits)

    def _expected(self, flaw: Flaw, report: Report) -> str:
        spoiled = flaw.field == "person_id" and _SPOILED.fullmatch(report.person_id)
        return flaw.expected + (_A_NUMBER if spoiled else "")

    def _require_digits(self, block: Block, digits: int) -> None:
        for line, row in block.rows:
            for name in ID_FIELDS:
                text = getattr(row, name)
                if text and not (len(text) == digits and text.isascii() and text.isdigit()):
                    expected = f"{digits} digits; a spreadsheet may have taken leading zeros away"
                    self._wrong(line, name, expected)

    def _require_equal(self, block: Block) -> None:
        first = block.rows[0][1].person
        for line, row in block.rows[1:]:
            if self._fields.mapping.rows == "person":
                self._wrong(line, "person_id", "each person once")
            elif row.person != first:
                for column, cell, wanted in zip(PERSON_COLUMNS, row.person, first, strict=True):
                    if cell != wanted:
                        self._wrong(line, column, "the same as in the person's first row")

    def _appointments(self, block: Block) -> tuple[Appointment, ...]:
        first = block.rows[0][1]
        if len(block.rows) == 1 and not first.appointment_id and not any(first.appointment):
            return ()
        return tuple(_appointment(self._cells(line), row) for line, row in block.rows)

    def _cells(self, line: int) -> Cells:
        return Cells(self._errors, self._fields, line)

    def _wrong(self, line: int, name: str | None, expected: str) -> None:
        place = name and self._fields.mapping.place_of(name)
        self._errors.add(line, place, expected)


def _composed(name: str) -> str:
    """The name in composed letters: the same name must not change with the exporting system."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


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
        nominated_by=row.nominated_by or None,
        ex_officio=bool(row.ex_officio) and cells.flag("ex_officio", row.ex_officio),
    )


def _leaves(cells: Cells, row: PeopleRow) -> tuple[Leave, ...]:
    if not (row.leave_kind or row.leave_start_on or row.leave_end_on):
        return ()
    kind = cells.leave_kind("leave_kind", row.leave_kind)
    start_on = cells.day("leave_start_on", row.leave_start_on)
    end_on = cells.day_or_none("leave_end_on", row.leave_end_on)
    return () if kind is None else (Leave(kind, start_on, end_on),)
