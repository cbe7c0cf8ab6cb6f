"""Leaves that stop the clock: decision record 0002, 13. A leave is its first and its last day."""

from collections.abc import Sequence
from datetime import date, timedelta

from recount.days import ONE_DAY
from recount.facts import Leave

Span = tuple[date, date]
"""First and last day; `date.max` where there is no last one."""


def is_away(leaves: Sequence[Leave], day: date) -> bool:
    """Whether the day is one of leave."""
    return any(first <= day <= (last or date.max) for first, last in leaves)


def since(leaves: Sequence[Leave], opened_on: date, day: date) -> list[Span]:
    """The leaves begun by `day` that reach the opening or a later day; touching ones are one."""
    runs: list[Span] = []
    for first, last in sorted((first, last or date.max) for first, last in leaves):
        if runs and (runs[-1][1] == date.max or first <= runs[-1][1] + ONE_DAY):
            runs[-1] = (runs[-1][0], max(runs[-1][1], last))
        else:
            runs.append((first, last))
    return [run for run in runs if run[0] <= day and run[1] >= opened_on]


def notice_after(
    found: Sequence[Span], opened_on: date, due_on: date, notice: timedelta
) -> timedelta:
    """The time to the new due day: what was left when the first of the leaves began, or more."""
    if not found:
        return notice
    return max(notice, due_on - max(found[0][0], opened_on))


def was_in_time(
    leaves: Sequence[Leave], opened_on: date, due_on: date, notice: timedelta, day: date
) -> bool:
    """Whether a completion on `day` is in time, leave considered."""
    found = since(leaves, opened_on, day)
    if day <= due_on or not found:
        return day <= due_on
    last = found[-1][1]
    if last == date.max:
        return True
    return day <= last + ONE_DAY + notice_after(found, opened_on, due_on, notice)
