"""What a figure is, and how its rounds become one line of the table."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.ground import Ground

Measure = Callable[["Ground"], Awaitable[float]]
Prepare = Callable[["Ground"], Awaitable[None]]


@dataclass(frozen=True)
class Figure:
    """One figure: `ours` and `ceiling` each run in a process of their own and return a value.

    `prepare` runs once, `reset` before every measurement; both run in the parent. `service` names
    the database they work on. `goal` is the ratio to reach, or with `at_most` not to pass;
    `events` is how much work one measurement does, `rounds` how often it is worth doing.
    """

    name: str
    unit: str
    goal: float
    prepare: Prepare
    reset: Prepare
    ours: Measure
    ceiling: Measure
    events: int
    service: str = "chassis"
    at_most: bool = False
    rounds: int = 5


@dataclass(frozen=True)
class Result:
    """Medians over the rounds, and the ratio of the two."""

    name: str
    value: float
    ceiling: float
    ratio: float
    unit: str
    rounds: int
    goal: float
    reached: bool


def summarise(figure: Figure, rounds: list[tuple[float, float]]) -> Result:
    """One line from (ours, ceiling) of every round."""
    value = statistics.median(ours for ours, _ in rounds)
    ceiling = statistics.median(ceiling for _, ceiling in rounds)
    # The median of the ratios: both halves of a round met the same weather.
    ratio = statistics.median(ours / ceiling for ours, ceiling in rounds)
    reached = ratio <= figure.goal if figure.at_most else ratio >= figure.goal
    return Result(
        name=figure.name,
        value=round(value, 1),
        ceiling=round(ceiling, 1),
        ratio=round(ratio, 3),
        unit=figure.unit,
        rounds=len(rounds),
        goal=figure.goal,
        reached=reached,
    )
