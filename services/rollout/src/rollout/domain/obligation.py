"""The one record of (person, cycle, occurrence)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Status(StrEnum):
    """Where an obligation stands."""

    NOT_IN_SCOPE = "not_in_scope"
    SUPPLEMENTAL = "supplemental"
    EXEMPT = "exempt"
    SCHEDULED = "scheduled"
    RELEASED = "released"
    OVERDUE = "overdue"
    COMPLETED = "completed"
    COMPLETED_LATE = "completed_late"
    ENDED = "ended"


AWAY = frozenset({Status.ENDED, Status.EXEMPT, Status.SUPPLEMENTAL, Status.NOT_IN_SCOPE})
OPEN = frozenset({Status.RELEASED, Status.OVERDUE})


@dataclass(frozen=True, slots=True)
class Sent:
    """A reminder that went out, and how often the obligation had been re-opened by then.

    `under` is the alias it went out under; empty for the person's own id.
    """

    kind: str
    ordinal: int
    reopened: int
    under: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """What an id itself was released with."""

    group: str
    planned_on: date | None
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What is published of an obligation; two equal ones are no change."""

    status: Status
    hold: bool
    group: str | None
    department_ids: tuple[str, ...]
    planned_on: date | None
    released_at: datetime | None
    due_on: date | None
    completed_at: datetime | None
    option: str | None
    supplemental_options: tuple[str, ...]
    reopened: int
    paused: bool
    resumed: int
    merged_from: tuple[str, ...]
    rule: str
    policy_version: int
    person_version: int

    @property
    def asked(self) -> bool:
        """Whether it is asked of the person, be it that the clock stands still."""
        return self.status in OPEN and not self.hold

    @property
    def open(self) -> bool:
        """Whether the person may be reminded."""
        return self.asked and not self.paused

    @property
    def away(self) -> bool:
        """Whether it was released and nothing is asked of the person for now."""
        return self.released_at is not None and (self.hold or self.status in AWAY)


@dataclass(frozen=True, slots=True)
class Obligation:
    """An obligation as it is kept: `version` counts changes of `standing` from 1.

    No reminder goes out for a day up to `reminded_to`; `next_on` is the next day on which
    something is due (a release, a reminder, a flip), None when only a new fact can change it.
    `opened_on` is the day it was last opened: released, gone on, re-opened or resumed. `own` is
    the release under this id, which stands back behind the earlier one of an alias.
    `gaps` names the facts that the rules asked for and nobody has stated.
    """

    version: int
    standing: Standing
    sent: tuple[Sent, ...] = ()
    reminded_to: date | None = None
    opened_on: date | None = None
    own: Release | None = None
    next_on: date | None = None
    gaps: tuple[str, ...] = ()
