"""Where one person stands in the cycle, and everything that happened on the way."""

from dataclasses import dataclass, field
from datetime import date, datetime

SHOWN = frozenset({"scheduled", "released", "overdue", "completed", "completed_late", "exempt"})
"""Statuses that an edition lists."""


@dataclass(frozen=True)
class Learned:
    """A learning system's word on one course of one person.

    `option` is None when it does not count: revoked, or of no option of this cycle.
    """

    received_at: datetime
    source: str
    course: str
    version: int
    completed_at: datetime
    option: str | None


@dataclass(frozen=True)
class Row:
    """A person's line in an edition, except for the department it stands under."""

    status: str
    group: str | None
    released_on: date | None
    due_on: date | None
    departments: tuple[str, ...]


@dataclass(frozen=True)
class Reminded:
    """A reminder that fell due."""

    on: date
    kind: str
    ordinal: int
    due_on: date


@dataclass(frozen=True)
class Mailed:
    """A mail that must have gone out, by the part of its key that is not the person's."""

    kind: str
    ordinal: int

    @property
    def occasion(self) -> tuple[str, int]:
        """What it is about: a completion is confirmed once, by whichever kind of mail fits."""
        kind = "confirmation" if self.kind.endswith("confirmation") else self.kind
        return kind, self.ordinal


@dataclass
class Standing:
    """The present state of one obligation."""

    status: str = "not_in_scope"
    rule: str = ""
    group: str | None = None
    departments: tuple[str, ...] = ()
    planned_on: date | None = None
    released_on: date | None = None
    due_on: date | None = None
    completed_at: datetime | None = None
    option: str | None = None
    supplemental: tuple[str, ...] = ()
    reopened: int = 0
    hold: bool = False
    paused: bool = False
    resumed: int = 0
    merged_from: tuple[str, ...] = ()

    def row(self) -> Row | None:
        """The line an edition cut now would show; None for those it does not list."""
        if self.hold or self.status not in SHOWN:
            return None
        return Row(self.status, self.group, self.released_on, self.due_on, self.departments)


@dataclass
class Course:
    """The whole course of one person: rows by the first night they hold, and what was sent."""

    last: Standing = field(default_factory=Standing)
    nights: list[tuple[date, Row | None]] = field(default_factory=list)
    released: tuple[date, str] | None = None
    reminders: list[Reminded] = field(default_factory=list)
    mails: list[Mailed] = field(default_factory=list)
