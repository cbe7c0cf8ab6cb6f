"""A roster with its door open, as a process of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from support.databases import Database
from support.scims import ROSTER_TOPICS, Door, door_of_its_own


@pytest.fixture
async def door(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    tmp_path: Path,
) -> AsyncIterator[Door]:
    place = await database("roster")
    bootstrap = await fresh_topics(*ROSTER_TOPICS)
    async with door_of_its_own(place, bootstrap, tmp_path / "roster.log") as opened:
        yield opened
