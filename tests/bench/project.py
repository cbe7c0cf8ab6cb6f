"""Kafka to Postgres: a projection of 270-byte events by the chassis, and by hand."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import TypeAdapter

from bench.figure import Figure
from bench.ground import Ground
from bench.send import send
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.service import Runtime, Service
from chassis.settings import ServiceSettings
from schemas.completion import ModuleCompleted
from support.events import RECEIVED
from support.topics import recreate_topics
from support.waiting import eventually

TOPIC = ModuleCompleted.TOPIC
PARTITIONS = 6
BATCH = 2_000
VERSIONS = 2  # of every aggregate, one after the other
_TABLE = """
DROP TABLE IF EXISTS standing;
CREATE TABLE standing (
    person_id text, source text, course text, version int NOT NULL, cycle text, option text,
    completed_at timestamptz NOT NULL, effective_on date NOT NULL,
    PRIMARY KEY (person_id, source, course)
);
CREATE TABLE IF NOT EXISTS place (partition int PRIMARY KEY, next_offset bigint NOT NULL);
GRANT ALL ON standing, place TO chassis;
"""
_UPSERT = """
INSERT INTO standing AS s
    (person_id, source, course, version, cycle, option, completed_at, effective_on)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[],
                     $7::timestamptz[], $8::date[])
ON CONFLICT (person_id, source, course) DO UPDATE
    SET version = excluded.version, cycle = excluded.cycle, option = excluded.option,
        completed_at = excluded.completed_at, effective_on = excluded.effective_on
    WHERE s.version < excluded.version
"""


class Clock:
    """Seconds from the first batch to the last commit: joining a group is not work."""

    def __init__(self) -> None:
        self.started = 0.0

    def start(self) -> None:
        self.started = self.started or time.perf_counter()

    def rate(self, events: int) -> float:
        return events / (time.perf_counter() - self.started)


async def upsert(connection: Connection, events: Sequence[Any]) -> None:
    """The newest version of each aggregate of the batch, unless the table knows a newer one."""
    newest: dict[tuple[str, str, str], ModuleCompleted] = {}
    for event in events:
        identity = (event.person_id, event.source, event.course)
        known = newest.get(identity)
        if known is None or known.version < event.version:
            newest[identity] = event
    kept = newest.values()
    await connection.execute(
        _UPSERT,
        [event.person_id for event in kept],
        [event.source for event in kept],
        [event.course for event in kept],
        [event.version for event in kept],
        [event.cycle for event in kept],
        [event.option for event in kept],
        [event.completed_at for event in kept],
        [event.effective_on for event in kept],
    )


@asynccontextmanager
async def running(ground: Ground, clock: Clock) -> AsyncIterator[Runtime]:
    """A service with everything on, whose one handler is `upsert`."""

    async def handle(connection: Connection, records: Sequence[Record]) -> None:
        clock.start()
        await upsert(connection, [record.event for record in records])

    settings = ServiceSettings.model_validate(
        {
            "database_url": ground.database_url,
            "kafka_bootstrap": ground.bootstrap,
            "machine_token": "a-token-for-benchmarks",
        }
    )
    runtime = Runtime(Service("chassis", settings, handlers={TOPIC: handle}))
    try:
        await runtime.start()
        yield runtime
    finally:
        await runtime.stop()


async def settled(runtime: Runtime, events: int) -> None:
    """Wait until the transactions of that many records have committed."""
    consumer = runtime.consumer
    assert consumer is not None
    await eventually(lambda: sum(consumer.assigned.values()) >= events, timeout=600, every=0.005)


async def ours(ground: Ground) -> float:
    clock = Clock()
    async with running(ground, clock) as runtime:
        await settled(runtime, ground.events)
        return clock.rate(ground.events)


async def ceiling(ground: Ground) -> float:
    """What one would write by hand for just this, with none of the guards."""
    partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    validate = TypeAdapter(ModuleCompleted).validate_json
    clock, done = Clock(), 0
    connection = await asyncpg.connect(ground.database_url)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=ground.bootstrap,
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    consumer.assign(partitions)
    await consumer.start()
    try:
        await consumer.seek_to_beginning(*partitions)
        while done < ground.events:
            batches = await consumer.getmany(timeout_ms=200, max_records=BATCH)
            events = [validate(record.value or b"") for part in batches.values() for record in part]
            if not events:
                continue
            clock.start()
            async with connection.transaction():
                await connection.execute(
                    "INSERT INTO place SELECT * FROM unnest($1::int[], $2::bigint[]) "
                    "ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset",
                    [tp.partition for tp in batches],
                    [part[-1].offset + 1 for part in batches.values()],
                )
                await upsert(connection, events)
            done += len(events)
        return clock.rate(ground.events)
    finally:
        await consumer.stop()
        await connection.close()


async def prepare(ground: Ground) -> None:
    """A topic with the events in it."""
    await recreate_topics(ground.bootstrap, [TOPIC])
    await send(ground.bootstrap, completions(ground.events))


async def reset(ground: Ground) -> None:
    """Empty tables, and positions at the beginning."""
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        await connection.execute(_TABLE)
        await connection.execute("TRUNCATE consumer_position, place, parked")
    finally:
        await connection.close()


def completions(count: int) -> Iterator[ModuleCompleted]:
    """Events of about 270 bytes: every aggregate in each of its versions."""
    people = count // VERSIONS
    for number in range(count):
        version, person = divmod(number, people)
        yield ModuleCompleted(
            person_id=f"{900_000_000 + person * 61_803 % 99_999_989}",
            version=version + 1,
            effective_on=date(2023, 9, 1) + timedelta(days=version),
            received_at=RECEIVED + timedelta(seconds=number),
            source="campus-learning-management",
            course="preventing-sexual-harassment-2023-24-b",
            cycle="2023-24",
            option="B",
            completed_at=RECEIVED + timedelta(seconds=number),
        )


FIGURE = Figure(
    name="project",
    unit="events/s",
    goal=0.9,
    events=200_000,
    prepare=prepare,
    reset=reset,
    ours=ours,
    ceiling=ceiling,
)
