"""When to look for alarms."""

from __future__ import annotations

from datetime import datetime

from chassis import schedule
from chassis.postgres import Connection
from chassis.schedule import Due

LOOK = "alarms.look"
EVERYBODY, AT_ONCE = "everybody", "at-once"


async def look_soon(connection: Connection, at: datetime) -> None:
    """Something has changed in the caller's transaction: look for what it caused or mended."""
    # The first change of all begins the daily look.
    await schedule.plan_new(connection, [Due(LOOK, EVERYBODY, at)])
    # Moved even when planned: a look that is under way has not seen this, and is waited for.
    await schedule.plan(connection, [Due(LOOK, AT_ONCE, at)])
