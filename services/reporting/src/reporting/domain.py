"""The rules of the reports: what a row says, what is counted, who may see it, and when."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

SCHEDULED = "scheduled"
DONE = frozenset({"completed", "completed_late"})
VISIBLE = frozenset({"released", "overdue"}) | DONE
REQUIRED = frozenset({SCHEDULED}) | VISIBLE
SHOWN = REQUIRED | frozenset({"exempt"})

# How a row moves on from one night to the next without yesterday's having been wrong.
_PROGRESS: Mapping[str, frozenset[str]] = {
    SCHEDULED: VISIBLE,
    "released": frozenset({"overdue"}) | DONE,
    "overdue": frozenset({"completed_late"}),
}

# After its last due day a cycle is reported this long, for those who are late.
REPORTED_AFTER_DUE = timedelta(days=366)

# A spreadsheet takes a cell that begins with one of these for a formula. An apostrophe says that it
# is none, so one that is data needs another before it.
_MARKED = ("=", "+", "-", "@", "\t", "\r", "'")


class Row(NamedTuple):
    """One person in one department's edition, as text; dates are ISO or empty.

    There is no place in it for options, rules, holds, leave or reasons.
    """

    person_id: str
    status: str
    group: str
    released_on: str
    due_on: str
    other_departments: str


@dataclass(frozen=True, slots=True)
class Counts:
    """People of an edition. `released` and `done` grow: who is done has also been released."""

    required: int = 0
    released: int = 0
    done: int = 0
    overdue: int = 0
    exempt: int = 0

    @property
    def scheduled(self) -> int:
        """Required, and not released yet."""
        return self.required - self.released

    @property
    def open(self) -> int:
        """Released, not done and not overdue."""
        return self.released - self.done - self.overdue

    @property
    def done_percent(self) -> int:
        """Whole percent of the required, rounded down so that 100 means everybody."""
        return self.done * 100 // self.required if self.required else 0


def count(statuses: Mapping[str, int]) -> Counts:
    """Counts from the number of people in each status."""

    def of(wanted: Iterable[str]) -> int:
        return sum(statuses.get(status, 0) for status in wanted)

    return Counts(of(REQUIRED), of(VISIBLE), of(DONE), of(("overdue",)), of(("exempt",)))


def count_rows(rows: Iterable[Row]) -> Counts:
    """Counts of one department's rows; a person shown elsewhere too counts here as well."""
    statuses: dict[str, int] = {}
    for row in rows:
        statuses[row.status] = statuses.get(row.status, 0) + 1
    return count(statuses)


class Obligation(NamedTuple):
    """What an edition needs of one obligation; dates are ISO text or empty."""

    person_id: str
    cycle: str
    status: str
    group: str
    released_on: str
    due_on: str
    department_ids: Sequence[str]


def rows_by_department(
    obligations: Iterable[Obligation],
) -> dict[tuple[str, str], list[Row]]:
    """Rows under (cycle, department), sorted by person id; who has several is under each."""
    found: dict[tuple[str, str], list[Row]] = {}
    for person_id, cycle, status, group, *dates, departments in obligations:
        released_on, due_on = ("", "") if status == SCHEDULED else dates
        for department_id in departments:
            others = "" if len(departments) == 1 else _others(departments, department_id)
            row = Row(person_id, status, group, released_on, due_on, others)
            found.setdefault((cycle, department_id), []).append(row)
    for rows in found.values():
        rows.sort()
    return found


def _others(departments: Sequence[str], department_id: str) -> str:
    return " ".join(sorted(other for other in departments if other != department_id))


def canonical_csv(rows: Iterable[Row]) -> bytes:
    """The edition's bytes: UTF-8, LF, a header, in the order given; cells made harmless."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows([neutralise(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def parse_csv(content: bytes) -> list[Row]:
    """Rows of a canonical CSV, as they were before `canonical_csv`."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""))
    next(reader)
    return [Row(*(cell.removeprefix("'") for cell in cells)) for cells in reader]


def neutralise(cell: str) -> str:
    """`cell`, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(_MARKED) else cell


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def restated(yesterday: Iterable[Row], today: Iterable[Row]) -> set[str]:
    """Person ids of whom yesterday's edition said something that no longer holds.

    Ordinary progress is no restatement. Who was or is missing from one of the two is passed over:
    marking them would tell of a hold.
    """
    before = {row.person_id: row for row in yesterday}
    return {
        row.person_id
        for row in today
        if row.person_id in before and _is_restated(before[row.person_id], row)
    }


def _is_restated(before: Row, after: Row) -> bool:
    if before.status != after.status and after.status not in _PROGRESS.get(before.status, ()):
        return True
    return (
        before.group != after.group
        or before.released_on not in ("", after.released_on)
        or before.due_on not in ("", after.due_on)
    )


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. Nothing of a report can be read without one.

    `departments` are those the roster gives an officer or area lead; the training office, auditors
    and machines (other systems, and whoever has the command line) see all.
    """

    viewer_id: str
    departments: frozenset[str] = frozenset()
    sees_all: bool = False

    def sees(self, department_id: str) -> bool:
        """Whether they may see this department's reports."""
        return self.sees_all or department_id in self.departments

    @property
    def reads_reports(self) -> bool:
        """Whether there is any report for them."""
        return self.sees_all or bool(self.departments)


def is_reported(last_due_on: date, business_date: date) -> bool:
    """Whether a cycle whose last group is due on `last_due_on` still gets editions."""
    return business_date <= last_due_on + REPORTED_AFTER_DUE


def edition_due_at(business_date: date, zone: str) -> datetime:
    """The local midnight that ends a business date, in UTC."""
    midnight = datetime.combine(business_date + timedelta(days=1), time(), ZoneInfo(zone))
    return midnight.astimezone(UTC)
