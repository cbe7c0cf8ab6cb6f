"""SCIM PATCH of one user, a hundred a second: our whole roster, and a bare Starlette handler."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import httpx

from bench.figure import Figure
from bench.ground import Ground
from bench.scim_load import p99_ms
from bench.serving import serving
from embedded.ports import LOOPBACK, free_port
from roster.scim.secret import sha256_of
from roster.scim.service import SCOPES
from roster.scim.store import tokens
from roster.scim.store.tokens import Token
from support.scims import MEDIA, ROSTER_TOPICS, user
from support.topics import recreate_topics

PEOPLE = 2_000
SECRET = "a-token-for-the-bench"
HEADERS = {"authorization": f"Bearer {SECRET}", "content-type": MEDIA}
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


async def ours(ground: Ground) -> float:
    """The p99 of `roster run`, in milliseconds, with everything on."""
    port = free_port()
    async with serving(["-m", "roster", "run"], _environment(ground, port), port, "/health/ready"):
        return await p99_ms(port, "/scim/v2/Users", await _ids(ground), HEADERS, ground.events)


async def ceiling(ground: Ground) -> float:
    """The p99 of the bare handler, in milliseconds."""
    port = free_port()
    environment = {"DATABASE_URL": ground.database_url}
    async with serving(["-m", "bench.scim_ceiling", str(port)], environment, port, "/"):
        return await p99_ms(port, "/Users", await _ids(ground), HEADERS, ground.events)


async def prepare(ground: Ground) -> None:
    """A token, and people who came in through the door."""
    await recreate_topics(ground.bootstrap, ROSTER_TOPICS)
    token = Token(
        "bench", "identity", frozenset(SCOPES), "externalId", None, datetime.now(UTC), None, None
    )
    connection = await asyncpg.connect(ground.database_url)
    try:
        await tokens.add(connection, token, sha256_of(SECRET))
    finally:
        await connection.close()
    port = free_port()
    async with (
        serving(["-m", "roster", "run"], _environment(ground, port), port, "/health/ready"),
        httpx.AsyncClient(headers=HEADERS, timeout=300) as client,
    ):
        for first in range(0, PEOPLE, 500):
            operations = [
                {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": user(n)}
                for n in range(first, first + 500)
            ]
            said = {"schemas": [BULK], "Operations": operations}
            done = await client.post(f"http://{LOOPBACK}:{port}/scim/v2/Bulk", json=said)
            done.raise_for_status()


async def reset(ground: Ground) -> None:
    """An empty outbox and settled tables: both halves find the same."""
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        await connection.execute("TRUNCATE outbox")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _environment(ground: Ground, port: int) -> dict[str, str]:
    return {
        "ROSTER_DATABASE_URL": ground.database_url,
        "ROSTER_KAFKA_BOOTSTRAP": ground.bootstrap,
        "ROSTER_MACHINE_TOKEN": "a-token-for-the-bench",
        "ROSTER_HTTP_PORT": str(port),
    }


async def _ids(ground: Ground) -> list[str]:
    connection = await asyncpg.connect(ground.database_url)
    try:
        rows = await connection.fetch("SELECT id::text FROM scim_user ORDER BY id")
    finally:
        await connection.close()
    return [row["id"] for row in rows]


FIGURE = Figure(
    name="scim_patch",
    unit="ms (p99)",
    goal=2.0,
    at_most=True,
    events=1_000,
    prepare=prepare,
    reset=reset,
    ours=ours,
    ceiling=ceiling,
    service="roster",
)
