"""The whole cycle once more, from the imports, the cycle file and the completions."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from recount.evidence import Evidence, end_of
from recount.life import days_of, live
from recount.log import MODULE, Entry
from recount.rules import knowledge
from recount.standing import Course, Learned


@dataclass(frozen=True)
class Recomputed:
    """Every person's course, and the business dates whose night has come."""

    courses: dict[str, Course]
    nights: tuple[date, ...]


def recompute(evidence: Evidence) -> Recomputed:
    """Live through the cycle again for everybody the roster was told of."""
    cycle, facts = evidence.cycle, evidence.facts
    until = end_of(evidence).astimezone(cycle.zone)
    learned = _learned(evidence)
    courses = {
        person_id: live(cycle, knowledge(facts, person_id, cycle), learned[person_id], until)
        for person_id in facts.people
    }
    first = max(cycle.opens_on, facts.first_seen().date())
    days = days_of(cycle, until)
    nights = tuple(day.date for day in days if day.is_whole and day.date >= first)
    return Recomputed(courses, nights)


def _learned(evidence: Evidence) -> dict[str, list[Learned]]:
    found: dict[str, list[Learned]] = defaultdict(list)
    for entry in evidence.log.on(MODULE):
        found[entry.data["person_id"]].append(_learn(entry, evidence))
    for facts in found.values():
        facts.sort(key=lambda each: (each.received_at, each.version))
    return found


def _learn(entry: Entry, evidence: Evidence) -> Learned:
    data, cycle = entry.data, evidence.cycle
    holds = entry.name == "module.completed" and data.get("cycle") == cycle.name
    option = data.get("option") if holds and data.get("option") in cycle.options else None
    return Learned(
        entry.instant("received_at"),
        data["source"],
        data["course"],
        entry.version,
        datetime.fromisoformat(data["completed_at"]),
        option,
    )
