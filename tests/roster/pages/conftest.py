"""A small university, and the office's pages about it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from support.databases import Database
from support.roster_pages import Site, site
from support.roster_service import TOPICS
from support.rosters import ADA, BEN, PHYSICS, take_in, take_in_departments

HOSTILE = '<script>alert("x")</script> & \'O"Brien\' {{ 7 * 7 }}'
OFFICER = ADA | {"person_id": "p7", "login": "olga", "email": "olga@example.edu"}
MALLORY = ADA | {
    "person_id": "p66",
    "login": "m<b>",
    "email": "mallory@example.edu",
    "display_name": HOSTILE,
}


@pytest.fixture
async def office(
    place: Database, fresh_topics: Callable[..., Awaitable[str]]
) -> AsyncIterator[Site]:
    """Somebody of the office, signed in; the roster knows four people, one with a hostile name."""
    connection = await asyncpg.connect(place.app_dsn)
    try:
        await take_in_departments(connection, PHYSICS)
        await take_in(connection, ADA, BEN, OFFICER, MALLORY)
    finally:
        await connection.close()
    async with site(place, await fresh_topics(*TOPICS)) as running:
        await running.settled()
        await running.sign_in("office", "900001")
        yield running
