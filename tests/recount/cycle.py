"""The cycle file as the recount understands it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from recount.days import WorkingDays, span

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class When:
    """Conditions on one appointment; those left out do not exist."""

    kinds: frozenset[str] | None = None
    areas: frozenset[str] | None = None
    paid: bool | None = None
    onboarded_from: date | None = None
    year_from: int | None = None
    year_to: int | None = None
    rules: frozenset[str] | None = None
    any: bool = False


@dataclass(frozen=True)
class Rule:
    """What an appointment means for its holder."""

    name: str
    when: When
    outcome: str


@dataclass(frozen=True)
class Group:
    """A wave and the days on which it is released."""

    name: str
    when: When
    due_on: date
    release_days: tuple[date, ...]


@dataclass(frozen=True)
class Reminder:
    """A reminder `business_days` after the due day; negative numbers lie before it."""

    kind: str
    ordinal: int
    business_days: int


@dataclass(frozen=True)
class Cycle:
    """One cycle; days are civil days of `zone`."""

    name: str
    zone: ZoneInfo
    opens_on: date
    closes_on: date
    daily_at: time
    counted_on: date
    notice: timedelta
    options: frozenset[str]
    rules: tuple[Rule, ...]
    groups: tuple[Group, ...]
    reminders: tuple[Reminder, ...]
    working: WorkingDays


def read_cycle(path: Path) -> Cycle:
    """Read a cycle file. ValueError when it asks for something the recount cannot count."""
    return cycle_from(YAML(typ="safe").load(path.read_text(encoding="utf-8")))


def cycle_from(text: Mapping[str, Any]) -> Cycle:
    """The cycle in a parsed file."""
    if text["required_options"] != 1:
        raise ValueError("the recount knows cycles that one option fulfils")
    release = text["release"]
    working = WorkingDays(
        frozenset(_WEEKDAYS.index(name) for name in release["weekdays"]),
        frozenset(day for entry in text["closed"] for day in _closed(entry)),
    )
    notice = timedelta(days=release["minimum_notice_days"])
    return Cycle(
        name=text["cycle"],
        zone=ZoneInfo(text["timezone"]),
        opens_on=text["opens_on"],
        closes_on=text["closes_on"],
        daily_at=time.fromisoformat(text["daily_at"]),
        counted_on=text["counted_on"],
        notice=notice,
        options=frozenset(each["option"] for each in text["options"]),
        rules=tuple(Rule(r["rule"], _when(r["when"]), r["outcome"]) for r in text["rules"]),
        groups=tuple(_group(each, working, notice) for each in text["groups"]),
        reminders=tuple(_reminders(text["reminders"])),
        working=working,
    )


def _closed(entry: Mapping[str, Any]) -> Iterable[date]:
    return (entry["on"],) if "on" in entry else span(entry["from"], entry["to"])


def _when(text: Mapping[str, Any]) -> When:
    sets = {name: frozenset(text[name]) for name in ("kinds", "areas", "rules") if name in text}
    return When(**{**text, **sets})


def _group(text: Mapping[str, Any], working: WorkingDays, notice: timedelta) -> Group:
    days = working.between(text["start_on"], text["due_on"] - notice)
    return Group(text["group"], _when(text["when"]), text["due_on"], tuple(days))


def _reminders(text: Mapping[str, Any]) -> Iterable[Reminder]:
    for each in text["before_due"]:
        yield Reminder(each["kind"], each["ordinal"], -each["business_days"])
    for each in text["after_due"]:
        yield Reminder(each["kind"], each["ordinal"], each["business_days"])
