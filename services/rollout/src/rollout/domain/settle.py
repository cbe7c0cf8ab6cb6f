"""From all facts of one person to the one record (docs/decisions/0002, 4 to 12).

Level-triggered: what comes out depends on what is known and on what was already done (released,
reminded), never on which fact asked. Facts settle at any time; only the daily run acts, so the
facts of a day may come in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from rollout.domain.decide import NOT_A_MEMBER, Decision, decide, last_decision
from rollout.domain.facts import Areas, Completion, Person, Versions, newest
from rollout.domain.fulfil import Fulfilment, fulfilment
from rollout.domain.gaps import gaps
from rollout.domain.obligation import Obligation, Sent, Standing, Status
from rollout.domain.plan import became_on, planned_day
from rollout.domain.policy import ONE_DAY, Cycle
from rollout.domain.reminders import Reminder, outstanding, reminders_due


@dataclass(frozen=True, slots=True)
class Case:
    """Everything known of one person that one cycle needs."""

    versions: Versions
    areas: Areas
    completions: Sequence[Completion] = ()
    previous: Obligation | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The record as it now is, and what is to be said about it."""

    obligation: Obligation
    changed: bool
    released: bool
    reminders: tuple[Reminder, ...]


class _Release(NamedTuple):
    group: str | None = None
    planned_on: date | None = None
    released_at: datetime | None = None


def settle(cycle: Cycle, case: Case, now: datetime, *, acts: bool = False) -> Settlement:
    """Bring one person's obligation up to date at `now`; `acts` in a daily run: release, remind."""
    today = cycle.today(now)
    previous = case.previous.standing if case.previous else None
    decision = decide(case.versions, case.areas, cycle, today)
    person = newest(case.versions)
    done = fulfilment(case.completions, cycle)
    release = _release(cycle, case, decision, now, acts=acts)
    left = None
    if decision.rule == NOT_A_MEMBER:
        left = last_decision(case.versions, case.areas, cycle, today)
    standing = Standing(
        status=_status(decision, left, release, done),
        hold=person.hold,
        group=release.group,
        department_ids=decision.department_ids,
        planned_on=release.planned_on,
        released_at=release.released_at,
        due_on=None,
        completed_at=done.completed_at,
        option=done.option,
        supplemental_options=done.supplemental,
        reopened=len(done.taken_back),
        rule=decision.rule,
        policy_version=cycle.policy_version,
        person_version=person.version,
    )
    standing = replace(standing, department_ids=_departments(standing, decision, left, previous))
    standing = _timed(cycle, standing, previous, done, now)
    return _settlement(cycle, case, standing, gaps(decision, cycle), now, acts=acts)


def next_action_on(
    cycle: Cycle, obligation: Obligation, person: Person, today: date
) -> date | None:
    """The first day after `today` on which time alone changes something or asks for a reminder."""
    standing = obligation.standing
    days = [day for day in _turning_days(person) if day > today]
    tomorrow = cycle.working_day_after(today)
    if standing.status is Status.SCHEDULED and standing.planned_on and not standing.hold:
        release = max(standing.planned_on, tomorrow)
        days += [release] if release <= cycle.closes_on else []
    if standing.status is Status.RELEASED and standing.due_on:
        days.append(standing.due_on + ONE_DAY)
    waiting = outstanding(cycle, standing, obligation.sent, obligation.reminded_to)
    days += [max(reminder.day, tomorrow) for reminder in waiting[:1]]
    return min(days, default=None)


def _release(
    cycle: Cycle, case: Case, decision: Decision, now: datetime, *, acts: bool
) -> _Release:
    """What was released stays so; else the plan, which comes true on its day."""
    previous = case.previous.standing if case.previous else None
    if previous and previous.released_at:
        return _Release(previous.group, previous.planned_on, previous.released_at)
    group = cycle.group_of(decision.group)
    if group is None:
        return _Release()
    today = cycle.today(now)
    person = newest(case.versions)
    if previous and _same_plan(previous, group.group, cycle):
        planned = previous.planned_on
    else:
        since = became_on(case.versions, case.areas, cycle, today, decision)
        planned = planned_day(cycle, group, person.person_id, since)
    reached = planned is not None and planned <= today <= cycle.closes_on
    comes_true = acts and reached and cycle.is_working(today) and not person.hold
    return _Release(group.group, planned, now if comes_true else None)


def _same_plan(previous: Standing, group: str, cycle: Cycle) -> bool:
    return previous.group == group and previous.policy_version == cycle.policy_version


def _status(
    decision: Decision, left: Decision | None, release: _Release, done: Fulfilment
) -> Status:
    """The status apart from lateness, which `_timed` adds."""
    if release.released_at and done.completed_at:
        return Status.COMPLETED
    if decision.rule == NOT_A_MEMBER and (release.released_at or (left and left.required)):
        return Status.ENDED
    if not decision.required:
        return Status(decision.outcome.value)
    return Status.RELEASED if release.released_at else Status.SCHEDULED


def _departments(
    standing: Standing, decision: Decision, left: Decision | None, previous: Standing | None
) -> tuple[str, ...]:
    """One who has left, or has completed and is no longer required, keeps the last departments."""
    if decision.required or standing.status not in {Status.COMPLETED, Status.ENDED}:
        return decision.department_ids
    if left and left.required:
        return left.department_ids
    return previous.department_ids if previous else ()


def _timed(
    cycle: Cycle,
    standing: Standing,
    previous: Standing | None,
    done: Fulfilment,
    now: datetime,
) -> Standing:
    """Add the due day, and what of the status follows from it."""
    if standing.released_at is None:
        return standing
    days = [cycle.civil(standing.released_at) + cycle.minimum_notice]
    group = cycle.group_of(standing.group)
    days += [group.due_on] if group else []
    later = [at for at in done.taken_back if at > standing.released_at]
    days += [cycle.civil(at) + cycle.minimum_notice for at in later]
    if previous and previous.due_on:
        days.append(previous.due_on)
    if previous and previous.away and standing.open:
        days.append(cycle.civil(now) + cycle.minimum_notice)
    due_on = max(days)
    status = standing.status
    if status is Status.COMPLETED and done.completed_at:
        late = cycle.civil(done.completed_at) > due_on
        status = Status.COMPLETED_LATE if late else Status.COMPLETED
    elif status is Status.RELEASED and cycle.today(now) > due_on:
        status = Status.OVERDUE
    return replace(standing, status=status, due_on=due_on)


def _settlement(
    cycle: Cycle,
    case: Case,
    standing: Standing,
    missing: tuple[str, ...],
    now: datetime,
    *,
    acts: bool,
) -> Settlement:
    """Number the record, and see which reminders are due and when to look again."""
    before = case.previous
    today = cycle.today(now)
    changed = before is None or before.standing != standing
    obligation = Obligation(
        version=(before.version if before else 0) + changed,
        standing=standing,
        sent=before.sent if before else (),
        reminded_to=before.reminded_to if before else None,
        gaps=missing,
    )
    if standing.open and _opened_anew(before, standing):
        obligation = replace(obligation, reminded_to=cycle.civil(now))
    due = reminders_due(cycle, obligation, today) if acts else ()
    if due:
        sent = [Sent(reminder.kind, reminder.ordinal, standing.reopened) for reminder in due]
        obligation = replace(obligation, sent=(*obligation.sent, *sent), reminded_to=today)
    person = newest(case.versions)
    obligation = replace(obligation, next_on=next_action_on(cycle, obligation, person, today))
    released = bool(standing.released_at) and not (before and before.standing.released_at)
    return Settlement(obligation, changed, released, due)


def _opened_anew(before: Obligation | None, standing: Standing) -> bool:
    if before is None or not before.standing.open:
        return True
    return before.standing.reopened != standing.reopened


def _turning_days(person: Person) -> list[date]:
    """The days on which memberships and appointments begin, or have ended."""
    days = [person.onboarded_on, *(a.start_on for a in person.appointments)]
    ends = [person.separated_on, *(a.end_on for a in person.appointments)]
    return days + [end + ONE_DAY for end in ends if end is not None]
