"""What the fixtures promise to every other test, on whichever backend they run."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from support.databases import Database
from support.strict import fail_skips_in_ci
from support.waiting import eventually


async def test_each_database_of_a_test_is_migrated_and_its_own(
    database: Callable[[str], Awaitable[Database]],
) -> None:
    first, second = await database("chassis"), await database("chassis")
    connection = await asyncpg.connect(first.app_dsn)
    try:
        await connection.execute("INSERT INTO lease VALUES ('relay', gen_random_uuid(), now())")
    finally:
        await connection.close()

    other = await asyncpg.connect(second.app_dsn)
    try:
        assert await other.fetchval("SELECT count(*) FROM lease") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.execute("CREATE TABLE mine (id int)")
    finally:
        await other.close()


async def test_fresh_topics_are_empty_whatever_was_in_them(
    fresh_topics: Callable[..., Awaitable[str]],
) -> None:
    topic = TopicPartition("rollout.group.v1", 0)
    bootstrap = await fresh_topics(topic.topic)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(topic.topic, b"left over", partition=0)

    await fresh_topics(topic.topic)

    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        assert await consumer.end_offsets([topic]) == {topic: 0}


async def test_waiting_gives_what_the_probe_found_and_says_what_it_last_saw() -> None:
    answers = iter([None, 0, "found"])
    assert await eventually(lambda: next(answers)) == "found"

    with pytest.raises(AssertionError, match=r"the mail not within 0.05 s; .*3 - 3"):
        await eventually(_always_wrong, timeout=0.05, because="the mail")


async def _always_wrong() -> bool:
    raise AssertionError("3 - 3")


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_a_skipped_test_fails_in_ci_only(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", ci)
    report = pytest.TestReport(
        "here", ("here", 1, "here"), {}, "skipped", ("here", 1, "no Docker"), "call"
    )
    fail_skips_in_ci(report)
    assert report.outcome == outcome
