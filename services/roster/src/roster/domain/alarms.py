"""What the office has to look after, as long as the cause lasts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from roster.domain.departments import Department


class AlarmKind(StrEnum):
    """What is wrong; the subject of each is an id, named here in brackets."""

    DEPARTMENT_WITHOUT_AREA = "department_without_area"  # [department]
    DEPARTMENT_WITHOUT_OFFICER = "department_without_officer"  # [department]
    UNKNOWN_DEPARTMENT = "unknown_department"  # [department]
    PERSON_WITHOUT_DEPARTMENT = "person_without_department"  # [person]
    UNKNOWN_SUPERVISOR = "unknown_supervisor"  # [person]
    DUPLICATES_SUSPECTED = "duplicates_suspected"  # [merge proposal]
    FEED_SILENT = "feed_silent"  # [source]
    MASS_CHANGE_WAITING = "mass_change_waiting"  # [import]


SEEN_AT_ONCE = frozenset(AlarmKind) - {
    AlarmKind.UNKNOWN_DEPARTMENT,
    AlarmKind.PERSON_WITHOUT_DEPARTMENT,
    AlarmKind.UNKNOWN_SUPERVISOR,
}
"""The kinds that are found without a look at every person."""


class NoteCode(StrEnum):
    """What is being done about an alarm."""

    ASKED_SOURCE = "asked_source"
    BEING_MENDED = "being_mended"
    EXPECTED = "expected"
    NOTHING_TO_MEND = "nothing_to_mend"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One cause for as long as it lasts; when it comes back later it is a new alarm.

    All instants are the calendar's. `owner` is the person of the office who looks after it.
    """

    id: int
    kind: AlarmKind
    subject_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    owner: str | None = None
    note: NoteCode | None = None
    resolved_at: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        """How long it has lasted, or did last."""
        return (self.resolved_at or now) - self.first_seen_at


def silent_feeds(
    expected: Mapping[str, timedelta], heard: Mapping[str, datetime], now: datetime
) -> list[str]:
    """The sources that have said nothing for longer than expected, or never anything."""
    return sorted(
        source
        for source, within in expected.items()
        if source not in heard or now - heard[source] > within
    )


def stands_in(department: Department, present: Collection[str]) -> tuple[str, ...]:
    """Who sees to a department without an officer: its area's leads; nobody means the office."""
    return tuple(each for each in department.area_lead_ids if each in present)
