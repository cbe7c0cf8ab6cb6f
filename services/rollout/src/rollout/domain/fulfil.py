"""Whether the requirement is fulfilled, and how often that was taken back (0002, 8 and 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from rollout.domain.facts import Completion
from rollout.domain.policy import Cycle


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Where the completions of one person leave the requirement of one cycle.

    `option` fulfilled it at `completed_at` (both None while open), `supplemental` are the options
    completed beyond; `taken_back` are the instants at which facts arrived that undid it, under one
    of the person's ids or for all of them together, and `reopened` the most that any of those
    counts.
    """

    completed_at: datetime | None = None
    option: str | None = None
    supplemental: tuple[str, ...] = ()
    taken_back: tuple[datetime, ...] = ()
    reopened: int = 0


def fulfilment(completions: Iterable[Completion], cycle: Cycle) -> Fulfilment:
    """Fold all versions known of a person's completions, given in any order, repeated or not."""
    alone: dict[str, list[Completion]] = {}
    for fact in completions:
        alone.setdefault(fact.person_id, []).append(fact)
    together = _folded([fact for facts in alone.values() for fact in facts], cycle)
    if len(alone) < 2:
        return together
    folds = [together, *(_folded(facts, cycle) for facts in alone.values())]
    return replace(
        together,
        taken_back=tuple(sorted({at for fold in folds for at in fold.taken_back})),
        reopened=max(fold.reopened for fold in folds),
    )


def _folded(completions: Iterable[Completion], cycle: Cycle) -> Fulfilment:
    standing: dict[tuple[str, str, str], Completion] = {}
    taken_back: list[datetime] = []
    done: list[tuple[datetime, str]] = []
    for fact in _as_received(completions):
        standing[_place(fact)] = fact
        before, done = done, _done(standing.values(), cycle)
        if len(before) >= cycle.required_options > len(done):
            taken_back.append(fact.received_at)
    if len(done) < cycle.required_options:
        return Fulfilment(taken_back=tuple(taken_back), reopened=len(taken_back))
    completed_at, option = done[cycle.required_options - 1]
    further = tuple(sorted(name for _, name in done[cycle.required_options :]))
    return Fulfilment(completed_at, option, further, tuple(taken_back), len(taken_back))


def _as_received(completions: Iterable[Completion]) -> Iterator[Completion]:
    """Each course's versions upward, and the courses as their facts were received."""
    seen: dict[tuple[str, str, str], int] = {}
    for fact in sorted(completions, key=lambda c: (c.received_at, *_place(c), c.version)):
        if fact.version > seen.get(_place(fact), 0):
            seen[_place(fact)] = fact.version
            yield fact


def _place(fact: Completion) -> tuple[str, str, str]:
    return fact.person_id, fact.source, fact.course


def _done(standing: Iterable[Completion], cycle: Cycle) -> list[tuple[datetime, str]]:
    """The options completed, each once, earliest first."""
    earliest: dict[str, datetime] = {}
    for fact in standing:
        if fact.valid and fact.cycle == cycle.cycle and fact.option in cycle.option_names:
            at = earliest.get(fact.option, fact.completed_at)
            earliest[fact.option] = min(at, fact.completed_at)
    return sorted((at, option) for option, at in earliest.items())
