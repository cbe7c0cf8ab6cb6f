"""Outbox to Kafka: the relay, and a bare idempotent producer that sends the same bytes."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import asyncpg
from aiokafka import AIOKafkaProducer

from bench.figure import Figure
from bench.ground import Ground
from chassis.outbox import publish
from chassis.postgres import open_pool
from chassis.relay import Relay
from schemas.notifier import MailChanged, MailKind, MailState
from support.events import RECEIVED, headers_for
from support.topics import recreate_topics
from support.waiting import eventually

TOPIC = MailChanged.TOPIC
BATCH = 2_000


async def ours(ground: Ground) -> float:
    """Rows a second, from the first read to the last delete."""
    pool = await open_pool(ground.database_url, name="bench")
    relay = Relay(pool, service="notifier", bootstrap=ground.bootstrap)
    started = time.perf_counter()
    task = asyncio.create_task(relay.run())
    try:
        await eventually(lambda: relay.published >= ground.events, timeout=600, every=0.005)
        return ground.events / (time.perf_counter() - started)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()


async def ceiling(ground: Ground) -> float:
    """Records a second when nothing is read, built or deleted."""
    records = [
        (event.key.encode(), event.model_dump_json().encode(), headers_for(event))
        for event in mails(ground.events)
    ]
    producer = AIOKafkaProducer(
        bootstrap_servers=ground.bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=256 * 1024,
    )
    started = time.perf_counter()
    await producer.start()
    try:
        futures = [
            await producer.send(TOPIC, key=key, value=value, headers=headers)
            for key, value, headers in records
        ]
        await asyncio.gather(*futures)
        return ground.events / (time.perf_counter() - started)
    finally:
        await producer.stop()


async def prepare(ground: Ground) -> None:
    """Nothing is left over from other figures."""


async def reset(ground: Ground) -> None:
    """An empty topic and a full outbox, written as a service writes it."""
    await recreate_topics(ground.bootstrap, [TOPIC])
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        await connection.execute("TRUNCATE outbox, lease")
        events = mails(ground.events)
        while batch := list(islice(events, BATCH)):
            async with connection.transaction():
                await publish(connection, batch, cause="bench")
    finally:
        await connection.close()


def mails(count: int) -> Iterator[MailChanged]:
    """States of mails, each of about 300 bytes."""
    for number in range(count):
        instant = RECEIVED + timedelta(seconds=number)
        yield MailChanged(
            version=1,
            effective_on=instant.date(),
            received_at=instant,
            mail_id=uuid.UUID(int=number),
            person_id=f"{900_000_000 + number * 61_803 % 99_999_989}",
            cycle="2023-24",
            kind=MailKind.REMINDER,
            ordinal=1,
            state=MailState.PLANNED,
        )


FIGURE = Figure(
    name="relay",
    unit="rows/s",
    goal=0.7,
    events=100_000,
    prepare=prepare,
    reset=reset,
    ours=ours,
    ceiling=ceiling,
)
