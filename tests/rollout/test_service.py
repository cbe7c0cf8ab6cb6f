"""The service as a process, on real Kafka and Postgres: from facts to obligations, and killed."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from rollout.handlers.run_cycle import CHUNK
from support.databases import Database
from support.events import send_events
from support.rollout_process import TOPICS, RolloutProcess, rollout_process
from support.rollouts import department_events, held, module_event, person_event
from support.waiting import eventually

FreshTopics = Callable[..., Awaitable[str]]
Fresh = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def running(database: Fresh, fresh_topics: FreshTopics) -> AsyncIterator[RolloutProcess]:
    bootstrap = await fresh_topics(*TOPICS)
    async with rollout_process(await database("rollout"), bootstrap) as started:
        yield started


async def test_facts_on_kafka_become_obligations_on_kafka(running: RolloutProcess) -> None:
    facts = [
        *department_events(),
        person_event("p1"),
        person_event("p2", held("d-lincoln")),
        person_event("p3", held("d-physics", "undergraduate", paid=False)),
        module_event("p1", "A", "09-10"),
    ]
    await send_events(running.bootstrap, facts)
    await running.publish_cycle()
    await running.rest(consumed=len(facts))
    await running.step_through("09-22")
    published = await running.read()
    kinds = [headers["ce_type"].split(".", 2)[2] for _, headers, _ in published]
    assert sorted(kinds) == [
        "cycle.published.v1",
        "group.released.v1",
        *["obligation.changed.v1"] * 4,
    ]
    told = {
        (e["person_id"], e["version"]): (e["status"], e["option"])
        for topic, _, e in published
        if topic == "rollout.obligation.v1"
    }
    assert told == {
        ("p1", 1): ("scheduled", "A"),
        ("p1", 2): ("completed", "A"),
        ("p2", 1): ("supplemental", None),
        ("p3", 1): ("not_in_scope", None),
    }
    for _, headers, event in published:
        assert headers["ce_source"] == "/rollcall/rollout"
        assert headers["ce_sequence"] == str(event["version"])


async def test_a_service_killed_between_two_chunks_releases_everybody_once(
    running: RolloutProcess,
) -> None:
    await running.publish_cycle()
    await running.step("10-05", "12:00")
    people = [person_event(f"p{n:05}", received="10-05") for n in range(2 * CHUNK + 300)]
    await send_events(running.bootstrap, [*department_events(), *people])
    await running.rest(consumed=len(people) + 5)
    assert len(await running.fetch("SELECT 1 FROM obligation WHERE planned_on = '2023-10-06'")) == (
        2 * CHUNK + 300
    )

    blocker = await asyncpg.connect(running.database.app_dsn)
    try:
        # Somebody of the second chunk is held, so the day stops exactly between two chunks.
        async with blocker.transaction():
            second = f"p{CHUNK + 5:05}"
            await blocker.execute("SELECT 1 FROM person WHERE person_id = $1 FOR UPDATE", second)
            await running.step("10-06")
            await wait_until_released(running, CHUNK)
            await running.kill()
    finally:
        await blocker.close()
    await running.start()
    await running.rest()

    events = [event for _, _, event in await running.read()]
    batches = [event for event in events if "total" in event]
    assert [batch["total"] for batch in batches] == [CHUNK, 2 * CHUNK, 2 * CHUNK + 300]
    released = [e["person_id"] for e in events if e.get("status") == "released"]
    assert len(released) == len(set(released)) == 2 * CHUNK + 300


async def wait_until_released(running: RolloutProcess, people: int) -> None:
    async def reached() -> bool:
        rows = await running.fetch("SELECT total FROM group_release")
        return [row["total"] for row in rows] == [people]

    await eventually(reached, timeout=60)
