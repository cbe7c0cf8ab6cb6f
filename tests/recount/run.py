"""The days of a run, and the days of its reminders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from recount.cycle import Cycle
from recount.days import ONE_DAY, span

Calendar = Mapping[date, Sequence[tuple[str, int]]]
"""Reminders, by kind and ordinal, of each day."""


@dataclass(frozen=True)
class Day:
    """One day of the run: its daily run, unless that never came, and how far it got."""

    date: date
    run_at: datetime | None
    ends_at: datetime
    is_whole: bool


@lru_cache(maxsize=1)
def days_of(cycle: Cycle, until: datetime) -> list[Day]:
    """The days from the opening to `until`; what lies after it has not happened."""
    days = []
    for day in span(cycle.opens_on, until.date()):
        run_at = datetime.combine(day, cycle.daily_at, cycle.zone)
        midnight = datetime.combine(day + ONE_DAY, time.min, cycle.zone)
        happened = run_at if run_at <= until else None
        days.append(Day(day, happened, min(midnight, until), midnight <= until))
    return days


def reminder_days(cycle: Cycle, due_on: date) -> Calendar:
    """The reminders around a due day."""
    found: dict[date, list[tuple[str, int]]] = {}
    for each in cycle.reminders:
        count, working = each.business_days, cycle.working
        on = working.after(due_on, count) if count > 0 else working.before(due_on, -count)
        found.setdefault(on, []).append((each.kind, each.ordinal))
    return found
