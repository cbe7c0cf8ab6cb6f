"""A roster with its SCIM door open: in this process, or in one of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from chassis.service import Runtime, build_app
from embedded.ports import LOOPBACK, free_port
from roster.app import create_service
from roster.scim.secret import new_token, sha256_of
from roster.scim.service import SCOPES
from roster.scim.store import tokens
from roster.scim.store.tokens import Token
from roster.settings import RosterSettings
from support.databases import Database
from support.waiting import eventually

MACHINE = "a-token-for-tests-only"
MEDIA = "application/scim+json"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NOON = datetime(2023, 9, 1, 16, tzinfo=UTC)
ROSTER_TOPICS = (
    "roster.person.v1",
    "roster.department.v1",
    "roster.contact.v1",
    "roster.role.v1",
    "roster.inbound.v1",
)


@dataclass
class Door:
    """An open door, and the database behind it."""

    client: httpx.AsyncClient
    place: Database
    runtime: Runtime | None = None

    async def token(self, name: str = "campus-idp", **changes: Any) -> dict[str, str]:
        """Make a token; the headers that carry it."""
        made = new_token()
        known = {
            "source": "identity",
            "scopes": frozenset(SCOPES),
            "person_id_from": "externalId",
            "login_domain": None,
        } | changes
        row = Token(name, created_at=NOON, revoked_at=None, last_used_at=None, **known)
        async with self.database() as connection:
            assert await tokens.add(connection, row, sha256_of(made))
        return {"authorization": f"Bearer {made}", "content-type": MEDIA}

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Any]:
        """A connection as the roster's app role."""
        connection = await asyncpg.connect(self.place.app_dsn, command_timeout=30)
        try:
            yield connection
        finally:
            await connection.close()

    async def step(self, to: datetime) -> None:
        """Move the roster's calendar."""
        headers = {"authorization": f"Bearer {MACHINE}"}
        done = await self.client.post("/calendar", json={"now": to.isoformat()}, headers=headers)
        assert done.status_code == 200, done.text


def user(number: Any = 1, **changes: Any) -> dict[str, Any]:
    """A User as an identity system sends it; what is None is left out."""
    said = {
        "schemas": [f"{CORE}User"],
        "externalId": f"p{number}",
        "userName": f"ada{number}",
        "displayName": f"Ada Lovelace {number}",
        "active": True,
        "emails": [{"value": f"ada{number}@example.edu", "type": "work", "primary": True}],
    } | changes
    return {name: value for name, value in said.items() if value is not None}


def patch(*operations: Any) -> dict[str, Any]:
    """A PATCH request's body."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def group(name: str, *members: str, **changes: Any) -> dict[str, Any]:
    """A Group with these users."""
    said: dict[str, Any] = {"schemas": [f"{CORE}Group"], "displayName": name} | changes
    return said | ({"members": [{"value": each} for each in members]} if members else {})


@asynccontextmanager
async def door_in_process(place: Database, bootstrap: str) -> AsyncIterator[Door]:
    """The service's own parts in this process."""
    settings = RosterSettings(
        database_url=place.app_dsn,
        kafka_bootstrap=bootstrap,
        machine_token=MACHINE,
        calendar="stepped",
    )
    app = build_app(create_service(settings))
    runtime: Runtime = app.state.runtime
    try:
        await runtime.start()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://roster") as client:
            door = Door(client, place, runtime)
            await door.step(NOON)
            yield door
    finally:
        await runtime.stop()


@asynccontextmanager
async def door_of_its_own(place: Database, bootstrap: str, log: Path) -> AsyncIterator[Door]:
    """`python -m roster run`, logging everything into a file."""
    port = free_port()
    environment = {
        "ROSTER_DATABASE_URL": place.app_dsn,
        "ROSTER_KAFKA_BOOTSTRAP": bootstrap,
        "ROSTER_HTTP_PORT": str(port),
        "ROSTER_MACHINE_TOKEN": MACHINE,
        "ROSTER_CALENDAR": "stepped",
        "ROSTER_LOG_LEVEL": "debug",
    }
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "roster", "run",
            env=os.environ | environment, stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=60) as client:
            await eventually(lambda: _ready(client), timeout=60, because="the roster is ready")
            door = Door(client, place)
            await door.step(NOON)
            yield door
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False
