"""Leaves that stop the clock, and what they add to a due day (docs/decisions/0002, 13)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from rollout.domain.facts import Leave
from rollout.domain.policy import ONE_DAY


def on_leave(leaves: Iterable[Leave], day: date) -> bool:
    """Whether `day` is one of leave."""
    return any(_begun(leave, day) and not _over(leave, day) for leave in leaves)


def joined(leaves: Iterable[Leave]) -> tuple[Leave, ...]:
    """The leaves in order, those that touch or overlap as one."""
    found: list[Leave] = []
    for leave in sorted(leaves, key=lambda each: (each.start_on, each.end_on or date.max)):
        last = found[-1] if found else None
        if last and (last.end_on is None or leave.start_on <= last.end_on + ONE_DAY):
            ends = [] if None in (last.end_on, leave.end_on) else [last.end_on, leave.end_on]
            found[-1] = Leave(last.start_on, max((end for end in ends if end), default=None))
        else:
            found.append(leave)
    return tuple(found)


def taken(leaves: Iterable[Leave], opened_on: date, day: date) -> tuple[Leave, ...]:
    """The leaves, joined, that reach `opened_on` or a later day and have begun by `day`."""
    return tuple(
        leave for leave in joined(leaves) if _begun(leave, day) and not _over(leave, opened_on)
    )


def days_left(leaves: tuple[Leave, ...], opened_on: date, due_on: date) -> timedelta:
    """The time to the due day that was left when the first of these leaves began."""
    if not leaves:
        return timedelta(0)
    return due_on - max(leaves[0].start_on, opened_on)


def in_time(
    leaves: Iterable[Leave], opened_on: date, due_on: date, day: date, notice: timedelta
) -> bool:
    """Whether what was done on `day` was done in time, counting what leave adds to the due day."""
    if day <= due_on:
        return True
    stopped = taken(leaves, opened_on, day)
    if not stopped:
        return False
    end_on = stopped[-1].end_on
    left = days_left(stopped, opened_on, due_on)
    return end_on is None or day <= end_on + ONE_DAY + max(notice, left)


def _begun(leave: Leave, day: date) -> bool:
    return leave.start_on <= day


def _over(leave: Leave, day: date) -> bool:
    return leave.end_on is not None and leave.end_on < day
