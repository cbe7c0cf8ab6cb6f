"""Which reminders are due (docs/decisions/0002, 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rollout.domain.obligation import Obligation, Sent, Standing
from rollout.domain.policy import Cycle


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of an obligation; `version` counts how often this one has fallen due."""

    kind: str
    ordinal: int
    day: date
    version: int = 1


def reminders_of(cycle: Cycle, due_on: date) -> tuple[Reminder, ...]:
    """All reminders of a due day, earliest first."""
    reminders = (
        Reminder(rule.kind, rule.ordinal, cycle.business_day(due_on, rule.offset))
        for rule in cycle.reminders
    )
    return tuple(sorted(reminders, key=lambda reminder: reminder.day))


def outstanding(
    cycle: Cycle, standing: Standing, sent: tuple[Sent, ...], reminded_to: date | None
) -> tuple[Reminder, ...]:
    """The reminders that are still to go out, earliest first; none unless it is open."""
    if not standing.open or standing.due_on is None or reminded_to is None:
        return ()
    told = {(each.kind, each.ordinal, each.reopened) for each in sent}
    return tuple(
        reminder
        for reminder in reminders_of(cycle, standing.due_on)
        if reminder.day > reminded_to
        and (reminder.kind, reminder.ordinal, standing.reopened) not in told
    )


def reminders_due(cycle: Cycle, obligation: Obligation, today: date) -> tuple[Reminder, ...]:
    """What goes out today: of several that are late at once only the last. At most one."""
    if not cycle.is_working(today):
        return ()
    waiting = outstanding(cycle, obligation.standing, obligation.sent, obligation.reminded_to)
    late = [reminder for reminder in waiting if reminder.day <= today]
    if not late:
        return ()
    last = late[-1]
    before = sum(
        (sent.kind, sent.ordinal, sent.under) == (last.kind, last.ordinal, "")
        for sent in obligation.sent
    )
    return (Reminder(last.kind, last.ordinal, last.day, before + 1),)
