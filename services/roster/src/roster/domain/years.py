"""How a student's year changed, from all that one source has reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from roster.domain.facts import Appointment
from roster.domain.report import Kept


def years_of_study(present: Appointment, reports: Sequence[Kept]) -> tuple[tuple[date, int], ...]:
    """The year in force from each day on, oldest first; empty when it never changed.

    On a day that of the last reported record among those effective by then; where that record
    lacks the appointment or its year, the present year.
    """
    now = present.year_of_study
    if now is None or len(reports) < 2:
        return ()
    steps: list[tuple[date, int]] = []
    last: Kept | None = None
    for each in sorted(reports, key=lambda each: (each.effective_on, each.rank)):
        if last is None or each.rank > last.rank:
            last = each
        step = (each.effective_on, _year_in(last, present.appointment_id) or now)
        if steps and steps[-1][0] == each.effective_on:
            steps.pop()
        steps.append(step)
    changes = steps[:1] + [b for a, b in pairwise(steps) if a[1] != b[1]]
    return tuple(changes) if len(changes) > 1 else ()


def _year_in(report: Kept, appointment_id: str) -> int | None:
    for each in report.facts.appointments:
        if each.appointment_id == appointment_id:
            return each.year_of_study
    return None
