"""An open SCIM door, and a token for it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from support.databases import Database
from support.scims import ROSTER_TOPICS, Door, door_in_process


@pytest.fixture
async def place(database: Callable[[str], Awaitable[Database]]) -> Database:
    """A migrated, empty roster database."""
    return await database("roster")


@pytest.fixture
async def door(place: Database, fresh_topics: Callable[..., Awaitable[str]]) -> AsyncIterator[Door]:
    """The roster in this process, on a real broker and database."""
    async with door_in_process(place, await fresh_topics(*ROSTER_TOPICS)) as opened:
        yield opened


@pytest.fixture
async def scim(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a token of source `identity` that may do everything."""
    headers = await door.token()
    base = "http://roster/scim/v2"
    async with httpx.AsyncClient(
        transport=door.client._transport, base_url=base, headers=headers
    ) as client:
        yield client
