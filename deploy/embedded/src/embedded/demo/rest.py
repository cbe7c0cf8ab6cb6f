"""Whether the whole platform is at rest: nothing waiting, nothing under way, everything read."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from embedded.demo.patience import persist
from embedded.services import Service

PATIENCE_SECONDS = 120.0
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.1


class Restless(RuntimeError):
    """The platform did not come to rest in time; says who is still busy with what."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one service says of itself; see `/progress`."""

    service: str
    body: Mapping[str, Any]

    @property
    def next_due(self) -> datetime | None:
        """The calendar instant of its next due work."""
        text = self.body["next_due"]
        return datetime.fromisoformat(text) if text else None

    def busy(self, ends: Mapping[TopicPartition, int]) -> str | None:
        """What it still has to do, or None; `ends` were asked for after this progress."""
        waiting = {
            "outbox": self.body["outbox"],
            "due": self.body["due"],
            **self.body["pending"],
            "lag": self._lag(ends),
        }
        left = ", ".join(f"{name} {count}" for name, count in waiting.items() if count)
        return f"{self.service}: {left}" if left else None

    def _lag(self, ends: Mapping[TopicPartition, int]) -> int:
        return sum(
            max(0, ends.get(TopicPartition(topic, int(partition)), 0) - position)
            for topic, partitions in self.body["positions"].items()
            for partition, position in partitions.items()
        )


class Observer:
    """Asks every service and the broker how far things are.

    One look is enough: each service is asked before the broker, so whatever a service published
    since it answered is beyond the positions that its readers reported.
    """

    def __init__(
        self, client: httpx.AsyncClient, services: Sequence[Service], bootstrap: str
    ) -> None:
        self._client = client
        self._services = tuple(services)
        self._bootstrap = bootstrap
        self._kafka: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._forget_kafka()

    async def rest(self) -> list[Progress]:
        """Wait until the platform is at rest; returns what the services said then.

        Raises:
            Restless: it was not within two minutes.
        """
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, _FIRST_PAUSE
        asked: Sequence[Service] = self._services
        while True:
            progress, busy = await self.look(asked)
            if not busy and asked is self._services:
                return progress
            if time.monotonic() > deadline:
                raise Restless("; ".join(busy.values()))
            # Only who was busy is asked again, until nobody is and everybody is looked at anew.
            asked = [each for each in asked if each.name in busy] or self._services
            if busy:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def look(self, services: Sequence[Service]) -> tuple[list[Progress], dict[str, str]]:
        """What these services say, and which of them is busy with what."""
        progress = await asyncio.gather(*map(self._ask, services))
        try:
            ends = await self._ends(progress)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._forget_kafka()
            return progress, {"kafka": f"kafka: {type(error).__name__}"}
        return progress, {each.service: text for each in progress if (text := each.busy(ends))}

    async def _ask(self, service: Service) -> Progress:
        answer = await persist(lambda: self._client.get(f"{service.url}/progress"))
        return Progress(service.name, answer.json())

    async def _ends(self, progress: Sequence[Progress]) -> dict[TopicPartition, int]:
        wanted = {
            TopicPartition(topic, int(partition))
            for each in progress
            for topic, partitions in each.body["positions"].items()
            for partition in partitions
        }
        if self._kafka is None:
            self._kafka = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
            await self._kafka.start()
        async with asyncio.timeout(10):
            ends: dict[TopicPartition, int] = await self._kafka.end_offsets(wanted)
        return ends

    async def _forget_kafka(self) -> None:
        kafka, self._kafka = self._kafka, None
        if kafka is not None:
            await kafka.stop()
