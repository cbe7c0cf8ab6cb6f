"""Who must do it and in which group: decision record 0002, rules 1 to 5, and 0001."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from recount.cycle import Cycle, Group, Rule, When
from recount.facts import Appointment, Facts, Version

# Strongest first.
STRENGTH = ("required", "exempt", "supplemental", "not_in_scope")


@dataclass(frozen=True)
class Known:
    """What was known of one person from one instant on, until the next."""

    since: datetime
    version: Version
    years: dict[str, int | None]
    areas: dict[str, str | None]


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


def knowledge(facts: Facts, person_id: str, cycle: Cycle) -> list[Known]:
    """Everything ever known of the person, in order of receipt (rule 1)."""
    versions = facts.people[person_id]
    departments = {a.department_id for v in versions for a in v.appointments}
    instants = {version.received_at for version in versions}
    instants |= {at for d in departments for at, _ in facts.areas.get(d, ())}
    known = []
    for at in sorted(instants):
        seen = [version for version in versions if version.received_at <= at]
        if seen:
            areas = {department: facts.area(department, at) for department in departments}
            known.append(Known(at, seen[-1], _years(seen, cycle.counted_on), areas))
    return known


def _years(seen: list[Version], counted_on: date) -> dict[str, int | None]:
    """The years of the last record that held on the day, or on the first day any did."""
    first_day = min(version.effective_on for version in seen)
    counted = [v for v in seen if v.effective_on <= max(counted_on, first_day)][-1]
    then = {a.appointment_id: a.year_of_study for a in counted.appointments}
    return {
        a.appointment_id: a.year_of_study and (then.get(a.appointment_id) or a.year_of_study)
        for a in seen[-1].appointments
    }


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
