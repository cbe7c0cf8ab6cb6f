"""The whole cycle once more, from the imports, the cycle file and the completions."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from recount.cycle import Cycle
from recount.evidence import Evidence, end_of
from recount.facts import Facts
from recount.knowledge import Known, knowledge
from recount.life import Life
from recount.log import MODULE, Entry
from recount.run import days_of
from recount.standing import Course, Learned


@dataclass(frozen=True)
class Recomputed:
    """Every person's course, what was known last, and the business dates whose night has come."""

    courses: dict[str, Course]
    known: dict[str, Known]
    nights: tuple[date, ...]


def recompute(evidence: Evidence) -> Recomputed:
    """Live through the cycle again for everybody the roster was told of."""
    cycle, facts = evidence.cycle, evidence.facts
    until = end_of(evidence).astimezone(cycle.zone)
    lives = Lives(cycle, facts, _learned(evidence), until)
    courses = {person_id: lives.of(person_id).course for person_id in facts.people}
    known = {person_id: knowledge(facts, person_id, cycle)[-1] for person_id in facts.people}
    first = max(cycle.opens_on, facts.first_seen().date())
    days = days_of(cycle, until)
    nights = tuple(day.date for day in days if day.is_whole and day.date >= first)
    return Recomputed(courses, known, nights)


class Lives:
    """The lives of all people, each lived once; an alias before whom it was merged into."""

    def __init__(
        self, cycle: Cycle, facts: Facts, learned: Mapping[str, list[Learned]], until: datetime
    ) -> None:
        self._cycle, self._facts, self._learned, self._until = cycle, facts, learned, until
        self._lived: dict[str, Life | None] = {}

    def of(self, person_id: str) -> Life:
        """The life of that id. ValueError when two ids were merged into each other in turn."""
        if person_id not in self._lived:
            self._lived[person_id] = None
            ids = self._facts.office.ids_of(person_id)
            known = knowledge(self._facts, person_id, self._cycle)
            others = {each: self.of(each) for each in sorted(ids - {person_id})}
            learned = {each: self._learned.get(each, []) for each in ids}
            life = Life(self._cycle, known, learned, others)
            life.live(self._until)
            self._lived[person_id] = life
        found = self._lived[person_id]
        if found is None:
            raise ValueError(f"{person_id} was merged into one that was merged into it")
        return found


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
