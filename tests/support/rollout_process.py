"""`rollout run` as a process of its own on a real broker, and a reader of what it publishes."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer

from embedded.ports import LOOPBACK, free_port
from schemas.topics import topics_read_by, topics_written_by
from support.databases import Database
from support.training import at, shipped_text
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
TOPICS = [topic.name for topic in (*topics_read_by("rollout"), *topics_written_by("rollout"))]


def environment_of(database: Database, bootstrap: str, port: int) -> dict[str, str]:
    return {
        "ROLLOUT_DATABASE_URL": database.app_dsn,
        "ROLLOUT_KAFKA_BOOTSTRAP": bootstrap,
        "ROLLOUT_MACHINE_TOKEN": TOKEN,
        "ROLLOUT_CALENDAR": "stepped",
        "ROLLOUT_HTTP_PORT": str(port),
    }


@dataclass
class RolloutProcess:
    """A rollout that can be killed and started again; `client` speaks as a machine."""

    database: Database
    bootstrap: str
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{self.port}", headers=AUTHORIZED)

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rollout", "run"),
            env=os.environ | environment_of(self.database, self.bootstrap, self.port),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await eventually(self._ready, timeout=60, because="rollout is ready")

    async def kill(self) -> None:
        """Kill -9, if it still runs."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def step(self, today: str, clock: str = "09:00") -> None:
        async with self.client as client:
            answer = await client.post("/calendar", json={"now": at(today, clock).isoformat()})
            answer.raise_for_status()

    async def step_through(self, last: str) -> None:
        """From one due instant to the next, each worked to its end, up to 9 o'clock of a day."""
        while (due := (await self.progress())["next_due"]) and due <= at(last).isoformat():
            async with self.client as client:
                (await client.post("/calendar", json={"now": due})).raise_for_status()
            await self.rest()

    async def publish_cycle(self) -> None:
        async with self.client as client:
            answer = await client.post("/cycles", content=shipped_text().encode())
            answer.raise_for_status()

    async def progress(self) -> dict[str, Any]:
        async with self.client as client:
            answer: dict[str, Any] = (await client.get("/progress")).raise_for_status().json()
            return answer

    async def rest(self, consumed: int | None = None) -> None:
        """Until nothing is due or waiting to go out, and `consumed` records have been read."""
        await eventually(lambda: self._at_rest(consumed), timeout=60, because="rollout rests")

    async def read(self) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        """Everything it has published: topic, CloudEvents attributes, payload."""
        return await read_all(self.bootstrap, [t.name for t in topics_written_by("rollout")])

    async def fetch(self, sql: str) -> list[Any]:
        connection = await asyncpg.connect(self.database.app_dsn)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    async def _ready(self) -> bool:
        try:
            async with self.client as client:
                return (await client.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async def _at_rest(self, consumed: int | None) -> bool:
        progress = await self.progress()
        read = sum(sum(partitions.values()) for partitions in progress["positions"].values())
        return (consumed is None or read >= consumed) and not progress["due"] + progress["outbox"]


@asynccontextmanager
async def rollout_process(database: Database, bootstrap: str) -> AsyncIterator[RolloutProcess]:
    """A started rollout, its calendar on August 20; nothing of it is left afterwards."""
    rollout = RolloutProcess(database, bootstrap)
    try:
        await rollout.start()
        await rollout.step("08-20")
        yield rollout
    finally:
        await rollout.kill()


async def read_all(
    bootstrap: str, topics: list[str]
) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
    """Every record of these topics up to their present ends."""
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(sorted(consumer.assignment()))
        records = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records.extend(batch)
        return [
            (
                record.topic,
                {name: value.decode() for name, value in record.headers},
                json.loads(record.value or b"null"),
            )
            for record in records
        ]
    finally:
        await consumer.stop()
