"""Signed webhooks in: our whole completion service, and a bare Starlette handler, both on uvicorn.

The server has a processor of its own; whoever sends, Postgres and the broker share the rest.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import asyncpg

from bench.figure import Figure
from bench.ground import Ground
from bench.serving import serving
from bench.webhook_load import KEY, SECRET, SOURCE, requests_per_s
from embedded.ports import free_port
from support.topics import recreate_topics

TOPICS = ("roster.person.v1", "roster.contact.v1", "completion.module.v1")
TABLES = "webhook_request, unmatched, module_statement, module_fact, outbox, lease"
SOURCES = f"""
[sources.{SOURCE}]
secrets = ["{SECRET}"]
[sources.{SOURCE}.courses]
psh23-b = {{ cycle = "2023-24", option = "B" }}
"""


async def ours(ground: Ground) -> float:
    """Requests a second into `completion run`, with every check and the interpreter on."""
    with tempfile.TemporaryDirectory() as folder:
        sources_file = Path(folder) / "sources.toml"
        sources_file.write_text(SOURCES)
        port = free_port()
        environment = {
            "COMPLETION_DATABASE_URL": ground.database_url,
            "COMPLETION_KAFKA_BOOTSTRAP": ground.bootstrap,
            "COMPLETION_MACHINE_TOKEN": "a-token-for-the-bench",
            "COMPLETION_SOURCES_FILE": str(sources_file),
            "COMPLETION_HTTP_PORT": str(port),
            # The limiter runs, and lets everything pass.
            "COMPLETION_WEBHOOK_RATE_PER_S": "1000000",
        }
        async with serving(["-m", "completion", "run"], environment, port, "/health/ready"):
            return await _stored_per_s(ground, port)


async def ceiling(ground: Ground) -> float:
    """Requests a second into the bare handler."""
    port = free_port()
    environment = {"DATABASE_URL": ground.database_url, "KEY": KEY.decode()}
    command = ["-m", "bench.webhook_ceiling", str(port)]
    async with serving(command, environment, port, "/"):
        return await _stored_per_s(ground, port)


async def prepare(ground: Ground) -> None:
    """The topics the service insists on."""
    await recreate_topics(ground.bootstrap, TOPICS)


async def reset(ground: Ground) -> None:
    """Empty tables."""
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        await connection.execute(f"TRUNCATE {TABLES}")
    finally:
        await connection.close()


async def _stored_per_s(ground: Ground, port: int) -> float:
    rate = await requests_per_s(port, ground.events)
    connection = await asyncpg.connect(ground.database_url)
    try:
        stored = await connection.fetchval("SELECT count(*) FROM webhook_request")
    finally:
        await connection.close()
    if stored != ground.events:
        raise RuntimeError(f"{ground.events} were answered 202, {stored} are stored")
    return rate


FIGURE = Figure(
    name="webhook",
    unit="requests/s",
    goal=0.8,
    events=40_000,
    prepare=prepare,
    reset=reset,
    ours=ours,
    ceiling=ceiling,
    service="completion",
)
