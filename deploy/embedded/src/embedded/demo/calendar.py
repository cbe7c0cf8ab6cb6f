"""Steps the business calendar of all services: next instant by next instant, never in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

import httpx

from embedded.demo.outside import Outside
from embedded.demo.patience import persist
from embedded.demo.rest import Observer, Progress
from embedded.services import Service
from embedded.university import Happening

ZONE = ZoneInfo("America/New_York")

Watch = Callable[[datetime], Awaitable[None]]
Midway = Callable[[datetime], Awaitable[None]]


def instant(day: date, at: time) -> datetime:
    """That civil moment of the institution."""
    return datetime.combine(day, at, ZONE)


class Driver:
    """Moves everybody's calendar from one instant at which something is due to the next.

    At each instant the calendars are stepped, the outside world does what it does at that moment,
    and nothing goes on before the platform is at rest. `midway` is called beside the work of each
    instant, `watch` after it.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        services: Sequence[Service],
        observer: Observer,
        outside: Outside,
        *,
        token: str,
    ) -> None:
        self._client = client
        self._services = services
        self._observer = observer
        self._outside = outside
        self._authorized = {"Authorization": f"Bearer {token}"}
        self.steps = 0

    async def run(
        self, happenings: Sequence[Happening], *, until: datetime, watch: Watch, midway: Midway
    ) -> None:
        """Drive the calendar through every happening and all due work up to `until`."""
        script = _by_instant(happenings)
        coming = next(script, None)
        progress = await self._observer.rest()
        while True:
            now = _next_instant(progress, coming)
            if now is None or now > until:
                return
            batch: list[Happening] = []
            if coming is not None and coming[0] == now:
                batch, coming = coming[1], next(script, None)
            _, progress = await asyncio.gather(midway(now), self._instant(now, batch))
            self.steps += 1
            await watch(now)

    async def _instant(self, now: datetime, batch: Sequence[Happening]) -> list[Progress]:
        await self.step(now)
        if batch:
            await self._observer.rest()
            await self._outside.deliver(batch)
        return await self._observer.rest()

    async def step(self, now: datetime) -> None:
        """Step every service's calendar to `now`."""
        await asyncio.gather(*(self._step(service, now) for service in self._services))

    async def _step(self, service: Service, now: datetime) -> None:
        await persist(
            lambda: self._client.post(
                f"{service.url}/calendar", json={"now": now.isoformat()}, headers=self._authorized
            )
        )


def _by_instant(happenings: Sequence[Happening]) -> Iterator[tuple[datetime, list[Happening]]]:
    for _, batch in groupby(happenings, key=lambda each: each.at):
        same = list(batch)
        yield instant(same[0].on, same[0].time), same


def _next_instant(
    progress: Sequence[Progress], coming: tuple[datetime, list[Happening]] | None
) -> datetime | None:
    instants = [each.next_due for each in progress if each.next_due is not None]
    if coming is not None:
        instants.append(coming[0])
    return min(instants).astimezone(ZONE) if instants else None
