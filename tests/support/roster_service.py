"""The roster running on real backends, within the test's own process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from chassis import parked
from chassis.kafka import ends_of
from chassis.service import Runtime, build_app
from roster.app import create_service
from roster.handlers.show import show_person
from roster.settings import RosterSettings
from schemas.topics import topics_read_by, topics_written_by
from support.databases import Database
from support.rosters import RECEIVED
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
MACHINE = {"authorization": f"Bearer {TOKEN}"}
TOPICS = sorted({t.name for t in (*topics_read_by("roster"), *topics_written_by("roster"))})


@dataclass
class RunningRoster:
    """A running roster, and a client that speaks to it from this machine."""

    runtime: Runtime
    client: httpx.AsyncClient
    bootstrap: str

    async def at_rest(self) -> bool:
        """Whether all that was sent to its topics is handled, and nothing is due."""
        runtime = self.runtime
        assert runtime.consumer is not None
        assert runtime.consumer.client is not None
        async with runtime.pool.acquire() as connection:
            positions = await runtime.consumer.positions_of_group(connection)
        ends = await ends_of(runtime.consumer.client, positions)
        progress = (await self.client.get("/progress", headers=MACHINE)).json()
        return all(positions[tp] >= end for tp, end in ends.items()) and progress["due"] == 0

    async def settled(self) -> None:
        """Wait until it is at rest."""
        await eventually(self.at_rest, timeout=60, because="every record handled")

    async def step(self, now: datetime) -> None:
        """Move the calendar, and wait until nothing more is due."""
        answer = await self.client.post("/calendar", json={"now": now.isoformat()}, headers=MACHINE)
        assert answer.status_code == 200, answer.text
        await self.settled()

    async def person(self, person_id: str) -> dict[str, Any] | None:
        """The person as published, without the history."""
        async with self.runtime.pool.acquire() as connection:
            shown = await show_person(connection, person_id)
        return None if shown is None else dict(shown["current"])  # type: ignore[call-overload]

    async def parked(self) -> list[parked.Parked]:
        """What could not be handled."""
        async with self.runtime.pool.acquire() as connection:
            return await parked.list_parked(connection, "roster")


@asynccontextmanager
async def running_roster(
    database: Database, bootstrap: str, **changes: Any
) -> AsyncIterator[RunningRoster]:
    """A roster on this database and these (empty) topics; the calendar stands at RECEIVED."""
    settings = RosterSettings(
        database_url=database.app_dsn,
        kafka_bootstrap=bootstrap,
        machine_token=TOKEN,
        calendar="stepped",
        **changes,
    )
    app = build_app(create_service(settings))
    runtime: Runtime = app.state.runtime
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    try:
        await runtime.start()
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            roster = RunningRoster(runtime, client, bootstrap)
            await roster.step(RECEIVED)
            yield roster
    finally:
        await runtime.stop()
