"""A rollout on a real database for each test that asks for one."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from support.databases import Database
from support.rollouts import Rollout, rollout_on


@pytest.fixture
async def rollout(
    database: Callable[[str], Awaitable[Database]],
) -> AsyncIterator[Rollout]:
    async with rollout_on(await database("rollout")) as running:
        yield running
