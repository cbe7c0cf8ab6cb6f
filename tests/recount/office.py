"""What the office did by hand: holds, merges and splits, from `office.jsonl` beside the imports."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ACTIONS = ("hold", "lift", "merge", "split")


@dataclass(frozen=True)
class Act:
    """One action; `into` is the person that a merged id becomes an alias of."""

    at: datetime
    action: str
    person_id: str
    into: str | None = None


@dataclass(frozen=True)
class Situation:
    """What holds after an act: the person each alias belongs to, and who is on hold."""

    merged: dict[str, str]
    held: frozenset[str]

    def aliases(self, person_id: str) -> tuple[str, ...]:
        """The ids merged into the person, sorted."""
        return tuple(sorted(a for a, survivor in self.merged.items() if survivor == person_id))


NOTHING_DONE = Situation({}, frozenset())


class Office:
    """All acts in order, and the situation at any instant."""

    def __init__(self, acts: Iterable[Act] = ()) -> None:
        self.acts = sorted(acts, key=lambda act: act.at)
        self._situations = list(_situations(self.acts))
        self.concerned = {each for act in self.acts for each in (act.person_id, act.into) if each}

    def at(self, instant: datetime) -> Situation:
        """What held at that instant."""
        number = bisect_right(self.acts, instant, key=lambda act: act.at)
        return self._situations[number - 1] if number else NOTHING_DONE

    def ids_of(self, person_id: str) -> set[str]:
        """The person's id and every id that ever was its alias."""
        found = {person_id}
        for situation in self._situations if person_id in self.concerned else ():
            found.update(situation.aliases(person_id))
        return found

    def moments(self, ids: set[str]) -> set[datetime]:
        """When something was done that may change what these ids are."""
        return {act.at for act in self.acts if ids & {act.person_id, act.into}}


def read_office(path: Path, zone: ZoneInfo) -> Office:
    """Read the acts; there are none without the file. ValueError for one that makes no sense."""
    if not path.exists():
        return Office()
    return Office(_act(line, zone) for line in path.read_text(encoding="utf-8").splitlines())


def _act(line: str, zone: ZoneInfo) -> Act:
    told = json.loads(line)
    if told["action"] not in ACTIONS:
        raise ValueError(f"the office cannot {told['action']}")
    at = datetime.fromisoformat(told["at"]).replace(tzinfo=zone)
    return Act(at, told["action"], told["person_id"], told.get("into"))


def _situations(acts: Iterable[Act]) -> Iterator[Situation]:
    merged: dict[str, str] = {}
    brought: dict[str, list[str]] = {}
    held: set[str] = set()
    for act in acts:
        root = merged.get(act.person_id, act.person_id)
        if act.action == "hold":
            held.add(root)
        elif act.action == "lift":
            held.discard(root)
        elif act.action == "merge":
            if act.into is None:
                raise ValueError(f"{act.person_id} is merged into nobody")
            own = [alias for alias, survivor in merged.items() if survivor == act.person_id]
            brought[act.person_id] = own
            merged.update(dict.fromkeys([act.person_id, *own], act.into))
        else:
            left = merged.pop(act.person_id)
            back = brought.pop(act.person_id, [])
            merged.update({a: act.person_id for a in back if merged.get(a) == left})
        yield Situation(dict(merged), frozenset(held))
