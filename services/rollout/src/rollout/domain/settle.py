"""From all facts of one person to the one record (docs/decisions/0002, 4 to 14).

Level-triggered: what comes out depends on what is known and on what was already done (released,
reminded), never on which fact asked. Facts settle at any time; only the daily run acts, so the
facts of a day may come in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from rollout.domain.decide import NOT_A_MEMBER, Decision, decide, last_decision
from rollout.domain.facts import (
    Appointment,
    Areas,
    Completion,
    Leave,
    Person,
    Versions,
    deciding,
    newest,
)
from rollout.domain.fulfil import Fulfilment, fulfilment
from rollout.domain.gaps import gaps
from rollout.domain.leaves import days_left, in_time, on_leave, taken
from rollout.domain.merge import merged, together
from rollout.domain.obligation import OPEN, Obligation, Release, Sent, Standing, Status
from rollout.domain.plan import became_on, planned_day
from rollout.domain.policy import ONE_DAY, Cycle
from rollout.domain.reminders import Reminder, outstanding, reminders_due


@dataclass(frozen=True, slots=True)
class Case:
    """Everything known of one person that one cycle needs.

    `completions` are those of the person's `aliases` as well; `others` are the obligations that
    these had by themselves, by id. `alias` says that the person is one of somebody else.
    """

    versions: Versions
    areas: Areas
    completions: Sequence[Completion] = ()
    previous: Obligation | None = None
    aliases: tuple[str, ...] = ()
    others: Mapping[str, Obligation] = field(default_factory=dict)
    alias: bool = False


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
    if case.alias:
        return _set_aside(cycle, case)
    told = newest(case.versions)
    today = cycle.today(now)
    before = _before(case, today)
    case = replace(case, versions=deciding(case.versions), previous=before)
    previous = before.standing if before else None
    decision = decide(case.versions, case.areas, cycle, today)
    done = fulfilment(case.completions, cycle)
    release = _release(cycle, case, decision, now, acts=acts and not told.hold)
    left = None
    if decision.rule == NOT_A_MEMBER:
        left = last_decision(case.versions, case.areas, cycle, today)
    standing = Standing(
        status=_status(decision, left, release, done),
        hold=told.hold,
        group=release.group,
        department_ids=decision.department_ids,
        planned_on=release.planned_on,
        released_at=release.released_at,
        due_on=None,
        completed_at=done.completed_at,
        option=done.option,
        supplemental_options=done.supplemental,
        reopened=max(done.reopened, previous.reopened if previous else 0),
        paused=False,
        resumed=previous.resumed if previous else 0,
        merged_from=case.aliases,
        rule=decision.rule,
        policy_version=cycle.policy_version,
        person_version=told.version,
    )
    standing = replace(standing, department_ids=_departments(standing, decision, left, previous))
    standing = _timed(cycle, case, standing, done, now, acts=acts)
    return _settlement(cycle, case, standing, gaps(decision, cycle), now, acts=acts)


def _before(case: Case, today: date) -> Obligation | None:
    """What stands so far, as if the present aliases had been the person's always."""
    before = case.previous
    if case.aliases == (before.standing.merged_from if before else ()):
        return before
    before = together(before, case.others)
    if before and before.reminded_to:
        # A reminder whose day has passed, be it under another id, is not late now.
        before = replace(before, reminded_to=max(before.reminded_to, today))
    return before


def next_action_on(
    cycle: Cycle, obligation: Obligation, person: Person, today: date
) -> date | None:
    """The first day after `today` on which time alone changes something or asks for a reminder."""
    standing = obligation.standing
    days = [day for day in _turning_days(person) if day > today]
    tomorrow = cycle.working_day_after(today)
    if standing.status is Status.SCHEDULED and standing.planned_on and not standing.hold:
        release = max(standing.planned_on, tomorrow)
        possible = release <= cycle.closes_on and not on_leave(person.leaves, release)
        days += [release] if possible else []
    if standing.status is Status.RELEASED and standing.due_on and not standing.paused:
        days.append(standing.due_on + ONE_DAY)
    if standing.status in OPEN and _clock_is_wrong(cycle, obligation, person, today):
        days.append(today + ONE_DAY)
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
    possible = cycle.is_working(today) and not on_leave(person.leaves, today)
    comes_true = acts and reached and possible
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
    cycle: Cycle, case: Case, standing: Standing, done: Fulfilment, now: datetime, *, acts: bool
) -> Standing:
    """Add the due day, and what follows from it and from leave."""
    if standing.released_at is None:
        return standing
    before = case.previous
    previous = before.standing if before else None
    days = [cycle.civil(standing.released_at) + cycle.minimum_notice]
    group = cycle.group_of(standing.group)
    days += [group.due_on] if group else []
    later = [at for at in done.taken_back if at > standing.released_at]
    days += [cycle.civil(at) + cycle.minimum_notice for at in later]
    if previous and previous.due_on:
        days.append(previous.due_on)
    if previous and _goes_on(previous, standing):
        days.append(cycle.civil(now) + cycle.minimum_notice)
    standing = replace(standing, due_on=max(days))
    leaves = newest(case.versions).leaves
    today = cycle.today(now)
    if acts and before and standing.asked and before.standing.asked:
        standing = _resumed(cycle, before, standing, leaves, today)
    if standing.status in OPEN:
        stopped = on_leave(leaves, today) if acts else bool(previous and previous.paused)
        standing = replace(standing, paused=stopped)
    return replace(standing, status=_by_the_clock(cycle, before, standing, leaves, today))


def _goes_on(previous: Standing, standing: Standing) -> bool:
    """Whether it is asked again of one who was away, or whose completion a split took along."""
    was_done = previous.released_at is not None and previous.completed_at is not None
    lost = was_done and previous.reopened == standing.reopened
    return standing.asked and (previous.away or lost)


def _resumed(
    cycle: Cycle, before: Obligation, standing: Standing, leaves: Sequence[Leave], today: date
) -> Standing:
    """The obligation goes on after a leave that is over, with the days it had left."""
    opened_on = _opened_on(cycle, before)
    assert standing.due_on is not None, "what is asked has a due day"
    over = taken(leaves, opened_on, today)
    if on_leave(leaves, today) or not (over or before.standing.paused):
        return standing
    left = days_left(over, opened_on, standing.due_on)
    due_on = max(standing.due_on, today + max(cycle.minimum_notice, left))
    return replace(standing, due_on=due_on, resumed=standing.resumed + 1)


def _by_the_clock(
    cycle: Cycle,
    before: Obligation | None,
    standing: Standing,
    leaves: Sequence[Leave],
    today: date,
) -> Status:
    """The status with what is late told from what is in time."""
    assert standing.due_on is not None, "only of the released"
    if standing.status is Status.COMPLETED and standing.completed_at:
        day = cycle.civil(standing.completed_at)
        opened_on = _opened_on(cycle, before) if before and before.standing.released_at else day
        if not in_time(leaves, opened_on, standing.due_on, day, cycle.minimum_notice):
            return Status.COMPLETED_LATE
    elif standing.status is Status.RELEASED and not standing.paused and today > standing.due_on:
        return Status.OVERDUE
    return standing.status


def _opened_on(cycle: Cycle, released: Obligation) -> date:
    assert released.standing.released_at is not None, "only what is released was ever opened"
    return released.opened_on or cycle.civil(released.standing.released_at)


def _clock_is_wrong(cycle: Cycle, obligation: Obligation, person: Person, today: date) -> bool:
    """Whether the next daily run has to stop the clock, or to set it going again."""
    stopped = on_leave(person.leaves, today)
    if stopped or obligation.standing.paused or obligation.standing.hold:
        return stopped != obligation.standing.paused
    return bool(taken(person.leaves, _opened_on(cycle, obligation), today))


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
        opened_on=before.opened_on if before else None,
        own=before.own if before else None,
        gaps=missing,
    )
    released = bool(standing.released_at) and not (before and before.standing.released_at)
    if released:
        obligation = replace(obligation, own=_own(standing))
    if standing.asked and _opened_anew(before, standing):
        on = cycle.civil(now)
        obligation = replace(obligation, opened_on=on, reminded_to=on)
    due = reminders_due(cycle, obligation, today) if acts else ()
    if due:
        sent = [Sent(reminder.kind, reminder.ordinal, standing.reopened) for reminder in due]
        obligation = replace(obligation, sent=(*obligation.sent, *sent), reminded_to=today)
    person = newest(case.versions)
    obligation = replace(obligation, next_on=next_action_on(cycle, obligation, person, today))
    return Settlement(obligation, changed, released, due)


def _set_aside(cycle: Cycle, case: Case) -> Settlement:
    """What becomes of an id that is an alias of somebody."""
    before = case.previous
    obligation = merged(cycle, case.versions, before)
    changed = before is None or before.standing != obligation.standing
    return Settlement(obligation, changed, released=False, reminders=())


def _own(standing: Standing) -> Release:
    assert standing.group is not None, "whoever is released is so with a group"
    assert standing.released_at is not None
    return Release(standing.group, standing.planned_on, standing.released_at)


def _opened_anew(before: Obligation | None, standing: Standing) -> bool:
    if before is None or not before.standing.asked:
        return True
    then = before.standing
    return (then.reopened, then.resumed) != (standing.reopened, standing.resumed)


def _turning_days(person: Person) -> list[date]:
    """The days on which memberships, appointments and leaves begin, or have ended."""
    spans: list[Appointment | Leave] = [*person.appointments, *person.leaves]
    days = [person.onboarded_on, *(each.start_on for each in spans)]
    ends = [person.separated_on, *(each.end_on for each in spans)]
    return days + [end + ONE_DAY for end in ends if end is not None]
