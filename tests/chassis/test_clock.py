"""The calendar that is stepped: forward only, and never before it is stored."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import asyncpg
import httpx
import pytest

from chassis.clock import SteppedCalendar
from chassis.service import build_app
from support.databases import Database
from support.runtimes import TOKEN, TOPIC, running, settings_for

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]
NOON = datetime(2023, 9, 1, 16, tzinfo=UTC)


def test_the_calendar_never_goes_back() -> None:
    calendar = SteppedCalendar(NOON)
    with pytest.raises(ValueError, match="never goes back"):
        calendar.step(NOON - timedelta(microseconds=1))
    assert calendar.now() == NOON
    calendar.step(NOON)
    calendar.step(NOON + timedelta(days=1))
    assert calendar.now() == NOON + timedelta(days=1)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="with a zone"):
        SteppedCalendar(NOON).step(datetime(2023, 9, 2))  # noqa: DTZ001


def test_today_is_the_civil_date_of_the_zone() -> None:
    calendar = SteppedCalendar(datetime(2023, 9, 2, 3, tzinfo=UTC))
    assert calendar.today("America/New_York") == date(2023, 9, 1)
    assert calendar.today("Europe/Berlin") == date(2023, 9, 2)


async def test_a_step_that_cannot_be_stored_is_not_taken(
    database: NewDatabase, fresh_topics: FreshTopics
) -> None:
    bootstrap, db = await fresh_topics(TOPIC), await database("chassis")
    async with running(settings_for(db, bootstrap)) as (runtime, _):
        before = runtime.calendar.now()
        owner = await asyncpg.connect(db.owner_dsn)
        await owner.execute("ALTER TABLE calendar RENAME TO elsewhere")
        await owner.close()
        app = build_app(runtime.service)
        app.state.runtime = runtime
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            answer = await client.post(
                "/calendar",
                json={"now": NOON.isoformat()},
                headers={"authorization": f"Bearer {TOKEN}"},
            )
        assert answer.status_code == 500
        assert runtime.calendar.now() == before
