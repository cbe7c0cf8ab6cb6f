"""How a source's columns become our fields: what a mapping file says, once it was checked."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from typing import Literal

PERSON_FIELDS = (
    "person_id",
    "login",
    "email",
    "display_name",
    "onboarded_on",
    "separated_on",
    "effective_on",
)
APPOINTMENT_FIELDS = (
    "appointment_id",
    "kind",
    "paid",
    "department_id",
    "start_on",
    "end_on",
    "year_of_study",
    "supervisor_id",
    "nominated_by",
    "ex_officio",
)
LEAVE_FIELDS = ("leave_kind", "leave_start_on", "leave_end_on")
FIELDS = PERSON_FIELDS + APPOINTMENT_FIELDS + LEAVE_FIELDS
DAY_FIELDS = frozenset(each for each in FIELDS if each.endswith("_on"))
ID_FIELDS = frozenset({"person_id", "supervisor_id"})

# A part of a header that says what has no field anywhere: such a column is dropped and counted.
DEMOGRAPHIC = re.compile(
    r"gender|pronoun|ethnic|(?<![a-z])(sex|race|dob|age)(?![a-z])|birth|religio|marital|veteran|disab"
    r"|citizen|national(?!\s*id)|sexual|visa",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a field comes from: a constant, or parts that are joined.

    A part is one column, or several of which the first that is not empty counts. `values`
    translates the text; one it does not name is `otherwise`, or a mistake without one.
    """

    parts: tuple[tuple[str, ...], ...] = ()
    join: str = " "
    constant: str | None = None
    values: Dictionary[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    dates: tuple[str, ...] = ()
    optional: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of every part."""
        return tuple(column for part in self.parts for column in part)

    @property
    def is_plain(self) -> bool:
        """Whether the field is the cell of one column, as it stands."""
        return len(self.columns) == 1 and not self.values


@dataclass(frozen=True, slots=True)
class ReportedAt:
    """The column that says when the source said so, and how it is spelled.

    Without `zone`, an instant without an offset is in the institution's zone.
    """

    column: str
    format: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Brake:
    """From when on a change set waits for a second person.

    More than `percent` of the source's present people, and more than `at_least` of them, would be
    separated or change department: of forty people one is 2.5 %, and nobody's catastrophe.
    """

    percent: float = 2.0
    at_least: int = 10


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source's files. Every rule is checked; `rules` has every field that the file gives."""

    name: str
    rules: Dictionary[str, Rule]
    description: str = ""
    source: str = "hr"
    mode: Literal["full", "delta"] = "delta"
    rows: Literal["appointment", "person"] = "appointment"
    encoding: str = "utf-8"
    delimiter: str = ","
    dates: tuple[str, ...] = ("YYYY-MM-DD",)
    nothing: tuple[str, ...] = ()
    id_digits: int | None = None
    reported_at: ReportedAt | None = None
    brake: Brake = Brake()
    ignored: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    others: Literal["refuse", "ignore"] = "refuse"
    skipped: Dictionary[str, frozenset[str]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, in the order of the rules, each once."""
        named = [column for rule in self.rules.values() for column in rule.columns]
        named += [self.reported_at.column] if self.reported_at else []
        return tuple(dict.fromkeys([*named, *self.skipped]))

    @property
    def optional_columns(self) -> frozenset[str]:
        """Columns that a file may leave out."""
        needed = {c for r in self.rules.values() if not r.optional for c in r.columns}
        return frozenset(set(self.columns) - needed - set(self.skipped)) - (
            {self.reported_at.column} if self.reported_at else set()
        )

    def place_of(self, name: str) -> str:
        """What a mistake in this field is reported as: its column, or columns."""
        rule = self.rules.get(name)
        if rule is None:
            return name
        return " + ".join(rule.columns) or f"the constant {name}"


def is_demographic(column: str) -> bool:
    """Whether a header names something that nobody here needs to know."""
    return DEMOGRAPHIC.search(column) is not None
