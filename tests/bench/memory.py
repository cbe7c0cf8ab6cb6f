"""What a service process holds in memory after many events, beside what it held after few."""

from __future__ import annotations

import psutil

from bench import project
from bench.figure import Figure
from bench.ground import Ground
from chassis import collector

FEW = 10_000
GROWTH_MB = 20.0
LIMIT_MB = 150.0


async def ours(ground: Ground) -> float:
    """Megabytes resident when every event is settled."""
    return await _resident_mb(ground, ground.events)


async def ceiling(ground: Ground) -> float:
    """What it may hold: that of the first 10,000 events and 20 MB more, and never over 150."""
    return min(LIMIT_MB, GROWTH_MB + await _resident_mb(ground, min(FEW, ground.events)))


async def _resident_mb(ground: Ground, events: int) -> float:
    collector.settle()
    async with project.running(ground, project.Clock()) as runtime:
        await project.settled(runtime, events)
        return float(psutil.Process().memory_info().rss) / 1024 / 1024


FIGURE = Figure(
    name="memory",
    unit="MB",
    goal=1.0,
    events=300_000,
    prepare=project.prepare,
    reset=project.reset,
    ours=ours,
    ceiling=ceiling,
    at_most=True,
)
