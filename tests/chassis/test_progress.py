"""What a service says of itself to whoever waits for the platform to come to rest."""

from collections.abc import Awaitable, Callable

import httpx

from chassis.service import build_app
from schemas.topics import TOPICS
from support.databases import Database
from support.runtimes import TOPIC, Seen, create_seen, running, settings_for
from support.waiting import eventually


async def test_partitions_that_were_never_assigned_count_as_unread(
    database: Callable[[str], Awaitable[Database]], fresh_topics: Callable[..., Awaitable[str]]
) -> None:
    bootstrap, db = await fresh_topics(TOPIC), await database("chassis")
    await create_seen(db)
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (runtime, _):
        consumer = runtime.consumer
        assert consumer is not None
        await eventually(lambda: consumer.assigned)
        async with runtime.pool.acquire() as connection:
            await connection.execute("DELETE FROM consumer_position")
        app = build_app(runtime.service)
        app.state.runtime = runtime
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            positions = (await client.get("/progress")).json()["positions"]
    assert positions[TOPIC].keys() == {str(number) for number in range(TOPICS[TOPIC].partitions)}
