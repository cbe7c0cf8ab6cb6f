"""Read a cycle file: all of its errors at once, each with line, field and what was expected.

Nothing of a file with an error is ever used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from rollout.cycle_checks import contradictions
from rollout.cycle_reader import CycleFileError, Fields, FileError, Reader, parse_yaml
from rollout.domain import Condition, Cycle, Group, Option, Outcome, ReminderRule, Rule, Sender

__all__ = ["CycleFileError", "FileError", "Policy", "read_cycle"]

KINDS = (
    "faculty",
    "staff",
    "graduate_student",
    "undergraduate",
    "fellow",
    "unpaid_appointee",
    "affiliate",
    "committee_member",
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SOURCES = ("seed", "assumed")
REMINDER_KINDS = ("reminder", "due_soon")
OPTIONS_MAX = 100
YEARS_MAX = 15  # of study, as in the roster's contract
DAYS_MAX = 366


@dataclass(frozen=True)
class Policy:
    """A cycle together with the text it was read from; `sha256` is the text's digest."""

    cycle: Cycle
    source: str
    sha256: str


@lru_cache(maxsize=32)
def read_cycle(source: str, name: str = "cycle file", policy_version: int = 1) -> Policy:
    """Read the text of a cycle file; `name` is what errors call it.

    Raises:
        CycleFileError: with every error that was found.
    """
    reader = Reader(name)
    root = parse_yaml(reader, source)
    cycle = _cycle(Fields(reader, root, ""))
    reader.stop_on_errors()
    contradictions(reader, root, cycle)
    reader.stop_on_errors()
    digest = hashlib.sha256(source.encode()).hexdigest()
    return Policy(replace(cycle, policy_version=policy_version), source, digest)


def _cycle(at: Fields) -> Cycle:
    release = at.mapping("release")
    days, notice = _release(release)
    cycle = Cycle(
        cycle=at.identifier("cycle"),
        title=at.text("title"),
        timezone=at.zone("timezone"),
        opens_on=at.day("opens_on"),
        closes_on=at.day("closes_on"),
        daily_at=at.clock("daily_at"),
        contact=at.address("contact"),
        survey_url=at.link("survey_url"),
        required_options=at.integer("required_options", most=OPTIONS_MAX),
        options=tuple(_option(each) for each in at.items("options", unique="option")),
        counted_on=at.day("counted_on"),
        rules=tuple(_rule(each) for each in at.items("rules", unique="rule")),
        groups=tuple(_group(each) for each in at.items("groups", unique="group")),
        weekdays=days,
        minimum_notice=timedelta(days=notice),
        reminders=_reminders(at.mapping("reminders")),
        closed=_closed(at),
        senders=tuple(_sender(each) for each in at.items("senders", unique="area_id")),
    )
    at.done()
    return cycle


def _option(at: Fields) -> Option:
    option = Option(
        option=at.identifier("option"),
        title=at.text("title"),
        description=at.text("description", default=""),
    )
    at.done()
    return option


def _rule(at: Fields) -> Rule:
    source = at.choice("source", SOURCES)
    quote = at.text("quote") if source == "seed" else at.text("quote", default="")
    rule = Rule(
        rule=at.identifier("rule"),
        when=_condition(at.mapping("when"), group=False),
        outcome=Outcome(at.choice("outcome", tuple(Outcome))),
        source=source,
        quote=quote or None,
        other_programme=at.flag("other_programme", default=False),
    )
    at.done()
    return rule


def _group(at: Fields) -> Group:
    at.choice("source", SOURCES)
    group = Group(
        group=at.identifier("group"),
        title=at.text("title"),
        start_on=at.day("start_on"),
        due_on=at.day("due_on"),
        when=_condition(at.mapping("when"), group=True),
    )
    at.done()
    return group


def _condition(at: Fields, *, group: bool) -> Condition:
    if group:
        condition = Condition(
            kinds=at.names("kinds", KINDS),
            areas=at.names("areas"),
            rules=at.names("rules"),
            any_part=at.flag("any", default=False),
        )
    else:
        condition = Condition(
            kinds=at.names("kinds", KINDS),
            areas=at.names("areas"),
            paid=at.optional_flag("paid"),
            onboarded_from=at.optional_day("onboarded_from"),
            year_from=at.optional_integer("year_from", most=YEARS_MAX),
            year_to=at.optional_integer("year_to", most=YEARS_MAX),
            any_part=at.flag("any", default=False),
        )
    at.done()
    return condition


def _release(at: Fields) -> tuple[frozenset[int], int]:
    at.choice("source", SOURCES)
    names = at.names("weekdays", WEEKDAYS, required=True)
    notice = at.integer("minimum_notice_days", most=DAYS_MAX)
    at.done()
    return frozenset(WEEKDAYS.index(name) for name in names), notice


def _reminders(at: Fields) -> tuple[ReminderRule, ...]:
    at.choice("source", SOURCES)
    rules: list[ReminderRule] = []
    for side, sign, kinds in (("before_due", -1, REMINDER_KINDS), ("after_due", 1, ("overdue",))):
        for each in at.items(side):
            kind = each.choice("kind", kinds)
            ordinal = each.integer("ordinal", most=DAYS_MAX)
            days = each.integer("business_days", most=DAYS_MAX)
            if any((rule.kind, rule.ordinal) == (kind, ordinal) for rule in rules):
                each.error("ordinal", f"an ordinal of {kind} that is not used yet, not {ordinal}")
            rules.append(ReminderRule(kind, ordinal, sign * days))
            each.done()
    at.done()
    return tuple(rules)


def _closed(at: Fields) -> dict[date, str]:
    closed: dict[date, str] = {}
    for each in at.items("closed"):
        name = each.text("name")
        each.choice("source", SOURCES)
        if each.has("on"):
            first = last = each.day("on")
        else:
            first, last = each.day("from"), each.day("to")
            if not timedelta() <= last - first < timedelta(days=DAYS_MAX):
                each.error("to", f"a day not before {first}, less than {DAYS_MAX} days after it")
                last = first
        for n in range((last - first).days + 1):
            closed[first + timedelta(days=n)] = name
        each.done()
    return closed


def _sender(at: Fields) -> Sender:
    at.choice("source", SOURCES)
    sender = Sender(
        area_id=at.optional_text("area_id"),
        name=at.text("name"),
        address=at.address("address"),
    )
    at.done()
    return sender
