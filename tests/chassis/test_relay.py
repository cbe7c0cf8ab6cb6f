"""Traps 4, 11, 19, 20 of publishing: order per key, nothing skipped, one relay, stable ids."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from structlog.testing import capture_logs

from chassis.errors import Reject
from chassis.outbox import MAX_BYTES, erase, publish
from chassis.parked import Raw
from chassis.postgres import open_pool
from chassis.relay import Relay, oldest
from schemas.topics import TOPICS
from support.databases import Database
from support.events import completed
from support.runtimes import TOPIC, running, settings_for
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]


@pytest.fixture
async def place(database: NewDatabase, fresh_topics: FreshTopics) -> tuple[str, Database]:
    return await fresh_topics(TOPIC), await database("chassis")


async def read_all(bootstrap: str, topic: str = TOPIC) -> list[Raw]:
    """Every record of the topic, by partition and offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, n) for n in range(TOPICS[topic].partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Raw] = []
        while len(records) < sum(ends.values()):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records.extend(batch)
        return records
    finally:
        await consumer.stop()


def versions(records: list[Raw], key: str) -> list[int]:
    return [int(dict(r.headers)["ce_sequence"]) for r in records if r.key == key.encode()]


async def outbox_size(db: Database) -> int:
    connection = await asyncpg.connect(db.owner_dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
    finally:
        await connection.close()


async def published(db: Database) -> bool:
    return await outbox_size(db) == 0


async def test_every_keys_events_stay_in_order_and_in_one_partition(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    events = [completed(f"p{n % 50}", 1 + n // 50) for n in range(5_000)]
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        async with runtime.pool.acquire() as connection:
            await publish(connection, events, cause="test")
        runtime.wake()
        await eventually(lambda: published(db), timeout=20)
    records = await read_all(bootstrap)
    assert len(records) == 5_000
    for n in range(50):
        assert versions(records, f"p{n}") == list(range(1, 101))
        assert len({r.partition for r in records if r.key == f"p{n}".encode()}) == 1


async def test_a_row_that_commits_after_a_later_one_is_not_skipped(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        early = await asyncpg.connect(db.app_dsn)
        held = early.transaction()
        await held.start()
        await publish(early, [completed("early")], cause="held back")
        async with runtime.pool.acquire() as connection:
            await publish(connection, [completed("late")], cause="commits first")
        runtime.wake()
        await eventually(lambda: _has(bootstrap, 1))
        await held.commit()
        await early.close()
        runtime.wake()
        await eventually(lambda: published(db))
    assert {r.key for r in await read_all(bootstrap)} == {b"early", b"late"}


async def test_a_row_that_commits_between_the_read_and_the_delete_is_not_lost(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    early = await asyncpg.connect(db.app_dsn)
    held = early.transaction()
    await held.start()
    await publish(early, [completed("early")], cause="held back")

    class Slow(Relay):
        async def _delete(self, ids: list[int]) -> None:
            if not early.is_closed():
                await held.commit()
                await early.close()
            await super()._delete(ids)

    pool = await open_pool(db.app_dsn, name="test")
    task = asyncio.create_task(Slow(pool, service="chassis", bootstrap=bootstrap).run())
    try:
        async with pool.acquire() as connection:
            await publish(connection, [completed("late")], cause="commits first")
        await eventually(lambda: published(db))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()
    assert {r.key for r in await read_all(bootstrap)} == {b"early", b"late"}


async def _has(bootstrap: str, count: int) -> bool:
    return len(await read_all(bootstrap)) >= count


async def test_what_is_rolled_back_is_never_published(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        async with runtime.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await publish(connection, [completed("ghost")], cause="test")
            await transaction.rollback()
            await publish(connection, [completed("real")], cause="test")
        runtime.wake()
        await eventually(lambda: published(db))
    assert [r.key for r in await read_all(bootstrap)] == [b"real"]


async def test_only_the_holder_of_the_lease_publishes(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        await eventually(lambda: _leased(runtime.pool))
        second = Relay(runtime.pool, service="chassis", bootstrap=bootstrap)
        task = asyncio.create_task(second.run())
        async with runtime.pool.acquire() as connection:
            await publish(connection, [completed(f"p{n}") for n in range(500)], cause="test")
        runtime.wake()
        second.wake()
        await eventually(lambda: published(db))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert second.published == 0
    assert len(await read_all(bootstrap)) == 500


async def _leased(pool: asyncpg.Pool) -> bool:
    return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM lease)"))


async def test_a_relay_that_lost_its_lease_deletes_nothing(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        await eventually(lambda: _leased(runtime.pool))
        async with runtime.pool.acquire() as connection:
            await connection.execute(
                "UPDATE lease SET token = $1, expires_at = clock_timestamp() + interval '1 hour'",
                uuid.uuid4(),
            )
            await publish(connection, [completed("p1")], cause="test")
        runtime.wake()
        await eventually(lambda: _has(bootstrap, 1))
        await asyncio.sleep(0.2)
        assert await outbox_size(db) == 1


async def test_an_event_published_again_keeps_its_id(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    for _ in range(2):  # as after a crash between the acknowledgement and the delete
        async with running(settings_for(db, bootstrap)) as (runtime, _):
            async with runtime.pool.acquire() as connection:
                await publish(connection, [completed("p1")], cause="webhook msg_1")
            runtime.wake()
            await eventually(lambda: published(db))
    first, again = await read_all(bootstrap)
    assert dict(first.headers)["ce_id"] == dict(again.headers)["ce_id"]


async def test_a_send_is_acknowledged_by_every_replica_and_not_repeated_by_a_retry(
    place: tuple[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap, db = place
    asked: list[dict[str, Any]] = []

    class Noted(AIOKafkaProducer):
        def __init__(self, **settings: Any) -> None:
            asked.append(settings)
            super().__init__(**settings)  # type: ignore[no-untyped-call]

    monkeypatch.setattr("chassis.relay.AIOKafkaProducer", Noted)
    async with running(settings_for(db, bootstrap)):
        await eventually(lambda: bool(asked))
    assert asked[0]["acks"] == "all"
    assert asked[0]["enable_idempotence"] is True


async def test_after_a_success_the_pause_after_a_failure_is_short_again(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place

    class Unlucky(Relay):
        async def _delete(self, ids: list[int]) -> None:
            await super()._delete(ids)
            raise ConnectionResetError

    pool = await open_pool(db.app_dsn, name="test")
    relay = Unlucky(pool, service="chassis", bootstrap=bootstrap)
    task = asyncio.create_task(relay.run())
    try:
        with capture_logs() as said:
            for n in range(1, 5):
                async with pool.acquire() as connection:
                    await publish(connection, [completed("p1", n)], cause=f"test {n}")
                relay.wake()
                await eventually(lambda: published(db))
                await eventually(lambda: len(said) == n)  # noqa: B023
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()
    assert {(line["event"], line["retry_in_s"]) for line in said} == {("relay_failed", 0.1)}


async def test_the_largest_event_that_is_accepted_can_be_sent_and_a_larger_one_is_refused(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    small = completed("large", option="")
    rest = len(small.model_dump_json()) + len(small.key) + len(small.subject)
    largest, larger = (
        completed("large", option="x" * (MAX_BYTES - rest + more)) for more in (0, 1)
    )
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        async with runtime.pool.acquire() as connection:
            await publish(connection, [largest], cause="test")
            with pytest.raises(Reject, match="larger than 1000000 bytes"):
                await publish(connection, [larger], cause="test")
        runtime.wake()
        await eventually(lambda: published(db))
    (record,) = await read_all(bootstrap)
    assert record.value == largest.model_dump_json().encode()


async def test_an_erasure_becomes_a_tombstone_on_the_compacted_topic_only(
    database: NewDatabase, fresh_topics: FreshTopics
) -> None:
    contact = "roster.contact.v1"
    bootstrap, db = await fresh_topics(contact), await database("chassis")
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        async with runtime.pool.acquire() as connection:
            await erase(connection, contact, ["p1"], cause="request 7")
            with pytest.raises(ValueError, match="not compacted"):
                await erase(connection, TOPIC, ["p1"], cause="request 7")
        runtime.wake()
        await eventually(lambda: published(db))
    (record,) = await read_all(bootstrap, contact)
    assert (record.key, record.value) == (b"p1", None)


async def test_the_age_of_the_oldest_waiting_event_is_known(database: NewDatabase) -> None:
    connection = await asyncpg.connect((await database("chassis")).owner_dsn)
    try:
        assert await oldest(connection) == (0, 0.0)
        await publish(connection, [completed("p1")], cause="test")
        await connection.execute("UPDATE outbox SET created_at = now() - interval '90 seconds'")
        _, age = await oldest(connection)
        assert 90 <= age < 100
    finally:
        await connection.close()
