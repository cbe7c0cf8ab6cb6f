"""Lives one person's cycle day by day: decision record 0002, rules 4 to 14."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from recount.cycle import Cycle, Group
from recount.days import ONE_DAY
from recount.facts import Version
from recount.heard import amount_of
from recount.knowledge import Known
from recount.leave import is_away, notice_after, since, was_in_time
from recount.rules import LEFT, Verdict, judge, planned_day
from recount.run import Calendar, Day, days_of, reminder_days
from recount.standing import Course, Learned, Mailed, Reminded, Standing
from recount.tracks import OPEN, Own, Track, as_one

_AWAY = frozenset({"ended", "exempt", "supplemental", "not_in_scope"})
_NOT_ASKED = _AWAY | {"completed", "completed_late"}
_ORDINALS_PER_ROUND = 100
_CONFIRMED = {
    "scheduled": "confirmation",
    "completed": "confirmation",
    "completed_late": "confirmation",
    "exempt": "supplemental_confirmation",
    "supplemental": "supplemental_confirmation",
}


class Life:
    """One id's course from the opening on.

    `learned` has the completions told of under each id that ever was this person's; `others` are
    the lives, lived already, of the ids that ever were its aliases.
    """

    def __init__(
        self,
        cycle: Cycle,
        known: Sequence[Known],
        learned: Mapping[str, Sequence[Learned]],
        others: Mapping[str, "Life"],
    ) -> None:
        self.course = Course()
        self.tracks: dict[datetime, Track] = {}
        self._cycle = cycle
        self._groups: dict[str | None, Group] = {group.name: group for group in cycle.groups}
        self._known = known
        self._id = known[0].version.person_id if known else ""
        self._others = others
        words = [(word, each) for each, heard in learned.items() for word in heard]
        self._received: list[tuple[datetime, Known | Learned, str]] = sorted(
            [*((k.since, k, "") for k in known), *((w.received_at, w, each) for w, each in words)],
            key=lambda fact: fact[0],
        )
        self._taken_in = 0
        self._facts = -1
        self._heard: dict[str, list[Learned]] = {each: [] for each in {self._id, *learned}}
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self._turns = [_turning_days(each.version) for each in known]
        self._planned_for: str | None = None
        self._own: Own | None = None
        self._opened_on: date | None = None
        self._told_until: date | None = None
        self._reminded: set[tuple[str, int, int]] = set()
        self._aliases: dict[str, Track] = {}
        self._calendars: dict[date, Calendar] = {}

    @property
    def _now(self) -> Standing:
        return self.course.last

    def live(self, until: datetime) -> Course:
        """The whole course, up to that instant."""
        for day in days_of(self._cycle, until.astimezone(self._cycle.zone)):
            self._live_through(day)
        return self.course

    def _live_through(self, day: Day) -> None:
        """Everything received before the daily run, the run, the rest, and the night's edition."""
        self._take_in(day.run_at or day.ends_at, today=day.date - ONE_DAY)
        if day.run_at:
            self._run(day.date)
        self._take_in(day.ends_at, today=day.date)
        if day.is_whole:
            self._cut(day.date)

    def _take_in(self, until: datetime, today: date) -> None:
        while self._taken_in < len(self._received):
            at, fact, under = self._received[self._taken_in]
            local = at.astimezone(self._cycle.zone)
            if local > until:
                return
            self._taken_in += 1
            if isinstance(fact, Known):
                self._facts += 1
                self._merge_or_split(at)
            else:
                self._heard[under].append(fact)
            if self._facts >= 0 and not self._is_merged:
                reopened = self._count_completions(local.date())
                self._settle(local.date(), today, reopened=reopened)

    @property
    def _is_merged(self) -> bool:
        return self._known[self._facts].merged

    def _merge_or_split(self, at: datetime) -> None:
        known = self._known[self._facts]
        was_merged = self._facts > 0 and self._known[self._facts - 1].merged
        if known.merged:
            if not was_merged:
                self.tracks[at] = self._track()
                self._set_aside()
            self._now.hold = known.hold
        elif known.aliases != self._now.merged_from:
            self._become_one(known.aliases, at)

    def _track(self) -> Track:
        return Track(
            self._own,
            replace(self._now),
            frozenset(self._reminded),
            frozenset(self.course.mails),
            self._opened_on,
            self._told_until,
        )

    def _set_aside(self) -> None:
        own, now = self._own, self._now
        self.course.last = Standing(
            rule="merged",
            group=own.group if own else None,
            planned_on=own.planned_on if own else None,
            released_on=own.released_on if own else None,
            due_on=now.due_on if own else None,
            reopened=now.reopened,
            resumed=now.resumed,
        )
        self._planned_for, self._aliases = None, {}

    def _become_one(self, aliases: Sequence[str], at: datetime) -> None:
        tracks = {}
        for alias in aliases:
            merged_at = [moment for moment in self._others[alias].tracks if moment <= at]
            if merged_at:
                last = self._others[alias].tracks[max(merged_at)]
                tracks[alias] = last.set_aside() if alias in self._aliases else last
        one = as_one(self._track(), [tracks[alias] for alias in sorted(tracks)])
        if one.standing.released_on is None and self._now.released_on:
            self._planned_for = None
        self.course.last = replace(one.standing, merged_from=tuple(aliases))
        self._opened_on, self._told_until = one.opened_on, one.told_until
        self._aliases = tracks

    def _count_completions(self, on: date) -> bool:
        """Count what holds of everything heard; whether that re-opens the obligation."""
        now = self._now
        ids = (self._id, *self._known[self._facts].aliases)
        amount, times = amount_of({each: self._heard.get(each, ()) for each in ids})
        now.completed_at, now.option = amount.valid[0] if amount.valid else (None, None)
        now.supplemental = tuple(
            sorted({option for _, option in amount.valid} - {now.option or ""})
        )
        if now.released_on and amount.undone:
            assert now.due_on is not None
            run_at = datetime.combine(now.released_on, self._cycle.daily_at, self._cycle.zone)
            days = [at.astimezone(self._cycle.zone).date() for at in amount.undone if at > run_at]
            now.due_on = max([now.due_on, *(day + self._cycle.notice for day in days)])
        if times <= now.reopened:
            return False
        now.reopened = times
        self._opened_on = self._told_until = on
        return True

    def _go_on(self, on: date) -> None:
        """The same record goes on from that day, with at least the minimum notice."""
        now = self._now
        assert now.due_on is not None
        now.due_on = max(now.due_on, on + self._cycle.notice)
        self._opened_on = self._told_until = on

    def _run(self, day: date) -> None:
        if self._facts < 0 or self._is_merged or day < self._cycle.opens_on:
            return
        self._settle(day, day)
        working = day in self._cycle.working
        if working and self._is_due_for_release(day):
            self._release(day)
        if self._now.status in OPEN:
            self._set_clock(day)
        now = self._now
        if working and now.status in OPEN and not now.hold and not now.paused:
            self._remind(day)

    def _set_clock(self, day: date) -> None:
        """Stop for a leave, or go on after one (rule 13)."""
        now, leaves = self._now, self._version.leaves
        assert now.due_on is not None
        assert self._opened_on is not None
        away = is_away(leaves, day)
        over = since(leaves, self._opened_on, day)
        if not away and not now.hold and (over or now.paused):
            notice = notice_after(over, self._opened_on, now.due_on, self._cycle.notice)
            now.due_on = max(now.due_on, day + notice)
            now.resumed += 1
            self._opened_on = self._told_until = day
            self._mail("back_from_leave", now.resumed)
        now.paused = away
        now.status = "released" if away or day <= now.due_on else "overdue"

    def _settle(self, on: date, today: date, *, reopened: bool = False) -> None:
        """Decide again by everything known, on civil day `on`, as of `today` (rules 8 to 10)."""
        if today < self._cycle.opens_on:
            return
        verdict = self._verdict(self._facts, today)
        was_away = self._now.hold or self._now.status in (_AWAY if reopened else _NOT_ASKED)
        self._now.hold = self._known[self._facts].hold
        if self._now.released_on:
            self._settle_released(verdict, on, today, was_away=was_away)
        else:
            self._settle_unreleased(verdict, today)
        if self._now.status not in OPEN:
            self._now.paused = False
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

    def _settle_released(self, verdict: Verdict, on: date, today: date, *, was_away: bool) -> None:
        now = self._now
        assert now.due_on is not None
        if now.completed_at:
            now.status = "completed" if self._finished_in_time() else "completed_late"
            self._keep_departments(verdict, today)
        elif verdict is LEFT:
            now.status = "ended"
            self._keep_departments(verdict, today)
        elif verdict.outcome != "required":
            now.status = verdict.outcome or "not_in_scope"
            now.departments = verdict.departments
        else:
            if was_away and not now.hold:
                self._go_on(on)
            in_time = now.paused or today <= now.due_on
            now.status = "released" if in_time else "overdue"
            now.departments = verdict.departments

    def _finished_in_time(self) -> bool:
        now = self._now
        assert now.completed_at is not None
        assert now.due_on is not None
        day = now.completed_at.astimezone(self._cycle.zone).date()
        opened_on = self._opened_on or now.released_on or day
        return was_in_time(self._version.leaves, opened_on, now.due_on, self._cycle.notice, day)

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
            planned_day(self._cycle, group, self._id, self._became_on(verdict, today))
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
        if now.status != "scheduled" or now.planned_on is None or now.hold:
            return False
        if is_away(self._version.leaves, day):
            return False
        return now.planned_on <= day <= self._cycle.closes_on

    def _release(self, day: date) -> None:
        now = self._now
        group = self._groups[now.group]
        now.released_on = day
        now.due_on = max(group.due_on, day + self._cycle.notice)
        now.status = "released"
        self._own = Own(group.name, now.planned_on, day)
        self._opened_on = self._told_until = day
        self.course.released = (day, group.name)
        self._mail("release", 1)
        self._settle(day, day)

    def _remind(self, day: date) -> None:
        now = self._now
        assert now.due_on is not None
        if now.due_on not in self._calendars:
            self._calendars[now.due_on] = reminder_days(self._cycle, now.due_on)
        if self._told_until and day <= self._told_until:
            return
        told = {reminder for track in self._aliases.values() for reminder in track.told}
        for kind, ordinal in self._calendars[now.due_on].get(day, ()):
            reminder = (kind, ordinal, now.reopened)
            if reminder not in self._reminded | told:
                self._reminded.add(reminder)
                self.course.reminders.append(Reminded(day, kind, ordinal, now.due_on))
                self._mail_again(kind, ordinal)

    def _mail_again(self, kind: str, ordinal: int) -> None:
        """The mail of a reminder; one that falls due again is another mail, 100 further on."""
        earlier = {mail.ordinal for mail in self.course.mails if mail.kind == kind}
        while ordinal in earlier:
            ordinal += _ORDINALS_PER_ROUND
        self._mail(kind, ordinal)

    def _confirm(self) -> None:
        """Each completion once, by whichever kind of mail fits first."""
        kind, ordinal = _CONFIRMED.get(self._now.status), self._now.reopened + 1
        if self._now.completed_at and kind and not self._now.hold:
            for each in _CONFIRMED.values():
                if Mailed(each, ordinal) in self.course.mails:
                    return
            self._mail(kind, ordinal)

    def _mail(self, kind: str, ordinal: int) -> None:
        """One human gets each mail once, under whichever id."""
        mail = Mailed(kind, ordinal)
        sent = {each.occasion for track in self._aliases.values() for each in track.mails}
        if mail.occasion not in sent:
            self.course.mails.append(mail)

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


def _turning_days(version: Version) -> list[date]:
    """The days on which the set of active appointments may change."""
    days = {version.onboarded_on}
    days |= {each.start_on for each in version.appointments}
    ends = (version.separated_on, *(each.end_on for each in version.appointments))
    return sorted(days | {end + ONE_DAY for end in ends if end})
