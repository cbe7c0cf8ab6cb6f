"""The stepped calendar of a service: kept in its database, moved over HTTP by who drives it."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel

from chassis.clock import Calendar, SteppedCalendar, SystemCalendar
from chassis.http import Problem, Running, require_machine
from chassis.postgres import Connection
from chassis.settings import ServiceSettings

router = APIRouter(tags=["calendar"])


class Step(BaseModel):
    """The instant to move the calendar to."""

    now: AwareDatetime


async def restore(connection: Connection, calendar: SteppedCalendar) -> None:
    """Move to where the database says that the calendar stands."""
    stored = await connection.fetchval("SELECT now FROM calendar")
    if stored is not None and stored > calendar.now():
        calendar.step(stored)


async def calendar_of(connection: Connection, settings: ServiceSettings) -> Calendar:
    """The calendar of a service whose process is another one: for its command line."""
    if settings.calendar == "system":
        return SystemCalendar()
    calendar = SteppedCalendar()
    await restore(connection, calendar)
    return calendar


@router.post("/calendar", dependencies=[Depends(require_machine)])
async def step(step: Step, runtime: Running) -> dict[str, str]:
    """Move the calendar forward; 409 when it stands later already."""
    if step.now < runtime.calendar.now():
        stands = f"it stands at {runtime.calendar.now().isoformat()}"
        raise Problem(409, "The calendar never goes back", stands)
    # Stored first: what is done on a day must not come before that day after a restart.
    async with runtime.pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO calendar (now) VALUES ($1)
            ON CONFLICT (singleton) DO UPDATE SET now = greatest(calendar.now, excluded.now)
            """,
            step.now,
        )
        await restore(connection, runtime.calendar)
    runtime.wake()
    return {"now": runtime.calendar.now().isoformat()}
