"""A roster database of the test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from chassis.postgres import Connection
from support.databases import Database


@pytest.fixture
async def place(database: Callable[[str], Awaitable[Database]]) -> Database:
    """A migrated, empty roster database."""
    return await database("roster")


@pytest.fixture
async def connection(place: Database) -> AsyncIterator[Connection]:
    """A connection as the roster's app role."""
    connected = await asyncpg.connect(place.app_dsn, command_timeout=30)
    yield connected
    await connected.close()
