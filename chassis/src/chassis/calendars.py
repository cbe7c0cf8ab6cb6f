"""The stepped calendar of a service: kept in its database, moved over HTTP by who drives it."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel

from chassis.clock import SteppedCalendar
from chassis.http import Problem, Running, require_machine
from chassis.postgres import Connection

router = APIRouter(tags=["calendar"])


class Step(BaseModel):
    """The instant to move the calendar to."""

    now: AwareDatetime


async def restore(connection: Connection, calendar: SteppedCalendar) -> None:
    """Take up where the calendar stood before the process ended."""
    stored = await connection.fetchval("SELECT now FROM calendar")
    if stored is not None and stored > calendar.now():
        calendar.step(stored)


@router.post("/calendar", dependencies=[Depends(require_machine)])
async def step(step: Step, runtime: Running) -> dict[str, str]:
    """Move the calendar forward; 409 when it stands later already."""
    try:
        runtime.calendar.step(step.now)
    except ValueError as error:
        raise Problem(409, "The calendar never goes back", str(error)) from None
    async with runtime.pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO calendar (now) VALUES ($1)
            ON CONFLICT (singleton) DO UPDATE SET now = greatest(calendar.now, excluded.now)
            """,
            step.now,
        )
    runtime.wake()
    return {"now": runtime.calendar.now().isoformat()}
