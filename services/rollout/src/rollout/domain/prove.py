"""Why: the facts and rules that led to a decision, and the one fact that would flip it.

Recomputed from the facts whenever somebody asks; only codes and versions are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from rollout.domain.decide import NOT_A_MEMBER, Decision, Taken, decide, fitting
from rollout.domain.facts import Appointment, Areas, Person, Versions, newest
from rollout.domain.policy import ONE_DAY, Condition, Cycle, Outcome, Situation


@dataclass(frozen=True, slots=True)
class Node:
    """One step: `code` names a rule, a group or a fact; `facts` are name and value."""

    code: str
    holds: bool
    facts: tuple[tuple[str, str], ...] = ()
    because: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Flip:
    """The single fact that, were it so instead, would give another outcome."""

    fact: str
    present: str | None
    instead: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Proof:
    """A decision with what led to it, on `as_of`."""

    decision: Decision
    as_of: date
    person_version: int
    policy_version: int
    tree: Node
    flip: Flip | None


def prove(versions: Versions, areas: Areas, cycle: Cycle, today: date) -> Proof:
    """The proof of `decide(versions, areas, cycle, today)`."""
    decision = decide(versions, areas, cycle, today)
    person = newest(versions)
    return Proof(
        decision=decision,
        as_of=today,
        person_version=person.version,
        policy_version=cycle.policy_version,
        tree=_tree(decision, person, cycle, today),
        flip=find_flip(versions, areas, cycle, today),
    )


def find_flip(versions: Versions, areas: Areas, cycle: Cycle, today: date) -> Flip | None:
    """The first single change of a fact, nearest first, that changes the outcome."""
    decision = decide(versions, areas, cycle, today)
    person = newest(versions)
    for name, present, instead, changed in _changes(person, decision, cycle, today):
        outcome = decide(_with(versions, changed), areas, cycle, today).outcome
        if outcome is not decision.outcome:
            return Flip(name, present, instead, outcome)
    return None


def _tree(decision: Decision, person: Person, cycle: Cycle, today: date) -> Node:
    facts = (("outcome", decision.outcome.value), ("rule", decision.rule))
    because = [_membership(person, today)]
    active = {taken.appointment.appointment_id: taken for taken in decision.taken}
    for appointment in person.appointments:
        taken = active.get(appointment.appointment_id)
        because.append(_appointment(appointment, taken, cycle))
    if decision.required:
        because.extend(_groups(decision, cycle))
    return Node("decision", decision.rule != NOT_A_MEMBER, facts, tuple(because))


def _membership(person: Person, today: date) -> Node:
    facts = [("day", str(today)), ("onboarded_on", str(person.onboarded_on))]
    if person.separated_on:
        facts.append(("separated_on", str(person.separated_on)))
    return Node("member", person.is_member(today), tuple(facts))


def _appointment(appointment: Appointment, taken: Taken | None, cycle: Cycle) -> Node:
    facts = [
        ("appointment_id", appointment.appointment_id),
        ("kind", appointment.kind),
        ("paid", str(appointment.paid)),
        ("department_id", appointment.department_id),
        ("start_on", str(appointment.start_on)),
    ]
    if appointment.end_on:
        facts.append(("end_on", str(appointment.end_on)))
    if taken is None:
        return Node("active_appointment", False, tuple(facts))
    facts.append(("area", taken.situation.area or "unknown"))
    if taken.situation.year is not None:
        facts.append(("year_counted", str(taken.situation.year)))
    rules = []
    for rule in cycle.rules:
        rules.append(_condition(f"rule {rule.rule}", rule.when, taken.situation))
        if rule.rule == taken.rule.rule:
            break
    return Node("active_appointment", True, tuple(facts), tuple(rules))


def _groups(decision: Decision, cycle: Cycle) -> Iterator[Node]:
    for group in cycle.groups:
        taken = fitting(group, decision) or [
            t for t in decision.taken if t.rule.outcome is Outcome.REQUIRED
        ]
        yield _condition(f"group {group.group}", group.when, taken[0].situation)
        if group.group == decision.group:
            return


def _condition(code: str, condition: Condition, situation: Situation) -> Node:
    checks = tuple(
        Node(check.field, check.holds, (("wanted", check.wanted), ("found", str(check.found))))
        for check in condition.checks(situation)
    )
    return Node(code, condition.fits(situation), (), checks)


Change = tuple[str, str | None, str | None, Person]


def _changes(person: Person, decision: Decision, cycle: Cycle, today: date) -> Iterator[Change]:
    """Single facts that could be otherwise: first what the rules ask about, then membership."""
    for onboarded_on in _onboarding_days(person, cycle):
        changed = replace(person, onboarded_on=onboarded_on)
        yield "onboarded_on", str(person.onboarded_on), str(onboarded_on), changed
    for taken in decision.taken:
        yield from _appointment_changes(person, taken, cycle)
    yield from _membership_changes(person, today)


def _onboarding_days(person: Person, cycle: Cycle) -> Iterator[date]:
    for day in dict.fromkeys(r.when.onboarded_from for r in cycle.rules if r.when.onboarded_from):
        yield day - ONE_DAY if person.onboarded_on >= day else day


def _appointment_changes(person: Person, taken: Taken, cycle: Cycle) -> Iterator[Change]:
    held = taken.appointment
    name = f"appointment {held.appointment_id}"
    edges = {edge for rule in cycle.rules for edge in _year_edges(rule.when)}
    year = taken.situation.year
    for edge in sorted(edges, key=lambda edge: abs(edge - (year or 0))):
        if year is not None and edge != year:
            other = replace(held, year_of_study=edge, years_of_study=())
            changed = _replaced(person, other)
            yield f"{name}: year_of_study", str(year), str(edge), changed
    paid = _replaced(person, replace(held, paid=not held.paid))
    yield f"{name}: paid", str(held.paid), str(not held.paid), paid
    for kind in sorted({kind for rule in cycle.rules for kind in rule.when.kinds} - {held.kind}):
        yield f"{name}: kind", held.kind, kind, _replaced(person, replace(held, kind=kind))


def _membership_changes(person: Person, today: date) -> Iterator[Change]:
    yesterday = today - ONE_DAY
    if person.is_member(today):
        changed = replace(person, separated_on=yesterday)
        yield "separated_on", _text(person.separated_on), str(yesterday), changed
    if person.separated_on is not None and person.separated_on < today:
        yield "separated_on", str(person.separated_on), None, replace(person, separated_on=None)
    if person.onboarded_on > today:
        changed = replace(person, onboarded_on=today)
        yield "onboarded_on", str(person.onboarded_on), str(today), changed
    for held in person.appointments:
        name = f"appointment {held.appointment_id}"
        if held.end_on is not None and held.end_on < today:
            yield (
                f"{name}: end_on",
                str(held.end_on),
                None,
                _replaced(person, replace(held, end_on=None)),
            )
        if held.start_on > today:
            yield (
                f"{name}: start_on",
                str(held.start_on),
                str(today),
                _replaced(person, replace(held, start_on=today)),
            )


def _year_edges(condition: Condition) -> Iterator[int]:
    if condition.year_from is not None:
        yield from (condition.year_from - 1, condition.year_from)
    if condition.year_to is not None:
        yield from (condition.year_to, condition.year_to + 1)


def _replaced(person: Person, held: Appointment) -> Person:
    others = [held if a.appointment_id == held.appointment_id else a for a in person.appointments]
    return replace(person, appointments=tuple(others))


def _with(versions: Versions, changed: Person) -> list[Person]:
    """All versions with the newest replaced, and with its years of study counted everywhere."""
    unchanged = {(a.appointment_id, a.year_of_study) for a in newest(versions).appointments}
    moved = {
        a.appointment_id: a.year_of_study
        for a in changed.appointments
        if (a.appointment_id, a.year_of_study) not in unchanged
    }
    return [
        changed if version.version == changed.version else _with_years(version, moved)
        for version in versions
    ]


def _with_years(person: Person, years: dict[str, int | None]) -> Person:
    appointments = (
        replace(a, year_of_study=years[a.appointment_id], years_of_study=())
        if a.appointment_id in years
        else a
        for a in person.appointments
    )
    return replace(person, appointments=tuple(appointments))


def _text(day: date | None) -> str | None:
    return None if day is None else str(day)
