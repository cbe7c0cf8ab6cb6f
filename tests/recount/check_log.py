"""Whether the log is whole, and what it folds to."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from recount.check import Check
from recount.evidence import Evidence
from recount.knowledge import Known
from recount.log import COMPACTED, DEPARTMENT, GROUP, OBLIGATION, PERSON, REMINDER, Entry
from recount.recompute import Recomputed
from recount.standing import Standing


def check_records(evidence: Evidence) -> Check:
    """Every record is a CloudEvent, no topic was cut, no id stands for two things."""
    check = Check("records", compared=len(evidence.log.entries))
    check.complain(evidence.log.unreadable)
    return check


def check_versions(evidence: Evidence) -> Check:
    """Each aggregate's versions are 1, 2, 3 … in the order of its partition."""
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in evidence.log.entries:
        if entry.topic not in COMPACTED:
            versions[entry.topic, entry.subject].append(entry.version)
    check = Check("versions")
    for (topic, subject), found in versions.items():
        check.expect(f"{topic} {subject}", list(range(1, len(found) + 1)), found)
    return check


def check_roster(evidence: Evidence, recomputed: Recomputed) -> Check:
    """The roster's topics fold to what the imports said last."""
    check = Check("roster")
    people = _last(evidence, PERSON)
    for person_id, known in recomputed.known.items():
        entry = people.pop(person_id, None)
        told = _told(entry.data) if entry else None
        check.expect(f"{PERSON} {person_id}", _facts(known), told)
    departments = _last(evidence, DEPARTMENT)
    for department_id, areas in evidence.facts.areas.items():
        entry = departments.pop(department_id, None)
        area = entry.data.get("area_id") if entry else "no record"
        check.expect(f"{DEPARTMENT} {department_id}", areas[-1][1], area)
    check.complain(f"{each} was never imported" for each in (*people, *departments))
    return check


def _last(evidence: Evidence, topic: str) -> dict[str, Entry]:
    last: dict[str, Entry] = {}
    for entry in evidence.log.on(topic):
        if entry.subject not in last or entry.version > last[entry.subject].version:
            last[entry.subject] = entry
    return last


def _facts(known: Known) -> tuple[object, ...]:
    version = known.version
    if known.merged:
        return "merged", known.hold
    appointments = {
        (
            each.appointment_id,
            each.kind,
            each.paid,
            each.department_id,
            str(each.start_on),
            str(each.end_on) if each.end_on else None,
            each.year_of_study,
        )
        for each in version.appointments
    }
    separated_on = str(version.separated_on) if version.separated_on else None
    leaves = {(str(first), last and str(last)) for first, last in version.leaves}
    return (
        str(version.onboarded_on),
        separated_on,
        frozenset(appointments),
        frozenset(leaves),
        known.hold,
        known.aliases,
    )


def _told(data: dict[str, Any]) -> tuple[object, ...]:
    if data.get("merged_into") and not data["appointments"]:
        return "merged", data.get("hold", False)
    appointments = {
        (
            each["appointment_id"],
            each["kind"],
            each["paid"],
            each["department_id"],
            each["start_on"],
            each.get("end_on"),
            each.get("year_of_study"),
        )
        for each in data["appointments"]
    }
    pausing = [each for each in data.get("leaves", ()) if each["pauses"]]
    return (
        data["onboarded_on"],
        data.get("separated_on"),
        frozenset(appointments),
        frozenset((each["start_on"], each.get("end_on")) for each in pausing),
        data.get("hold", False),
        tuple(data.get("aliases", ())),
    )


def check_obligations(evidence: Evidence, recomputed: Recomputed) -> Check:
    """Each obligation folds to the state that the rules lead to."""
    check = Check("obligations")
    last = {
        subject: entry
        for subject, entry in _last(evidence, OBLIGATION).items()
        if entry.data["cycle"] == evidence.cycle.name
    }
    zone = evidence.cycle.zone
    for person_id, course in recomputed.courses.items():
        subject = f"{person_id}/{evidence.cycle.name}/1"
        entry = last.pop(subject, None)
        if entry is None:
            # Whoever the cycle has decided on has a record, the people it does not concern too.
            check.expect(f"{OBLIGATION} {subject}", course.last.rule or None, None)
            continue
        expected, found = _owed(course.last), _folded(entry, zone)
        for name, value in expected.items():
            check.expect(f"{entry.place} {subject} {name}", value, found[name])
    check.complain(f"{subject} is of nobody the roster was told of" for subject in last)
    return check


def _owed(standing: Standing) -> dict[str, object]:
    return {
        "status": standing.status,
        "rule": standing.rule,
        "group": standing.group,
        "departments": standing.departments,
        "planned_on": standing.planned_on,
        "released_on": standing.released_on,
        "due_on": standing.due_on,
        "completed_at": standing.completed_at,
        "option": standing.option,
        "supplemental": standing.supplemental,
        "reopened": standing.reopened,
        "hold": standing.hold,
        "paused": standing.paused,
        "resumed": standing.resumed,
        "merged_from": standing.merged_from,
    }


def _folded(entry: Entry, zone: ZoneInfo) -> dict[str, object]:
    data = entry.data
    released_at, completed_at = data.get("released_at"), data.get("completed_at")
    return {
        "status": data["status"],
        "rule": data["rule"],
        "group": data.get("group"),
        "departments": tuple(sorted(data["department_ids"])),
        "planned_on": entry.day("planned_on"),
        "released_on": released_at and datetime.fromisoformat(released_at).astimezone(zone).date(),
        "due_on": entry.day("due_on"),
        "completed_at": completed_at and datetime.fromisoformat(completed_at),
        "option": data.get("option"),
        "supplemental": tuple(sorted(data.get("supplemental_options", ()))),
        "reopened": data.get("reopened", 0),
        "hold": data.get("hold", False),
        "paused": data.get("paused", False),
        "resumed": data.get("resumed", 0),
        "merged_from": tuple(data.get("merged_from", ())),
    }


def check_batches(evidence: Evidence, recomputed: Recomputed) -> Check:
    """The daily batches of every group add up to the people released, day by day."""
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for course in recomputed.courses.values():
        if course.released:
            day, group = course.released
            expected[group, str(day)] += 1
    found: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[str, int] = defaultdict(int)
    check = Check("batches", note=f"{sum(expected.values())} people released")
    for entry in evidence.log.on(GROUP):
        if entry.name != "group.released" or entry.data["cycle"] != evidence.cycle.name:
            continue
        group = entry.data["group"]
        found[group, entry.data["released_on"]] += entry.data["people"]
        totals[group] += entry.data["people"]
        check.expect(f"{entry.place} total of {group}", totals[group], entry.data["total"])
    for batch in sorted(expected.keys() | found.keys()):
        check.expect(" ".join(batch), expected.get(batch, 0), found.get(batch, 0))
    return check


def check_reminders(evidence: Evidence, recomputed: Recomputed) -> Check:
    """Each reminder fell due on its day, once per opening, and no other did."""
    zone = evidence.cycle.zone
    expected: dict[tuple[str, str, int], list[tuple[str, str]]] = defaultdict(list)
    for person_id, course in recomputed.courses.items():
        for each in course.reminders:
            days = (str(each.on), str(each.due_on))
            expected[person_id, each.kind, each.ordinal].append(days)
    found: dict[tuple[str, str, int], list[tuple[str, str]]] = defaultdict(list)
    for entry in evidence.log.on(REMINDER):
        if entry.data["cycle"] == evidence.cycle.name:
            data = entry.data
            on = entry.instant("received_at").astimezone(zone).date()
            found[data["person_id"], data["kind"], data["ordinal"]].append(
                (str(on), data["due_on"])
            )
    check = Check("reminders")
    for key in sorted(expected.keys() | found.keys()):
        where = " ".join(map(str, key)) + " (day, due)"
        check.expect(where, sorted(expected[key]), sorted(found[key]))
    return check
