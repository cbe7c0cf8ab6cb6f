"""What the roster was told, from the import files alone: every version of every person."""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from recount.office import Office, read_office

_MOMENT = "%Y-%m-%dT%H-%M"
_STOPS_NOTHING = frozenset({"sabbatical", "junior_faculty"})

Leave = tuple[date, date | None]
"""First and last day of an absence for which deadlines stop."""


@dataclass(frozen=True)
class Appointment:
    """One role; `end_on` is its last day."""

    appointment_id: str
    kind: str
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None
    year_of_study: int | None


@dataclass(frozen=True)
class Version:
    """A person's record as one import told it."""

    received_at: datetime
    person_id: str
    email: str
    effective_on: date
    onboarded_on: date
    separated_on: date | None
    appointments: tuple[Appointment, ...]
    leaves: tuple[Leave, ...] = ()


@dataclass
class Facts:
    """Every version of every person, and every area a department was ever under, in order.

    `office` is what was done by hand.
    """

    people: dict[str, list[Version]] = field(default_factory=dict)
    areas: dict[str, list[tuple[datetime, str | None]]] = field(default_factory=dict)
    office: Office = field(default_factory=Office)

    def area(self, department_id: str, at: datetime) -> str | None:
        """The department's area as known at that instant; None when it has or had none."""
        known = self.areas.get(department_id, [])
        number = bisect_right(known, at, key=lambda entry: entry[0])
        return known[number - 1][1] if number else None

    def first_seen(self) -> datetime:
        """The instant of the earliest import."""
        return min(entries[0][0] for entries in self.areas.values())


def read_imports(folder: Path, zone: ZoneInfo) -> Facts:
    """Read every import file of the folder; the names carry the local moment of receipt.

    What the office did by hand is in `office.jsonl` beside them.
    """
    facts = Facts(office=read_office(folder / "office.jsonl", zone))
    for path in sorted(folder.glob("*.csv")):
        moment, _, kind = path.stem.partition("_")
        received_at = datetime.strptime(moment, _MOMENT).replace(tzinfo=zone)
        with path.open(encoding="utf-8", newline="") as file:
            take_in(facts, kind, csv.DictReader(file), received_at)
    if not facts.areas:
        raise ValueError(f"no departments among the imports in {folder}")
    return facts


def take_in(facts: Facts, kind: str, rows: Iterable[dict[str, str]], received_at: datetime) -> None:
    """Add one import: `kind` is people or departments. Imports come in the order of receipt."""
    if kind == "departments":
        for row in rows:
            entries = facts.areas.setdefault(row["department_id"], [])
            entries.append((received_at, row["area_id"] or None))
    elif kind == "people":
        for version in _versions(rows, received_at):
            facts.people.setdefault(version.person_id, []).append(version)
    else:
        raise ValueError(f"an import is of people or departments, not of {kind}")


def _versions(rows: Iterable[dict[str, str]], received_at: datetime) -> Iterator[Version]:
    people: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        people.setdefault(row["person_id"], []).append(row)
    for person_id, own in people.items():
        yield Version(
            received_at,
            person_id,
            own[0]["email"],
            date.fromisoformat(own[0]["effective_on"]),
            date.fromisoformat(own[0]["onboarded_on"]),
            _day(own[0]["separated_on"]),
            tuple(_appointment(row) for row in own),
            tuple(_leaves(own[0])),
        )


def _leaves(row: dict[str, str]) -> Iterator[Leave]:
    if row.get("leave_kind") and row["leave_kind"] not in _STOPS_NOTHING:
        yield date.fromisoformat(row["leave_start_on"]), _day(row["leave_end_on"])


def _appointment(row: dict[str, str]) -> Appointment:
    return Appointment(
        row["appointment_id"],
        row["kind"],
        row["paid"] == "true",
        row["department_id"],
        date.fromisoformat(row["start_on"]),
        _day(row["end_on"]),
        int(row["year_of_study"]) if row["year_of_study"] else None,
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
