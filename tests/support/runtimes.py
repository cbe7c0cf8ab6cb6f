"""A running service made of nothing but the chassis, for the tests of the chassis."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from chassis.consumer import Handler
from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.schedule import DueHandler
from chassis.service import Runtime, Service, Task
from chassis.settings import ServiceSettings
from support.databases import Database

TOPIC = "completion.module.v1"
TOKEN = "a-token-for-tests-only"


def settings_for(database: Database, bootstrap: str, **changes: Any) -> ServiceSettings:
    return ServiceSettings(
        database_url=database.app_dsn,
        kafka_bootstrap=bootstrap,
        machine_token=TOKEN,
        calendar="stepped",
        **changes,
    )


class Exited(list[int]):
    """Stands in for the end of the process: exit statuses, in order."""

    def __call__(self, status: int) -> None:
        self.append(status)


class Seen:
    """A handler that writes each record's version to a table, in the batch's transaction."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def __call__(self, connection: Connection, records: Sequence[Record]) -> None:
        self.batches.append(len(records))
        await connection.execute(
            "INSERT INTO seen SELECT * FROM unnest($1::text[], $2::int[])",
            [record.key for record in records],
            [record.event.version for record in records],
        )


async def create_seen(database: Database) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        await connection.execute("CREATE TABLE seen (person_id text, version int)")
    finally:
        await connection.close()


async def seen(runtime: Runtime) -> list[tuple[str, int]]:
    async with runtime.pool.acquire() as connection:
        rows = await connection.fetch("SELECT person_id, version FROM seen ORDER BY ctid")
    return [(row["person_id"], row["version"]) for row in rows]


@asynccontextmanager
async def running(
    settings: ServiceSettings,
    *,
    handlers: Mapping[str, Handler] | None = None,
    due: Mapping[str, DueHandler] | None = None,
    tasks: Sequence[Task] = (),
) -> AsyncIterator[tuple[Runtime, Exited]]:
    exited = Exited()
    service = Service("chassis", settings, handlers=handlers or {}, due=due or {}, tasks=tasks)
    runtime = Runtime(service, exit_process=exited)
    try:
        await runtime.start()
        yield runtime, exited
    finally:
        await runtime.stop()
