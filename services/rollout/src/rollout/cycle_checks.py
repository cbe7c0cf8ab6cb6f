"""What each field of a cycle file allows and the fields together do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from ruamel.yaml.comments import CommentedMap

from rollout.cycle_reader import Reader, line_of
from rollout.domain import Condition, Cycle, Group, Outcome, release_days

Complain = Callable[[str, str], None]
_ENDLESS = 1_000


def contradictions(reader: Reader, root: CommentedMap, cycle: Cycle) -> None:
    """Report every field that disagrees with another one."""
    _dates(_at(reader, root, ""), cycle)
    if cycle.required_options > len(cycle.options):
        most = f"at most the {len(cycle.options)} options there are"
        _at(reader, root, "")("required_options", most)
    if not cycle.senders or any(s.area_id is None for s in cycle.senders[:-1]):
        _at(reader, root, "")("senders", "one entry with area_id null, the last")
    elif cycle.senders[-1].area_id is not None:
        _at(reader, root, "")("senders", "a last entry with area_id null, for every other area")
    _rules(reader, root, cycle)
    _groups(reader, root, cycle)


def _dates(complain: Complain, cycle: Cycle) -> None:
    if cycle.closes_on < cycle.opens_on:
        complain("closes_on", f"a day not before opens_on {cycle.opens_on}")


def _rules(reader: Reader, root: CommentedMap, cycle: Cycle) -> None:
    rules = cycle.rules
    if not rules or rules[-1].when != Condition():
        _at(reader, root, "")("rules", "a last rule with 'when: {}', for everybody else")
    for place, rule in enumerate(rules):
        complain = _at(reader, root["rules"][place], f"rules[{place}]")
        _condition(complain, rule.when)
        shadow = next((r for r in rules[:place] if _covers(r.when, rule.when)), None)
        if shadow:
            complain("when", f"something rule {shadow.rule!r} above leaves over; it fits all of it")
    for (_, first), (place, second) in combinations(enumerate(rules), 2):
        outcomes = {first.outcome, second.outcome}
        specific = Condition() not in (first.when, second.when)
        contrary = outcomes == {Outcome.REQUIRED, Outcome.NOT_IN_SCOPE}
        if contrary and specific and _overlap(first.when, second.when):
            complain = _at(reader, root["rules"][place], f"rules[{place}]")
            complain(
                "when",
                f"nobody whom rule {first.rule!r} fits too: it says {first.outcome.value}, "
                f"this one {second.outcome.value}",
            )


def _groups(reader: Reader, root: CommentedMap, cycle: Cycle) -> None:
    outcomes = {rule.rule: rule.outcome for rule in cycle.rules}
    for place, group in enumerate(cycle.groups):
        complain = _at(reader, root["groups"][place], f"groups[{place}]")
        _window(complain, group, cycle)
        _condition(complain, group.when)
        for name in sorted(group.when.rules):
            if name not in outcomes:
                complain("when", f"rules of this file; there is no rule {name!r}")
            elif outcomes[name] is not Outcome.REQUIRED:
                complain("when", f"rules that require; {name!r} says {outcomes[name].value}")
        shadow = next((g for g in cycle.groups[:place] if _covers(g.when, group.when)), None)
        if shadow:
            complain(
                "when", f"somebody group {shadow.group!r} above leaves over; it takes them all"
            )
        if not any(
            _may_meet(group.when, rule.when)
            for rule in cycle.rules
            if rule.outcome is Outcome.REQUIRED
        ):
            complain("when", "a condition that some rule's required people can fit")


def _window(complain: Complain, group: Group, cycle: Cycle) -> None:
    if group.due_on < group.start_on:
        complain("due_on", f"a day not before start_on {group.start_on}")
    elif not release_days(group, cycle):
        days = cycle.minimum_notice.days
        complain("due_on", f"a working day at least {days} days (minimum_notice_days) before it")
    if group.start_on < cycle.opens_on:
        complain("start_on", f"a day not before opens_on {cycle.opens_on}")
    if group.due_on > cycle.closes_on:
        complain("due_on", f"a day not after closes_on {cycle.closes_on}")


def _condition(complain: Complain, when: Condition) -> None:
    if when.any_part and sum(1 for _ in _parts(when)) < 2:
        complain("when", "at least two conditions beside 'any'")
    if when.year_from is not None and when.year_to is not None and when.year_to < when.year_from:
        complain("when", f"a year_to not before year_from {when.year_from}")


def _parts(when: Condition) -> Iterator[Condition]:
    """Each part of a condition as a condition of its own."""
    empty = Condition()
    for name in ("kinds", "areas", "rules", "paid", "onboarded_from", "year_from", "year_to"):
        value = getattr(when, name)
        if value != getattr(empty, name):
            yield replace(empty, **{name: value})


def _alternatives(when: Condition) -> list[Condition]:
    """Conditions without `any` of which one holds exactly when `when` does."""
    return list(_parts(when)) if when.any_part else [when]


def _covers(wide: Condition, narrow: Condition) -> bool:
    """Whether everything `narrow` fits is fitted by `wide`; False where it is not certain."""
    return all(any(_covers_all(w, n) for w in _alternatives(wide)) for n in _alternatives(narrow))


def _covers_all(wide: Condition, narrow: Condition) -> bool:
    sets = ((wide.kinds, narrow.kinds), (wide.areas, narrow.areas), (wide.rules, narrow.rules))
    if any(w and not (n and n <= w) for w, n in sets):
        return False
    if wide.paid is not None and narrow.paid != wide.paid:
        return False
    since = wide.onboarded_from
    if since and not (narrow.onboarded_from and narrow.onboarded_from >= since):
        return False
    asks_year = wide.year_from is not None or wide.year_to is not None
    if asks_year and narrow.year_from is None and narrow.year_to is None:
        return False
    (low, high), (first, last) = _years(wide), _years(narrow)
    return low <= first and last <= high


def _overlap(one: Condition, other: Condition) -> bool:
    """Whether some appointment could fit both."""
    return any(_meet(a, b) for a in _alternatives(one) for b in _alternatives(other))


def _meet(one: Condition, other: Condition) -> bool:
    sets = ((one.kinds, other.kinds), (one.areas, other.areas), (one.rules, other.rules))
    if any(a and b and not a & b for a, b in sets):
        return False
    if None not in (one.paid, other.paid) and one.paid != other.paid:
        return False
    (low, high), (first, last) = _years(one), _years(other)
    return low <= last and first <= high


def _may_meet(group: Condition, rule: Condition) -> bool:
    # Which rule an appointment took is asked by name, and checked by name.
    return any(_meet(replace(a, rules=frozenset()), rule) for a in _alternatives(group))


def _years(when: Condition) -> tuple[int, int]:
    return when.year_from or 1, when.year_to or _ENDLESS


def _at(reader: Reader, node: CommentedMap, path: str) -> Complain:
    def complain(field: str, expected: str) -> None:
        reader.error(line_of(node, field), f"{path}.{field}" if path else field, expected)

    return complain
