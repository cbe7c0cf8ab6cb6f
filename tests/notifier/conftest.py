"""A server that can fail at every stage, and a notifier that sends to it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from support.databases import Database, Databases
from support.faulty_smtp import FaultySmtp, faulty_smtp
from support.notifiers import TOPICS, Notifier, Sending, cycle, running, settings_for
from support.topics import recreate_topics


@pytest.fixture
async def smtp() -> AsyncIterator[FaultySmtp]:
    async with faulty_smtp() as server:
        yield server


@pytest.fixture
async def notifier(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    smtp: FaultySmtp,
) -> AsyncIterator[Notifier]:
    """The notifier on an empty database and empty topics; one cycle is published."""
    bootstrap = await fresh_topics(*TOPICS)
    settings = settings_for(await database("notifier"), bootstrap, smtp.port)
    async with running(settings) as service:
        await service.take(cycle())
        yield service


@pytest.fixture(scope="module")
async def shared(kafka: str, databases: Databases) -> AsyncIterator[Sending]:
    """One notifier and its server for all tests of a module: starting them takes seconds."""
    await recreate_topics(kafka, TOPICS)
    database = await databases.fresh("notifier")
    async with (
        faulty_smtp() as server,
        running(settings_for(database, kafka, server.port)) as service,
    ):
        await service.take(cycle())
        yield Sending(service, server)
    await databases.drop(database)


@pytest.fixture
async def sending(shared: Sending) -> AsyncIterator[Sending]:
    """The shared pair, with no open connection, no fault left and nothing stopped."""
    shared.smtp.heal()
    shared.smtp.cut()
    shared.smtp.accepted.clear()
    shared.smtp.reached.clear()
    yield shared
    shared.smtp.heal()
    await shared.notifier.resume_everything()
    await shared.notifier.rest()
