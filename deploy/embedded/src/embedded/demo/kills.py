"""Kills each service, the broker and the database once, in the middle of their work."""

import asyncio
from datetime import date, datetime, time

from embedded.demo.calendar import instant
from embedded.fleet import Fleet
from embedded.platform import Platform

MIDWAY_SECONDS = 0.03

# Civil moments of the institution, each in a busy hour of whom it hits.
PLAN = (
    (instant(date(2023, 9, 13), time(9)), "rollout"),
    (instant(date(2023, 10, 2), time(8)), "roster"),
    (instant(date(2023, 10, 30), time(9)), "notifier"),
    (instant(date(2023, 11, 14), time(8)), "completion"),
    (instant(date(2023, 12, 2), time(0)), "reporting"),
    (instant(date(2024, 1, 17), time(9)), "kafka"),
    (instant(date(2024, 2, 1), time(9)), "postgres"),
)
VICTIMS = [victim for _, victim in PLAN]


class Killer:
    """Carries out the plan; `done` lists who was killed when."""

    def __init__(self, platform: Platform, fleet: Fleet) -> None:
        self._platform = platform
        self._fleet = fleet
        self._plan = list(PLAN)
        self.done: list[tuple[datetime, str]] = []

    async def midway(self, now: datetime) -> None:
        """Kill whose moment has come, shortly after the work of the instant `now` began."""
        while self._plan and self._plan[0][0] <= now:
            _, victim = self._plan.pop(0)
            await asyncio.sleep(MIDWAY_SECONDS)
            self._kill(victim)
            self.done.append((now, victim))

    def _kill(self, victim: str) -> None:
        if victim == "kafka":
            self._platform.broker.kill()
            self._platform.broker.start()
        elif victim == "postgres":
            self._platform.postgres.kill()
            self._platform.postgres.start()
        else:
            self._fleet.supervisor.kill(victim)  # which starts it again


async def spare(now: datetime) -> None:
    """Kill nobody."""
