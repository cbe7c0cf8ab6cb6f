"""What was known of one person from one instant to the next: decision records 0002, 1, and 0006."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from recount.cycle import Cycle
from recount.days import ONE_DAY
from recount.facts import Appointment, Facts, Version

Years = dict[str, int | None]


@dataclass(frozen=True)
class Known:
    """What was known of one person from one instant on, until the next.

    `merged`: the id is an alias of somebody; `version` is then what was last known of it as a
    person. `aliases` are the ids merged into this person.
    """

    since: datetime
    version: Version
    years: Years
    areas: dict[str, str | None]
    hold: bool = False
    merged: bool = False
    aliases: tuple[str, ...] = ()


def knowledge(facts: Facts, person_id: str, cycle: Cycle) -> list[Known]:
    """Everything ever known of the person, in order of receipt."""
    ids = facts.office.ids_of(person_id)
    reports = [version for each in ids for version in facts.people.get(each, ())]
    departments = {a.department_id for report in reports for a in report.appointments}
    instants = {report.received_at for report in reports} | facts.office.moments(ids)
    instants |= {at for d in departments for at, _ in facts.areas.get(d, ())}
    known: list[Known] = []
    for at in sorted(instants):
        situation = facts.office.at(at)
        areas = {department: facts.area(department, at) for department in departments}
        aliases = situation.aliases(person_id)
        merged, hold = person_id in situation.merged, person_id in situation.held
        if merged and known:
            last = known[-1]
            known.append(Known(at, last.version, last.years, areas, hold, merged))
            continue
        heard = {
            each: seen
            for each in (person_id, *aliases)
            if (seen := [v for v in facts.people.get(each, ()) if v.received_at <= at])
        }
        if heard:
            version, years = _composed(person_id, heard, cycle.counted_on)
            known.append(Known(at, version, years, areas, hold, merged, aliases))
    return known


def _composed(
    person_id: str, heard: dict[str, list[Version]], counted_on: date
) -> tuple[Version, Years]:
    """One record of what was said of each id last, the person's own first."""
    last = {each: seen[-1] for each, seen in heard.items()}
    newest = max(last.values(), key=lambda version: version.received_at)
    first_day, last_day = _membership([(v.onboarded_on, v.separated_on) for v in last.values()])
    appointments: dict[str, Appointment] = {}
    years: Years = {}
    for each, version in last.items():
        own_years = _years(heard[each], counted_on)
        for held in version.appointments:
            ended = held if version.separated_on == last_day else _ended(held, version.separated_on)
            if ended is None:
                continue
            name = held.appointment_id
            while name in appointments:
                name = f"hr/{each}.{name}"
            appointments[name] = replace(ended, appointment_id=name)
            years[name] = own_years[held.appointment_id]
    return (
        Version(
            newest.received_at,
            person_id,
            newest.email,
            newest.effective_on,
            first_day,
            last_day,
            tuple(appointments.values()),
            tuple(dict.fromkeys(leave for v in last.values() for leave in v.leaves)),
        ),
        years,
    )


def _membership(spans: list[tuple[date, date | None]]) -> tuple[date, date | None]:
    """The last span, once those that touch or overlap are one."""
    spans = sorted(spans, key=lambda span: (span[0], span[1] or date.max))
    first, last = spans[0]
    for start, end in spans[1:]:
        if last is None or start <= last + ONE_DAY:
            last = max(last, end) if last and end else None
        else:
            first, last = start, end
    return first, last


def _ended(held: Appointment, last_day: date | None) -> Appointment | None:
    """An appointment no longer than the membership its source knows of."""
    if last_day is None or (held.end_on is not None and held.end_on <= last_day):
        return held
    return replace(held, end_on=last_day) if held.start_on <= last_day else None


def _years(seen: list[Version], counted_on: date) -> Years:
    """The years of the last record that held on the day, or on the first day any did."""
    first_day = min(version.effective_on for version in seen)
    counted = [v for v in seen if v.effective_on <= max(counted_on, first_day)][-1]
    then = {a.appointment_id: a.year_of_study for a in counted.appointments}
    return {
        a.appointment_id: a.year_of_study and (then.get(a.appointment_id) or a.year_of_study)
        for a in seen[-1].appointments
    }
