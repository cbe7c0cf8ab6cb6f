"""From records to handlers, and the gate that keeps the sender waiting until they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import structlog
from aiokafka import TopicPartition

from chassis import positions
from chassis.consumer import Handler
from chassis.parsing import Record
from chassis.postgres import Connection
from notifier import handlers
from schemas.rollout import CyclePublished
from schemas.topics import TOPICS

if TYPE_CHECKING:
    from chassis.service import Runtime

log = structlog.get_logger(__name__)


async def people(connection: Connection, records: Sequence[Record]) -> None:
    """roster.person.v1."""
    await handlers.take_people(connection, [record.event for record in records])


async def departments(connection: Connection, records: Sequence[Record]) -> None:
    """roster.department.v1."""
    await handlers.take_departments(connection, [record.event for record in records])


async def contacts(connection: Connection, records: Sequence[Record]) -> None:
    """roster.contact.v1, tombstones included."""
    await handlers.take_contacts(connection, [(record.key, record.event) for record in records])


async def cycles(connection: Connection, records: Sequence[Record]) -> None:
    """rollout.group.v1; of daily batches nothing is kept."""
    published = [record.event for record in records if isinstance(record.event, CyclePublished)]
    await handlers.take_cycles(connection, published)


async def own_mail(connection: Connection, records: Sequence[Record]) -> None:
    """notifier.mail.v1: our own memory."""
    await handlers.take_own_mail(connection, [record.event for record in records])


def handlers_by_topic(zone: str) -> Mapping[str, Handler]:
    """Every topic the notifier reads, and who handles it; `zone` is the institution's."""

    async def obligations(connection: Connection, records: Sequence[Record]) -> None:
        await handlers.take_obligations(connection, [record.event for record in records], zone)

    async def reminders(connection: Connection, records: Sequence[Record]) -> None:
        await handlers.take_reminders(connection, [record.event for record in records], zone)

    return {
        "roster.person.v1": people,
        "roster.department.v1": departments,
        "roster.contact.v1": contacts,
        "rollout.group.v1": cycles,
        "rollout.obligation.v1": obligations,
        "rollout.reminder.v1": reminders,
        "notifier.mail.v1": own_mail,
    }


class Gate:
    """Shut until every topic has been read up to the end it had when this process started.

    Our own topic says what has been sent, the others what is still to be said: a database that is
    empty or was restored from a backup knows neither. It shuts again when the stored positions
    fall back behind what they were, which is what a restore under a running process looks like;
    then the ends as they are by now count, because what was sent last was not read yet.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._needed: positions.Positions | None = None
        self._was_open = False

    async def is_open(self, connection: Connection) -> bool:
        """Whether mail may be sent now; part of the transaction that claims it."""
        if self._needed is None:
            self._needed = await self._ends()
        stored = await positions.read_all(connection, self._runtime.service.name)
        reached = all(stored.get(tp, 0) >= offset for tp, offset in self._needed.items())
        if self._was_open and not reached:
            self._needed = await self._ends()
        if reached:
            self._needed = {tp: stored.get(tp, 0) for tp in self._needed}
        if reached != self._was_open:
            log.info("sending_opens" if reached else "sending_waits_for_topics")
        self._was_open = reached
        return reached

    async def _ends(self) -> positions.Positions:
        consumer = self._runtime.consumer
        client = consumer.client if consumer else None
        if client is None:
            raise ConnectionError("the consumer is not there yet")
        partitions = [
            TopicPartition(topic, number)
            for topic in self._runtime.service.handlers
            for number in range(TOPICS[topic].partitions)
        ]
        ends: positions.Positions = await client.end_offsets(partitions)
        return ends
