"""Partitions that go and come back, a consumer without any, and what may never be skipped."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from chassis.consumer import Consumer
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.service import Runtime
from support.databases import Database
from support.events import completed, send_events
from support.runtimes import TOPIC, Seen, create_seen, running, seen, settings_for
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]
ALL = [TopicPartition(TOPIC, number) for number in range(6)]


@pytest.fixture
async def place(database: NewDatabase, fresh_topics: FreshTopics) -> tuple[str, Database]:
    bootstrap, db = await fresh_topics(TOPIC), await database("chassis")
    await create_seen(db)
    return bootstrap, db


async def as_owner(db: Database, statement: str) -> None:
    connection = await asyncpg.connect(db.owner_dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def until_version(runtime: Runtime, version: int) -> list[int]:
    """Versions handled, in order, once `version` is among them."""

    async def there() -> bool:
        return version in {v for _, v in await seen(runtime)}

    await eventually(there)
    return [v for _, v in await seen(runtime)]


async def test_a_partition_that_comes_back_goes_on_where_another_process_left_it(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed("p1", n) for n in range(1, 6)])
    consumers: list[Consumer] = []
    away: list[asyncio.Task[None]] = []
    attempts: list[int] = []

    async def go_and_come_back() -> None:
        # p1 is in partition 2. Waits for the rollback, then is faster than the second attempt.
        await as_owner(db, "UPDATE consumer_position SET next_offset = 3 WHERE partition = 2")
        await consumers[0].on_partitions_revoked(ALL)
        await consumers[0].on_partitions_assigned(ALL)

    writes = Seen()

    async def unlucky(connection: Connection, records: Sequence[Record]) -> None:
        if len(attempts) < 4:  # the pause before the next attempt is then 0.4 s
            attempts.append(len(records))
            if len(attempts) == 4:
                away.append(asyncio.create_task(go_and_come_back()))
            raise TimeoutError
        await writes(connection, records)

    async with running(settings_for(db, bootstrap), handlers={TOPIC: unlucky}) as (runtime, exited):
        assert runtime.consumer
        consumers.append(runtime.consumer)
        assert await until_version(runtime, 5) == [4, 5]
        await asyncio.gather(*away)
        assert not exited


async def test_what_can_neither_be_handled_nor_parked_ends_the_process_and_is_not_skipped(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await as_owner(db, "ALTER TABLE parked RENAME TO elsewhere")
    await send_events(bootstrap, [completed("p1", 1)])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, exited):
        await eventually(lambda: bool(exited))
        assert runtime.phase == "UndefinedTableError (SQLSTATE 42P01)"
        await as_owner(db, "ALTER TABLE elsewhere RENAME TO parked")
        await send_events(bootstrap, [completed("p1", 2)])
        await asyncio.sleep(0.5)  # the process would be gone by now
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        assert await until_version(runtime, 2) == [1, 2]


async def test_a_log_whose_beginning_was_cut_is_noticed(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed("p1", n) for n in range(1, 6)])
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_records({tp: RecordsToDelete(before_offset=-1) for tp in ALL})
    finally:
        await admin.close()
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, exited):
        await eventually(lambda: bool(exited))
        assert "begins at 5, after the position 0: the log was cut" in runtime.phase


async def test_the_process_ends_when_it_has_lost_its_partitions_and_nobody_handles_them(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    settings = settings_for(db, bootstrap, stall_after_s=1.0)
    async with running(settings, handlers={TOPIC: Seen()}) as (runtime, exited):
        consumer = runtime.consumer
        assert consumer
        await eventually(lambda: bool(consumer.assigned))
        await consumer.on_partitions_revoked(ALL)  # and the coordinator died
        await asyncio.sleep(2)
        assert not exited  # nothing to do is no reason
        await send_events(bootstrap, [completed("p1")])
        await eventually(lambda: bool(exited))
        assert "has stood still" in runtime.phase
