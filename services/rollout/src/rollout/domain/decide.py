"""Who is required: a pure function of facts, a day and a policy (docs/decisions/0002, 1 to 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from rollout.domain.facts import Appointment, Areas, Person, Versions, newest
from rollout.domain.policy import ONE_DAY, STRENGTH, Cycle, Group, Outcome, Rule, Situation

NOT_A_MEMBER = "not_a_member"


@dataclass(frozen=True, slots=True)
class Taken:
    """An active appointment and the rule it took."""

    appointment: Appointment
    situation: Situation
    rule: Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """What the facts make of a person on a day; `group` is only for the required."""

    outcome: Outcome
    rule: str
    group: str | None = None
    department_ids: tuple[str, ...] = ()
    taken: tuple[Taken, ...] = ()

    @property
    def required(self) -> bool:
        return self.outcome is Outcome.REQUIRED


def decide(versions: Versions, areas: Areas, cycle: Cycle, today: date) -> Decision:
    """Decide on all versions known of one person, in any order.

    `areas` needs the departments of the newest version; one that is missing has no area.
    """
    person = newest(versions)
    years = counted_years(versions, cycle)
    taken = tuple(
        _take(person, appointment, areas, years, cycle) for appointment in person.active(today)
    )
    if not taken:
        return Decision(Outcome.NOT_IN_SCOPE, NOT_A_MEMBER)
    outcome = min((t.rule.outcome for t in taken), key=STRENGTH.__getitem__)
    deciding = [t for t in taken if t.rule.outcome is outcome]
    return Decision(
        outcome=outcome,
        rule=_first_in_file(deciding, cycle),
        group=_group(deciding, cycle) if outcome is Outcome.REQUIRED else None,
        department_ids=tuple(sorted({t.appointment.department_id for t in deciding})),
        taken=taken,
    )


def last_decision(versions: Versions, areas: Areas, cycle: Cycle, today: date) -> Decision | None:
    """The decision of the last day before `today` with an active appointment, within the cycle.

    None when there was no such day since the cycle opened.
    """
    person = newest(versions)
    ends = [last for a in person.appointments if (last := _last_active(person, a, today, cycle))]
    return decide(versions, areas, cycle, max(ends)) if ends else None


def counted_years(versions: Versions, cycle: Cycle) -> dict[str, int | None]:
    """Year of study per present appointment as of the cycle's `counted_on`."""
    if len(versions) == 1:
        return {a.appointment_id: a.year_on(cycle.counted_on) for a in versions[0].appointments}
    told = {a.appointment_id for v in versions for a in v.appointments if a.years_of_study}
    counted = {a.appointment_id: a.year_of_study for a in _counted(versions, cycle).appointments}
    years: dict[str, int | None] = {}
    for held in newest(versions).appointments:
        year = held.year_on(cycle.counted_on)
        if year is not None and held.appointment_id not in told:
            year = counted.get(held.appointment_id) or year
        years[held.appointment_id] = year
    return years


def _counted(versions: Versions, cycle: Cycle) -> Person:
    """The version in force on `counted_on`; before the first, that on the day of the first."""
    day = max(cycle.counted_on, min(version.effective_on for version in versions))
    return newest([version for version in versions if version.effective_on <= day])


def fitting(group: Group, decision: Decision) -> list[Taken]:
    """The required appointments that `group` fits."""
    return [
        taken
        for taken in decision.taken
        if taken.rule.outcome is Outcome.REQUIRED and group.when.fits(taken.situation)
    ]


def _take(
    person: Person,
    appointment: Appointment,
    areas: Areas,
    years: dict[str, int | None],
    cycle: Cycle,
) -> Taken:
    area = areas.get(appointment.department_id)
    situation = Situation(
        kind=appointment.kind,
        paid=appointment.paid,
        area=area.area_id if area else None,
        year=years[appointment.appointment_id],
        onboarded_on=person.onboarded_on,
    )
    # The last rule of a cycle fits everything; the file is refused otherwise.
    rule = next(rule for rule in cycle.rules if rule.when.fits(situation))
    return Taken(appointment, replace(situation, rule=rule.rule), rule)


def _first_in_file(deciding: list[Taken], cycle: Cycle) -> str:
    names = {taken.rule.rule for taken in deciding}
    return next(rule.rule for rule in cycle.rules if rule.rule in names)


def _group(deciding: list[Taken], cycle: Cycle) -> str | None:
    for group in cycle.groups:
        if any(group.when.fits(taken.situation) for taken in deciding):
            return group.group
    return None


def _last_active(person: Person, held: Appointment, today: date, cycle: Cycle) -> date | None:
    ends = [end for end in (held.end_on, person.separated_on) if end is not None]
    last = min([*ends, today - ONE_DAY])
    first = max(held.start_on, person.onboarded_on, cycle.opens_on)
    return last if first <= last else None
