"""One completion service per test module; tests keep apart by using people of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.completions import (
    COMPLETIONS,
    ROSTER,
    Completion,
    running_here,
    settings_for,
    write_sources,
)
from support.databases import Databases
from support.topics import recreate_topics


@pytest.fixture(scope="module")
async def completion(
    databases: Databases, kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Completion]:
    """A running completion service with the learning systems `CAMPUS` and `OTHER`."""
    sources_file: Path = write_sources(tmp_path_factory.mktemp("completion") / "sources.toml")
    await recreate_topics(kafka, [*ROSTER, COMPLETIONS])
    database = await databases.fresh("completion")
    async with running_here(settings_for(database, kafka, sources_file)) as service:
        await service.step()
        yield service
    await databases.drop(database)
