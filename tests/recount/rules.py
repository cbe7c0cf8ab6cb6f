"""Who must do it and in which group: decision record 0002, rules 2 to 5, and 0001."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from recount.cycle import Cycle, Group, Rule, When
from recount.facts import Appointment, Version
from recount.knowledge import Known

# Strongest first.
STRENGTH = ("required", "exempt", "supplemental", "not_in_scope")


@dataclass(frozen=True)
class Verdict:
    """What the known facts say for one day; `outcome` None: no active appointment.

    `fits_since` is the start of the first appointment that fits the group.
    """

    outcome: str | None
    rule: str
    departments: tuple[str, ...] = ()
    group: str | None = None
    fits_since: date | None = None


LEFT = Verdict(None, "not_a_member")


def judge(known: Known, day: date, cycle: Cycle) -> Verdict:
    """What holds for the person on that day by these facts (rules 2 to 4)."""
    taken = [(a, _rule_of(a, known, cycle)) for a in _active(known.version, day)]
    if not taken:
        return LEFT
    outcome = min((rule.outcome for _, rule in taken), key=STRENGTH.index)
    decisive = [(a, rule) for a, rule in taken if rule.outcome == outcome]
    names = {rule.name for _, rule in decisive}
    first = next(rule.name for rule in cycle.rules if rule.name in names)
    departments = tuple(sorted({a.department_id for a, _ in decisive}))
    if outcome != "required":
        return Verdict(outcome, first, departments)
    for group in cycle.groups:
        fitting = [a for a, rule in decisive if _fits(group.when, a, known, rule.name)]
        if fitting:
            since = min(a.start_on for a in fitting)
            return Verdict(outcome, first, departments, group.name, since)
    return Verdict(outcome, first, departments)


def is_active(version: Version, appointment: Appointment, day: date) -> bool:
    """Whether the appointment is held by a member on that day."""
    return (
        version.onboarded_on <= day
        and (version.separated_on is None or day <= version.separated_on)
        and appointment.start_on <= day
        and (appointment.end_on is None or day <= appointment.end_on)
    )


def _active(version: Version, day: date) -> list[Appointment]:
    return [a for a in version.appointments if is_active(version, a, day)]


def _rule_of(appointment: Appointment, known: Known, cycle: Cycle) -> Rule:
    return next(rule for rule in cycle.rules if _fits(rule.when, appointment, known, rule.name))


def _fits(when: When, appointment: Appointment, known: Known, rule: str) -> bool:
    answers = list(_answers(when, appointment, known, rule))
    return any(answers) if when.any else all(answers)


def _answers(when: When, appointment: Appointment, known: Known, rule: str) -> Iterator[bool]:
    year = known.years[appointment.appointment_id]
    if when.kinds is not None:
        yield appointment.kind in when.kinds
    if when.areas is not None:
        yield known.areas[appointment.department_id] in when.areas
    if when.paid is not None:
        yield appointment.paid is when.paid
    if when.onboarded_from is not None:
        yield known.version.onboarded_on >= when.onboarded_from
    if when.year_from is not None:
        yield year is not None and year >= when.year_from
    if when.year_to is not None:
        yield year is not None and year <= when.year_to
    if when.rules is not None:
        yield rule in when.rules


def own_day(cycle: Cycle, group: Group, person_id: str) -> date:
    """The release day that follows from the person alone (0001)."""
    digest = sha256(f"{cycle.name}/{group.name}/{person_id}".encode()).digest()
    number = int.from_bytes(digest[:8], "big") * len(group.release_days) >> 64
    return group.release_days[number]


def planned_day(cycle: Cycle, group: Group, person_id: str, became_on: date) -> date | None:
    """The day planned for somebody who came to the group on `became_on` (rule 5)."""
    own = own_day(cycle, group, person_id)
    if became_on < own:
        return own
    following = cycle.working.after(became_on)
    return following if following <= cycle.closes_on else None
