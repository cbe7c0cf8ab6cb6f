"""Reporting on real backends, and the events the other services would publish."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from support.reporting import RECEIVED, TOPICS, Reporting, University, running


@pytest.fixture
def university() -> University:
    return University()


@pytest.fixture
async def reporting(
    database: Callable[[str], Any], fresh_topics: Callable[..., Any]
) -> AsyncIterator[Reporting]:
    """Reporting on an empty database and empty topics, its calendar on 2 October 2023."""
    bootstrap = await fresh_topics(*TOPICS)
    async with running(await database("reporting"), bootstrap) as service:
        await service.step(RECEIVED)
        yield service
