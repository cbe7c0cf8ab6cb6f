"""Traps 1-3, 6, 16, 18, 19 of consuming: each test fails when its guard is taken away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import parked, positions
from chassis.cli.parked import By, retry_key
from chassis.consumer import Handler
from chassis.errors import Reject
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.service import Runtime
from support.databases import Database
from support.events import completed, headers_for, send_events, send_raw
from support.runtimes import (
    TOPIC,
    Seen,
    create_seen,
    running,
    seen,
    settings_for,
)
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]
BY = By("900001", datetime(2023, 10, 2, 13, tzinfo=UTC))


@pytest.fixture
async def place(database: NewDatabase, fresh_topics: FreshTopics) -> tuple[str, Database]:
    bootstrap, db = await fresh_topics(TOPIC), await database("chassis")
    await create_seen(db)
    return bootstrap, db


async def until_seen(runtime: Runtime, people: set[str]) -> None:
    async def all_seen() -> bool:
        return {person for person, _ in await seen(runtime)} >= people

    await eventually(all_seen)


async def all_parked(runtime: Runtime) -> list[parked.Parked]:
    async with runtime.pool.acquire() as connection:
        return await parked.list_parked(connection, "chassis")


async def test_what_was_published_before_the_service_ever_ran_is_handled(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed(f"p{n}") for n in range(100)])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, exited):
        await until_seen(runtime, {f"p{n}" for n in range(100)})
        assert sorted(await seen(runtime)) == sorted((f"p{n}", 1) for n in range(100))
        assert not exited


async def test_a_record_whose_handler_fails_is_parked_and_the_others_are_handled(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed(f"p{n}") for n in range(50)])
    writes = Seen()

    async def picky(connection: Connection, records: Sequence[Record]) -> None:
        await writes(connection, records)
        if any(record.key == "p13" for record in records):
            raise Reject("thirteen")

    async with running(settings_for(db, bootstrap), handlers={TOPIC: picky}) as (runtime, _):
        await until_seen(runtime, {f"p{n}" for n in range(50)} - {"p13"})
        assert sorted(await seen(runtime)) == sorted((f"p{n}", 1) for n in range(50) if n != 13)
        assert [(p.key, p.reason) for p in await all_parked(runtime)] == [(b"p13", "thirteen")]


BAD_RECORDS: dict[str, tuple[bytes | None, bytes | None, dict[str, bytes | None]]] = {
    "a header with a null value": (b"bad", None, {"x": None, "ce_type": None}),
    "a header that is not UTF-8": (b"bad", b"{}", {"ce_type": b"\xff\xfe"}),
    "a value that is not UTF-8": (b"bad", b"\xff\xfe", {}),
    "a value that is no JSON": (b"bad", b"{", {}),
    "a value of another schema": (b"bad", b'{"person_id": 7}', {}),
    "a type nobody knows": (b"bad", b"{}", {"ce_type": b"edu.rollcall.unheard.of.v9"}),
    "no CloudEvents headers": (b"bad", b"{}", {"ce_type": None, "ce_id": None}),
    "a tombstone on a topic that keeps everything": (b"bad", None, {}),
    "another key than the event's": (b"bad", completed("p1").model_dump_json().encode(), {}),
    "no key": (None, completed("p1").model_dump_json().encode(), {}),
}


@pytest.mark.parametrize("what", BAD_RECORDS)
async def test_a_poison_record_is_parked_and_its_partition_goes_on(
    what: str, place: tuple[str, Database]
) -> None:
    bootstrap, db = place
    key, value, changed = BAD_RECORDS[what]
    headers: dict[str, Any] = dict(headers_for(completed("bad"))) | changed
    await send_raw(
        bootstrap, TOPIC, key=key, value=value, headers=list(headers.items()), partition=0
    )
    after = completed("after").model_dump_json().encode()
    await send_raw(
        bootstrap,
        TOPIC,
        key=b"after",
        value=after,
        headers=list(headers_for(completed("after"))),
        partition=0,
    )
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, exited):
        await until_seen(runtime, {"after"})
        (record,) = await all_parked(runtime)
        assert (record.topic, record.partition, record.offset, record.key) == (TOPIC, 0, 0, key)
        assert record.value == value
        assert record.reason
        assert not exited


async def test_followers_of_a_parked_key_wait_behind_it_and_are_retried_in_order(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await send_raw(
        bootstrap, TOPIC, key=b"p1", value=b"{", headers=list(headers_for(completed("p1")))
    )
    await send_events(bootstrap, [completed("p1", 2), completed("p1", 3), completed("p2")])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        await until_seen(runtime, {"p2"})
        first, *behind = await all_parked(runtime)
        assert [p.reason for p in behind] == [parked.BEHIND] * 2
        async with runtime.pool.acquire() as connection:
            with pytest.raises(Reject):
                await retry_key(connection, "chassis", first.id, {TOPIC: Seen()}, BY)
            assert await parked.count(connection, "chassis") == 3
            assert await parked.drop(connection, "chassis", first.id)
            assert await retry_key(connection, "chassis", behind[0].id, {TOPIC: Seen()}, BY) == 2
        assert [v for person, v in await seen(runtime) if person == "p1"] == [2, 3]


async def test_a_follower_that_comes_while_its_key_is_retried_is_not_left_behind(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    refuse = [True]
    writes = Seen()

    async def picky(connection: Connection, records: Sequence[Record]) -> None:
        if refuse:
            raise Reject("not now")
        await writes(connection, records)

    async def slowly(connection: Connection, records: Sequence[Record]) -> None:
        await send_events(bootstrap, [completed("p1", 2)])
        await asyncio.sleep(1)
        await writes(connection, records)

    await send_events(bootstrap, [completed("p1", 1)])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: picky}) as (runtime, _):
        await eventually(lambda: _parked_some(runtime))
        refuse.clear()
        (first,) = await all_parked(runtime)
        async with runtime.pool.acquire() as connection:
            assert await retry_key(connection, "chassis", first.id, {TOPIC: slowly}, BY) == 1
        await eventually(lambda: _seen_version(runtime, 2))
        assert await seen(runtime) == [("p1", 1), ("p1", 2)]
        assert not await all_parked(runtime)


async def test_a_table_changed_under_a_running_service_parks_nothing(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place

    async def reads(connection: Connection, records: Sequence[Record]) -> None:
        await connection.fetch("SELECT * FROM seen")
        keys = [record.key for record in records]
        await connection.execute("INSERT INTO seen SELECT unnest($1::text[]), 1", keys)

    async with running(settings_for(db, bootstrap), handlers={TOPIC: reads}) as (runtime, _):
        await send_events(bootstrap, [completed("p1")])
        await until_seen(runtime, {"p1"})
        owner = await asyncpg.connect(db.owner_dsn)
        await owner.execute("ALTER TABLE seen ADD COLUMN more int")
        await owner.close()
        await send_events(bootstrap, [completed("p2")])
        await until_seen(runtime, {"p2"})
        assert not await all_parked(runtime)


async def test_a_hundred_failures_in_a_row_stop_the_service_instead_of_draining_the_topic(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed(f"p{n}") for n in range(150)])

    async def broken(connection: Connection, records: Sequence[Record]) -> None:
        raise RuntimeError("a bug in the handler")

    async with running(settings_for(db, bootstrap), handlers={TOPIC: broken}) as (runtime, exited):
        await eventually(lambda: bool(exited))
        assert len(await all_parked(runtime)) == 100


async def test_the_text_of_an_error_is_never_kept_because_it_may_quote_a_name(
    place: tuple[str, Database], capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed("p1")])

    async def broken(connection: Connection, records: Sequence[Record]) -> None:
        raise RuntimeError("Zebulon Canary is not a number")

    async with running(settings_for(db, bootstrap), handlers={TOPIC: broken}) as (runtime, _):
        await eventually(lambda: _parked_some(runtime))
        (record,) = await all_parked(runtime)
        assert record.reason == "RuntimeError"
    output = capsys.readouterr()
    assert "Zebulon" not in output.out + output.err


async def test_a_tombstone_waits_behind_nothing_and_takes_the_place_of_what_is_parked(
    database: NewDatabase, fresh_topics: FreshTopics
) -> None:
    topic = "roster.contact.v1"
    bootstrap, db = await fresh_topics(topic), await database("chassis")
    erased: list[str] = []

    async def handler(_: Connection, records: Sequence[Record]) -> None:
        erased.extend(record.key for record in records if record.tombstone)

    async def send(key: str, value: bytes | None) -> None:
        await send_raw(bootstrap, topic, key=key.encode(), value=value, headers=[])

    await send("p1", b"Canary One")
    await send("p2", b"Canary Two")
    async with running(settings_for(db, bootstrap), handlers={topic: handler}) as (runtime, _):

        async def parked_keys() -> list[bytes | None]:
            return sorted((each.key for each in await all_parked(runtime)), key=str)

        async def become(*keys: bytes) -> None:
            async def as_wanted() -> bool:
                return await parked_keys() == list(keys)

            await eventually(as_wanted, timeout=20)

        await become(b"p1", b"p2")
        await send("p1", b"Canary One, once more")
        await become(b"p1", b"p1", b"p2")
        await send("p1", None)
        await become(b"p2")
        assert erased == ["p1"]
        # Within one batch as well; and what comes after it is parked as ever.
        await asyncio.gather(send("p2", b"Canary Two, once more"), send("p3", b"Canary Three"))
        await send("p3", None)
        await send("p2", None)
        await send("p3", b"Canary Three, after")
        await become(b"p3")
        assert sorted(erased) == ["p1", "p2", "p3"]


async def _parked_some(runtime: Runtime) -> bool:
    return bool(await all_parked(runtime))


async def test_a_reply_to_header_makes_nobody_publish(
    place: tuple[str, Database], fresh_topics: FreshTopics
) -> None:
    bootstrap, db = place
    target = "rollout.reminder.v1"
    await fresh_topics(target)
    headers = [*headers_for(completed("p1")), ("reply_to", target.encode())]
    value = completed("p1").model_dump_json().encode()
    await send_raw(bootstrap, TOPIC, key=b"p1", value=value, headers=list(headers))
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        await until_seen(runtime, {"p1"})
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(target, n) for n in range(6)])
    finally:
        await consumer.stop()
    assert set(ends.values()) == {0}


async def test_one_service_reads_all_its_topics(
    database: NewDatabase, fresh_topics: FreshTopics
) -> None:
    other = "roster.person.v1"
    bootstrap, db = await fresh_topics(TOPIC, other), await database("chassis")
    await create_seen(db)
    await send_events(bootstrap, [completed("p1")])
    got: list[str] = []

    async def note(connection: Connection, records: Sequence[Record]) -> None:
        got.extend(record.key for record in records)

    handlers: dict[str, Handler] = {TOPIC: Seen(), other: note}
    async with running(settings_for(db, bootstrap), handlers=handlers) as (runtime, _):
        await until_seen(runtime, {"p1"})
        assert runtime.consumer
        assert {tp.topic for tp in runtime.consumer.assigned} == {TOPIC, other}


async def test_a_process_whose_position_was_moved_by_another_changes_nothing(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, exited):
        await send_events(bootstrap, [completed("p1")])
        await until_seen(runtime, {"p1"})
        async with runtime.pool.acquire() as connection:  # the other process has handled the next 4
            await connection.execute(
                "UPDATE consumer_position SET next_offset = 5 WHERE next_offset = 1"
            )
        await send_events(bootstrap, [completed("p1", n) for n in range(2, 7)])
        await eventually(lambda: _seen_version(runtime, 6))
        assert await seen(runtime) == [("p1", 1), ("p1", 6)]
        assert not exited


async def _seen_version(runtime: Runtime, version: int) -> bool:
    return version in {v for _, v in await seen(runtime)}


async def test_positions_in_postgres_win_over_offsets_in_kafka(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed("p1", n) for n in range(1, 4)])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        await until_seen(runtime, {"p1"})
        assert runtime.consumer
        await runtime.consumer.commit_hint({})
        async with runtime.pool.acquire() as connection:  # a backup from before is restored
            await connection.execute("DELETE FROM seen")
            await connection.execute("UPDATE consumer_position SET next_offset = 0")
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        await until_seen(runtime, {"p1"})
        assert await seen(runtime) == [("p1", 1), ("p1", 2), ("p1", 3)]


async def test_a_restart_handles_nothing_twice(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed("p1")])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        await until_seen(runtime, {"p1"})
    await send_events(bootstrap, [completed("p2")])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        await until_seen(runtime, {"p2"})
        assert await seen(runtime) == [("p1", 1), ("p2", 1)]


async def test_a_log_that_was_cut_is_noticed(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    connection = await asyncpg.connect(db.app_dsn)
    await positions.load(connection, "chassis", [TopicPartition(TOPIC, n) for n in range(6)])
    await connection.execute("UPDATE consumer_position SET next_offset = 7")
    await connection.close()
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, exited):
        await eventually(lambda: bool(exited))
        assert "the log was cut" in runtime.phase


async def test_a_lock_that_another_transaction_holds_delays_the_batch_and_loses_nothing(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    fails = [ConnectionResetError(), TimeoutError()]
    writes = Seen()

    async def unlucky(connection: Connection, records: Sequence[Record]) -> None:
        await writes(connection, records)
        if fails:
            raise fails.pop()

    await send_events(bootstrap, [completed("p1")])
    async with running(settings_for(db, bootstrap), handlers={TOPIC: unlucky}) as (runtime, _):
        await until_seen(runtime, {"p1"})
        assert await seen(runtime) == [("p1", 1)]
        assert not await all_parked(runtime)
