"""A service that is fed: how to reach it, and when it has digested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import httpx

from bench.send import send
from embedded.demo.rest import Observer
from embedded.services import Service
from schemas.envelope import Event
from support.waiting import eventually

PATIENCE_S = 900.0


@dataclass(frozen=True)
class Fed:
    """One running service; `client` holds the machine token."""

    service: Service
    bootstrap: str
    client: httpx.AsyncClient
    observer: Observer

    async def send(self, events: Iterable[Event]) -> None:
        """Publish events, and wait until all are read and what follows is done."""
        await send(self.bootstrap, events)
        await self.rest()

    async def post(self, path: str, body: bytes, media_type: str) -> None:
        answer = await self.client.post(path, content=body, headers={"content-type": media_type})
        answer.raise_for_status()

    async def step(self, now: datetime) -> None:
        """Let the calendar reach that instant, and the service do what is due then."""
        (await self.client.post("/calendar", json={"now": now.isoformat()})).raise_for_status()
        await self.rest()

    async def rest(self) -> None:
        await eventually(self._rests, timeout=PATIENCE_S, every=0.2)

    async def read(self) -> int:
        """How many records the service has read."""
        ((progress,), _) = await self.observer.look([self.service])
        return sum(sum(each.values()) for each in progress.body["positions"].values())

    async def _rests(self) -> bool:
        _, busy = await self.observer.look([self.service])
        return not busy
