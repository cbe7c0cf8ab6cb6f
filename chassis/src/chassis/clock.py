"""The calendar: business dates and all instants a person would read.

Leases, time limits, back-off and webhook timestamps use real time instead
(`time.monotonic()`, `now()` in SQL); nothing ever steps that.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Calendar(Protocol):
    """Tells the present instant of the calendar."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def today(self, zone: str) -> date:
        """The civil date in an IANA zone."""
        ...


class SystemCalendar:
    """Runs with the wall clock: production."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self, zone: str) -> date:
        return self.now().astimezone(ZoneInfo(zone)).date()


class SteppedCalendar:
    """Stands still until somebody steps it; never goes back. Demos and tests."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def today(self, zone: str) -> date:
        return self._now.astimezone(ZoneInfo(zone)).date()

    def step(self, to: datetime) -> None:
        """Move to `to`; ValueError when that is naive or earlier than now."""
        if to.tzinfo is None:
            raise ValueError("the calendar needs an instant with a zone")
        if to < self._now:
            raise ValueError(f"the calendar stands at {self._now.isoformat()} and never goes back")
        self._now = to.astimezone(UTC)
