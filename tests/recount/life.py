"""Lives one person's cycle day by day: decision record 0002, rules 4 to 12."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from recount.cycle import Cycle, Group
from recount.days import ONE_DAY, span
from recount.facts import Version
from recount.rules import LEFT, Known, Verdict, judge, planned_day
from recount.standing import Course, Learned, Mailed, Reminded

_PAUSED = frozenset({"ended", "exempt", "supplemental", "not_in_scope"})
_OPEN = frozenset({"released", "overdue"})
_ORDINALS_PER_ROUND = 100
_CONFIRMED = {
    "scheduled": "confirmation",
    "completed": "confirmation",
    "completed_late": "confirmation",
    "exempt": "supplemental_confirmation",
    "supplemental": "supplemental_confirmation",
}


@dataclass(frozen=True)
class Day:
    """One day of the run: its daily run, unless that never came, and how far it got."""

    date: date
    run_at: datetime | None
    ends_at: datetime
    is_whole: bool


def live(
    cycle: Cycle, known: Sequence[Known], learned: Sequence[Learned], until: datetime
) -> Course:
    """One person's course from the opening to `until`; both sequences in order of receipt."""
    life = _Life(cycle, known, learned)
    for day in days_of(cycle, until.astimezone(cycle.zone)):
        life.live_through(day)
    return life.course


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


class _Life:
    def __init__(self, cycle: Cycle, known: Sequence[Known], learned: Sequence[Learned]) -> None:
        self.course = Course()
        self._cycle = cycle
        self._groups: dict[str | None, Group] = {group.name: group for group in cycle.groups}
        self._now = self.course.last
        self._known = known
        self._received: list[Known | Learned] = sorted([*known, *learned], key=_received_at)
        self._taken_in = 0
        self._facts = -1
        self._valid: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._versions: dict[tuple[str, str], int] = {}
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self._turns = [_turning_days(each.version) for each in known]
        self._planned_for: str | None = None
        self._calendar: dict[date, list[tuple[str, int]]] = {}
        self._reminded: set[tuple[str, int]] = set()
        self._confirmed = False

    def live_through(self, day: Day) -> None:
        """Everything received before the daily run, the run, the rest, and the night's edition."""
        self._take_in(day.run_at or day.ends_at, today=day.date - ONE_DAY)
        if day.run_at:
            self._run(day.date)
        self._take_in(day.ends_at, today=day.date)
        if day.is_whole:
            self._cut(day.date)

    def _take_in(self, until: datetime, today: date) -> None:
        while self._taken_in < len(self._received):
            fact = self._received[self._taken_in]
            at = _received_at(fact).astimezone(self._cycle.zone)
            if at > until:
                return
            self._taken_in += 1
            if isinstance(fact, Known):
                self._facts += 1
            else:
                self._learn(fact, at.date())
            self._settle(at.date(), today)

    def _learn(self, fact: Learned, on: date) -> None:
        place = (fact.source, fact.course)
        if fact.version <= self._versions.get(place, 0):
            return
        self._versions[place] = fact.version
        had = bool(self._valid)
        self._valid.pop(place, None)
        if fact.option is not None:
            self._valid[place] = (fact.completed_at, fact.option)
        if had and not self._valid:
            self._reopen(on)
        self._count_completions()

    def _count_completions(self) -> None:
        now = self._now
        valid = sorted(self._valid.values())
        now.completed_at, now.option = valid[0] if valid else (None, None)
        now.supplemental = tuple(sorted({option for _, option in valid} - {now.option or ""}))

    def _reopen(self, on: date) -> None:
        self._now.reopened += 1
        self._reminded.clear()
        self._confirmed = False
        if self._now.released_on:
            self._go_on(on)

    def _go_on(self, on: date) -> None:
        """The same record goes on with at least the minimum notice (rules 9 and 10)."""
        assert self._now.due_on is not None
        self._now.due_on = max(self._now.due_on, on + self._cycle.notice)
        self._plan_reminders(after=on)

    def _run(self, day: date) -> None:
        self._settle(day, day)
        working = day in self._cycle.working
        if working and self._is_due_for_release(day):
            self._release(day)
        if working and self._now.status in _OPEN:
            self._remind(day)

    def _settle(self, on: date, today: date) -> None:
        """Decide again by everything known, on civil day `on`, as of `today` (rules 8 to 10)."""
        if today < self._cycle.opens_on or self._facts < 0:
            return
        verdict = self._verdict(self._facts, today)
        if self._now.released_on:
            self._settle_released(verdict, on, today)
        else:
            self._settle_unreleased(verdict, today)
        if verdict.rule:
            self._now.rule = verdict.rule
        self._confirm()

    def _settle_unreleased(self, verdict: Verdict, today: date) -> None:
        now = self._now
        if verdict.outcome == "required":
            if self._planned_for != verdict.group or now.status != "scheduled":
                self._plan(verdict, today)
            now.status, now.group = "scheduled", verdict.group
            now.departments = verdict.departments
            return
        now.group = now.planned_on = self._planned_for = None
        if verdict is LEFT:
            last = self._required_on_last_day(today)
            now.status = "ended" if last else "not_in_scope"
            now.departments = last.departments if last else ()
        else:
            now.status = verdict.outcome or "not_in_scope"
            now.departments = verdict.departments

    def _settle_released(self, verdict: Verdict, on: date, today: date) -> None:
        now = self._now
        assert now.due_on is not None
        if now.completed_at:
            finished = now.completed_at.astimezone(self._cycle.zone).date()
            now.status = "completed" if finished <= now.due_on else "completed_late"
            self._keep_departments(verdict, today)
        elif verdict is LEFT:
            now.status = "ended"
            self._keep_departments(verdict, today)
        elif verdict.outcome != "required":
            now.status = verdict.outcome or "not_in_scope"
            now.departments = verdict.departments
        else:
            if now.status in _PAUSED:
                self._go_on(on)
            now.status = "released" if today <= now.due_on else "overdue"
            now.departments = verdict.departments

    def _keep_departments(self, verdict: Verdict, today: date) -> None:
        """The present departments of the required; else those of the last day, or the last ones."""
        decisive: Verdict | None = verdict
        if verdict is LEFT:
            decisive = self._required_on_last_day(today)
        if decisive and decisive.outcome == "required":
            self._now.departments = decisive.departments

    def _plan(self, verdict: Verdict, today: date) -> None:
        self._planned_for = verdict.group
        group = self._groups.get(verdict.group)
        self._now.planned_on = (
            planned_day(
                self._cycle, group, self._version.person_id, self._became_on(verdict, today)
            )
            if group
            else None
        )

    def _became_on(self, verdict: Verdict, today: date) -> date:
        """The day since which the person belongs to the group by all that was known (rule 5)."""
        first = self._facts
        while first and self._verdict(first - 1, today).group == verdict.group:
            first -= 1
        received_on = self._known[first].since.astimezone(self._cycle.zone).date()
        assert verdict.fits_since is not None
        return max(received_on, self._version.onboarded_on, verdict.fits_since)

    def _is_due_for_release(self, day: date) -> bool:
        now = self._now
        planned = now.status == "scheduled" and now.planned_on is not None
        return planned and now.planned_on <= day <= self._cycle.closes_on  # type: ignore[operator]

    def _release(self, day: date) -> None:
        now = self._now
        group = self._groups[now.group]
        now.released_on = day
        now.due_on = max(group.due_on, day + self._cycle.notice)
        now.status = "released"
        self.course.released = (day, group.name)
        self._plan_reminders(after=day)
        self.course.mails.append(Mailed("release", 1))
        self._settle(day, day)

    def _plan_reminders(self, after: date) -> None:
        self._calendar = {}
        for each in self._cycle.reminders:
            count, due = each.business_days, self._now.due_on
            assert due is not None
            working = self._cycle.working
            on = working.after(due, count) if count > 0 else working.before(due, -count)
            if on > after:
                self._calendar.setdefault(on, []).append((each.kind, each.ordinal))

    def _remind(self, day: date) -> None:
        now = self._now
        for reminder in self._calendar.get(day, ()):
            if reminder not in self._reminded:
                self._reminded.add(reminder)
                assert now.due_on is not None
                self.course.reminders.append(Reminded(day, *reminder, now.due_on))
                self._mail_again(*reminder)

    def _mail_again(self, kind: str, ordinal: int) -> None:
        """The mail of a reminder; one that falls due again is another mail, 100 further on."""
        earlier = {mail.ordinal for mail in self.course.mails if mail.kind == kind}
        while ordinal in earlier:
            ordinal += _ORDINALS_PER_ROUND
        self.course.mails.append(Mailed(kind, ordinal))

    def _confirm(self) -> None:
        kind = _CONFIRMED.get(self._now.status)
        if self._now.completed_at and kind and not self._confirmed:
            self._confirmed = True
            self.course.mails.append(Mailed(kind, self._now.reopened + 1))

    def _cut(self, day: date) -> None:
        row = self._now.row()
        nights = self.course.nights
        if row != (nights[-1][1] if nights else None):
            nights.append((day, row))

    @property
    def _version(self) -> Version:
        return self._known[self._facts].version

    def _verdict(self, facts: int, day: date) -> Verdict:
        stretch = (facts, bisect_right(self._turns[facts], day))
        if stretch not in self._verdicts:
            self._verdicts[stretch] = judge(self._known[facts], day, self._cycle)
        return self._verdicts[stretch]

    def _required_on_last_day(self, today: date) -> Verdict | None:
        """What held on the last day before `today` with an active appointment, if it required.

        None as well when that day was before the cycle opened.
        """
        version = self._version
        separated = version.separated_on or date.max
        days = [
            last
            for each in version.appointments
            if (last := min(each.end_on or date.max, separated, today - ONE_DAY))
            >= max(each.start_on, version.onboarded_on)
        ]
        if not days or max(days) < self._cycle.opens_on:
            return None
        verdict = self._verdict(self._facts, max(days))
        return verdict if verdict.outcome == "required" else None


def _received_at(fact: Known | Learned) -> datetime:
    return fact.since if isinstance(fact, Known) else fact.received_at


def _turning_days(version: Version) -> list[date]:
    """The days on which the set of active appointments may change."""
    days = {version.onboarded_on}
    days |= {each.start_on for each in version.appointments}
    ends = (version.separated_on, *(each.end_on for each in version.appointments))
    return sorted(days | {end + timedelta(days=1) for end in ends if end})
