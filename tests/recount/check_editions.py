"""Every department's edition of every night, row by row."""

import csv
import hashlib
from collections import Counter
from datetime import date, datetime, time
from io import StringIO
from typing import Any

from recount.check import Check
from recount.days import ONE_DAY
from recount.evidence import Evidence
from recount.log import REPORT
from recount.recompute import Recomputed
from recount.standing import Row

COLUMNS = ("person_id", "status", "group", "released_on", "due_on", "other_departments")
_DONE = ("completed", "completed_late")
_RELEASED = ("released", "overdue", *_DONE)

Lines = dict[str, tuple[str, ...]]
"""The rows of one department by person id, in the columns of an edition."""


def check_editions(evidence: Evidence, recomputed: Recomputed) -> Check:
    """Compare each night's files with the rows that the rules lead to."""
    check = Check("editions")
    board = _Board(recomputed)
    for night in recomputed.nights:
        board.advance(night)
        files = dict(evidence.editions.get(night, {}))
        for department in _known_departments(evidence, night):
            _compare(
                check, f"{night} {department}", board.of(department), files.pop(department, None)
            )
        check.complain(f"{night} {each}: nobody knew this department" for each in files)
    surplus = sorted(evidence.editions.keys() - set(recomputed.nights))
    check.complain(f"{night}: an edition of a night that has not come" for night in surplus)
    check.note = f"{len(recomputed.nights)} nights"
    return check


class _Board:
    """The rows of every department as they stand at the end of a night."""

    def __init__(self, recomputed: Recomputed) -> None:
        self._changes: dict[date, list[tuple[str, Row | None]]] = {}
        for person_id, course in recomputed.courses.items():
            for night, row in course.nights:
                self._changes.setdefault(night, []).append((person_id, row))
        self._rows: dict[str, Row] = {}
        self._lines: dict[str, Lines] = {}

    def advance(self, night: date) -> None:
        """Go on to that night; every night in order."""
        for person_id, row in self._changes.get(night, ()):
            if old := self._rows.pop(person_id, None):
                for department in old.departments:
                    del self._lines[department][person_id]
            if row:
                self._rows[person_id] = row
                for department in row.departments:
                    line = _line(person_id, row, department)
                    self._lines.setdefault(department, {})[person_id] = line

    def of(self, department: str) -> Lines:
        """The department's rows."""
        return self._lines.get(department, {})


def _line(person_id: str, row: Row, department: str) -> tuple[str, ...]:
    others = " ".join(each for each in row.departments if each != department)
    days = (str(day) if day else "" for day in (row.released_on, row.due_on))
    return (person_id, row.status, row.group or "", *days, others)


def _known_departments(evidence: Evidence, night: date) -> list[str]:
    cut = datetime.combine(night + ONE_DAY, time.min, evidence.cycle.zone)
    return [each for each, areas in evidence.facts.areas.items() if areas[0][0] < cut]


def _compare(check: Check, where: str, expected: Lines, text: str | None) -> None:
    if text is None:
        check.expect(where, "an edition", None)
        return
    header, *rows = list(csv.reader(StringIO(text, newline=""))) or [[]]
    check.expect(f"{where} columns", list(COLUMNS), header)
    ids = [row[0] for row in rows if row]
    check.expect(f"{where} order", sorted(set(ids)), ids)
    found = {row[0]: tuple(row) for row in rows if row}
    for person_id in sorted(expected.keys() | found.keys()):
        check.expect(f"{where} {person_id}", expected.get(person_id), found.get(person_id))


def check_published(evidence: Evidence) -> Check:
    """The counts and the digest on Kafka are those of the files."""
    check = Check("published editions")
    last: dict[tuple[date, str], dict[str, Any] | None] = {}
    for entry in evidence.log.on(REPORT):
        data = entry.data
        if data["cycle"] == evidence.cycle.name:
            last[date.fromisoformat(data["business_date"]), data["department_id"]] = data
    for night, files in evidence.editions.items():
        for department, text in files.items():
            told = last.pop((night, department), None)
            found = told and {name: told[name] for name in (*_counts(""), "sha256")}
            digest = hashlib.sha256(text.encode()).hexdigest()
            check.expect(f"{night} {department}", _counts(text) | {"sha256": digest}, found)
    check.complain(f"{night} {department}: published, no file" for night, department in last)
    return check


def _counts(text: str) -> dict[str, int]:
    statuses = Counter(row[1] for row in list(csv.reader(StringIO(text, newline="")))[1:])
    return {
        "required": sum(statuses[each] for each in ("scheduled", *_RELEASED)),
        "released": sum(statuses[each] for each in _RELEASED),
        "done": sum(statuses[each] for each in _DONE),
        "overdue": statuses["overdue"],
        "exempt": statuses["exempt"],
    }
