"""Keeps a service from acting on what it knows until it has read what it knew before."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import structlog
from aiokafka import TopicPartition

from chassis import positions
from chassis.postgres import Connection
from schemas.topics import TOPICS

if TYPE_CHECKING:
    from chassis.service import Runtime

log = structlog.get_logger(__name__)


class Gate:
    """Shut until each of `topics` has been read up to the end it had when this process started.

    A service's own topic says what it has done already, the others what is still to be done: a
    database that is empty or was restored from a backup knows neither. The gate shuts again when
    the stored positions fall back behind what they were, which is what a restore under a running
    process looks like; then the ends as they are by now count, because what was done last was not
    read yet.
    """

    def __init__(self, runtime: Runtime, topics: Collection[str]) -> None:
        self._runtime = runtime
        self._topics = topics
        self._needed: positions.Positions | None = None
        self._was_open = False

    async def is_open(self, connection: Connection) -> bool:
        """Whether the service may act now; asked in the transaction in which it acts."""
        if self._needed is None:
            self._needed = await self._ends()
        stored = await positions.read_all(connection, self._runtime.service.name)
        reached = all(stored.get(tp, 0) >= offset for tp, offset in self._needed.items())
        if self._was_open and not reached:
            self._needed = await self._ends()
        if reached:
            self._needed = {tp: stored.get(tp, 0) for tp in self._needed}
        if reached != self._was_open:
            log.info("gate_opens" if reached else "gate_waits_for_topics")
        self._was_open = reached
        return reached

    async def _ends(self) -> positions.Positions:
        consumer = self._runtime.consumer
        client = consumer.client if consumer else None
        if client is None:
            raise ConnectionError("the consumer is not there yet")
        partitions = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in range(TOPICS[topic].partitions)
        ]
        ends: positions.Positions = await client.end_offsets(partitions)
        return ends
