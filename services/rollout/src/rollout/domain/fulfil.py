"""Whether the requirement is fulfilled, and how often that was taken back (0002, 8 and 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rollout.domain.facts import Completion
from rollout.domain.policy import Cycle


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Where the completions of one person leave the requirement of one cycle.

    `option` fulfilled it at `completed_at` (both None while open), `supplemental` are the options
    completed beyond; `taken_back` are the instants at which facts arrived that undid it.
    """

    completed_at: datetime | None = None
    option: str | None = None
    supplemental: tuple[str, ...] = ()
    taken_back: tuple[datetime, ...] = ()


def fulfilment(completions: Iterable[Completion], cycle: Cycle) -> Fulfilment:
    """Fold all versions known of a person's completions, given in any order, repeated or not."""
    standing: dict[tuple[str, str], Completion] = {}
    taken_back: list[datetime] = []
    done: list[tuple[datetime, str]] = []
    for fact in _as_received(completions):
        standing[fact.source, fact.course] = fact
        before, done = done, _done(standing.values(), cycle)
        if len(before) >= cycle.required_options > len(done):
            taken_back.append(fact.received_at)
    if len(done) < cycle.required_options:
        return Fulfilment(taken_back=tuple(taken_back))
    completed_at, option = done[cycle.required_options - 1]
    further = tuple(sorted(name for _, name in done[cycle.required_options :]))
    return Fulfilment(completed_at, option, further, tuple(taken_back))


def _as_received(completions: Iterable[Completion]) -> Iterator[Completion]:
    """Each course's versions upward, and the courses as their facts were received."""
    seen: dict[tuple[str, str], int] = {}
    order = sorted(completions, key=lambda c: (c.received_at, c.source, c.course, c.version))
    for fact in order:
        if fact.version > seen.get((fact.source, fact.course), 0):
            seen[fact.source, fact.course] = fact.version
            yield fact


def _done(standing: Iterable[Completion], cycle: Cycle) -> list[tuple[datetime, str]]:
    """The options completed, each once, earliest first."""
    earliest: dict[str, datetime] = {}
    for fact in standing:
        if fact.valid and fact.cycle == cycle.cycle and fact.option in cycle.option_names:
            at = earliest.get(fact.option, fact.completed_at)
            earliest[fact.option] = min(at, fact.completed_at)
    return sorted((at, option) for option, at in earliest.items())
