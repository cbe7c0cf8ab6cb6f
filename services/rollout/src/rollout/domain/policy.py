"""A cycle as its file states it: who is required, in which groups, by when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


class Outcome(StrEnum):
    """What a rule makes of an appointment; the earlier one here is the stronger."""

    REQUIRED = "required"
    EXEMPT = "exempt"
    SUPPLEMENTAL = "supplemental"
    NOT_IN_SCOPE = "not_in_scope"


STRENGTH = {outcome: rank for rank, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a condition may ask of an appointment and its holder."""

    kind: str
    paid: bool
    area: str | None
    year: int | None
    onboarded_on: date
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One part of a condition, asked of one situation."""

    field: str
    wanted: str
    found: str | None
    holds: bool


@dataclass(frozen=True)
class Condition:
    """What must hold: every part that is given, or one of them when `any_part` is set."""

    kinds: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    paid: bool | None = None
    onboarded_from: date | None = None
    year_from: int | None = None
    year_to: int | None = None
    any_part: bool = False

    def fits(self, situation: Situation) -> bool:
        """Whether the condition holds; one without parts always does."""
        holding = [holds for _, _, _, holds in self._parts(situation)]
        return any(holding) if self.any_part else all(holding)

    def checks(self, situation: Situation) -> tuple[Check, ...]:
        """Every part with what it wants and what it found."""
        return tuple(
            Check(name, _words(wanted), None if found is None else _words(found), holds)
            for name, wanted, found, holds in self._parts(situation)
        )

    def _parts(self, at: Situation) -> Iterator[tuple[str, object, object, bool]]:
        if self.kinds:
            yield "kinds", self.kinds, at.kind, at.kind in self.kinds
        if self.areas:
            yield "areas", self.areas, at.area, at.area in self.areas
        if self.rules:
            yield "rules", self.rules, at.rule, at.rule in self.rules
        if self.paid is not None:
            yield "paid", self.paid, at.paid, at.paid == self.paid
        if self.onboarded_from is not None:
            since = self.onboarded_from
            yield "onboarded_from", since, at.onboarded_on, at.onboarded_on >= since
        year = at.year
        if self.year_from is not None:
            yield "year_from", self.year_from, year, year is not None and year >= self.year_from
        if self.year_to is not None:
            yield "year_to", self.year_to, year, year is not None and year <= self.year_to


def _words(value: object) -> str:
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)


@dataclass(frozen=True)
class Rule:
    """The first rule that fits an appointment gives its outcome."""

    rule: str
    when: Condition
    outcome: Outcome
    source: str
    quote: str | None = None
    other_programme: bool = False


@dataclass(frozen=True)
class Group:
    """One wave: who belongs to it, and its window; `due_on` is the last day, to its end."""

    group: str
    title: str
    start_on: date
    due_on: date
    when: Condition


@dataclass(frozen=True)
class Option:
    """A module that can fulfil the requirement."""

    option: str
    title: str
    description: str = ""


@dataclass(frozen=True)
class Sender:
    """Who mail comes from, for one area (None: every other)."""

    area_id: str | None
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """A reminder `offset` business days from the due day: before it when negative, else after."""

    kind: str
    ordinal: int
    offset: int


@dataclass(frozen=True)
class Cycle:
    """One edition of a training requirement. Dates are civil dates in `timezone`."""

    cycle: str
    title: str
    timezone: str
    opens_on: date
    closes_on: date
    daily_at: time
    contact: str
    required_options: int
    options: tuple[Option, ...]
    counted_on: date
    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    weekdays: frozenset[int]
    minimum_notice: timedelta
    reminders: tuple[ReminderRule, ...] = ()
    closed: Mapping[date, str] = field(default_factory=dict)
    senders: tuple[Sender, ...] = ()
    survey_url: str | None = None
    policy_version: int = 1

    def group_of(self, name: str | None) -> Group | None:
        """The group called `name`; None when the file has none (any more)."""
        return next((group for group in self.groups if group.group == name), None)

    def rule_of(self, name: str) -> Rule | None:
        """The rule called `name`; None for `not_a_member`, which no file states."""
        return next((rule for rule in self.rules if rule.rule == name), None)

    @property
    def option_names(self) -> frozenset[str]:
        return frozenset(option.option for option in self.options)

    def civil(self, instant: datetime) -> date:
        """The civil date of `instant` in the cycle's zone."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def today(self, now: datetime) -> date:
        """The day whose work is due at `now`: a day begins at `daily_at`, not at midnight."""
        local = now.astimezone(ZoneInfo(self.timezone))
        return local.date() if local.time() >= self.daily_at else local.date() - ONE_DAY

    def begins_at(self, day: date) -> datetime:
        """The instant (UTC) at which `day` begins."""
        return datetime.combine(day, self.daily_at, ZoneInfo(self.timezone)).astimezone(UTC)

    def is_working(self, day: date) -> bool:
        """Whether `day` may carry releases and reminders."""
        return day.weekday() in self.weekdays and day not in self.closed

    def working_day_after(self, day: date) -> date:
        """The first working day later than `day`."""
        return self.business_day(day, 1)

    def business_day(self, day: date, offset: int) -> date:
        """The `offset`-th working day after `day`, or before it when negative."""
        step = ONE_DAY if offset > 0 else -ONE_DAY
        for _ in range(abs(offset)):
            day += step
            while not self.is_working(day):
                day += step
        return day
