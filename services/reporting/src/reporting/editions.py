"""The nightly edition: made in chunks of departments, each from one read, and never made twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from chassis import schedule
from chassis.outbox import publish
from chassis.postgres import Connection
from chassis.schedule import Due
from reporting import domain
from reporting.store import nights
from schemas.reporting import EditionPublished

EDITION = "edition"
FIRST_EDITION = "first_edition"
CHUNK_DEPARTMENTS = 200

log = structlog.get_logger(__name__)


async def plan_first(connection: Connection, received_at: datetime) -> None:
    """Have the first edition planned as soon as due work runs: it knows what day it is."""
    await schedule.plan(connection, [Due(FIRST_EDITION, FIRST_EDITION, received_at)])


@dataclass(frozen=True, slots=True)
class Editions:
    """Due work of the editions. `zone` is the institution's: it decides when a date is over.

    A run that is late makes the edition of its own business date from what is known by then, and
    prints that cut-off. Departments are made in chunks of a transaction each, so that neither
    memory nor transactions grow with the institution; after a crash the rest is made.
    """

    zone: str
    chunk_departments: int = CHUNK_DEPARTMENTS

    async def first(self, connection: Connection, _: Due, now: datetime) -> bool:
        """Plan the edition of today."""
        await self._plan(connection, now.astimezone(ZoneInfo(self.zone)).date())
        return True

    async def make(self, connection: Connection, due: Due, now: datetime) -> bool:
        """Make a chunk of the editions of the date in `due.key`; at the end, plan the next."""
        business_date = date.fromisoformat(due.key)
        await nights.see_everything(connection)
        zones = {
            cycle: zone
            for cycle, last_due_on, zone in await nights.cycles_with_zone(connection)
            if domain.is_reported(last_due_on, business_date)
        }
        missing = await nights.without_edition(
            connection, business_date, list(zones), self.chunk_departments
        )
        if missing:
            await self._make_chunk(connection, due, now, zones, missing)
        if len(missing) == self.chunk_departments:
            return False
        people = await nights.count_people(connection, list(zones))
        totals = {cycle: domain.count(statuses) for cycle, statuses in people.items()}
        await nights.close_night(connection, business_date, now, totals)
        await self._plan(connection, business_date + timedelta(days=1))
        log.info("night_closed", business_date=due.key, count=len(totals))
        return True

    async def _make_chunk(
        self,
        connection: Connection,
        due: Due,
        now: datetime,
        zones: Mapping[str, str],
        missing: Sequence[tuple[str, str]],
    ) -> None:
        departments = sorted({department_id for _, department_id in missing})
        rows = domain.rows_by_department(
            await nights.read_obligations(connection, zones, departments)
        )
        made = [_edition(pair, rows.get(pair, [])) for pair in missing]
        business_date = date.fromisoformat(due.key)
        await nights.write_editions(connection, business_date, now, made)
        events = [_published(edition, business_date, now) for edition in made]
        await publish(connection, events, cause=f"{EDITION}/{due.key}")

    async def _plan(self, connection: Connection, business_date: date) -> None:
        due_at = domain.edition_due_at(business_date, self.zone)
        await schedule.plan(connection, [Due(EDITION, business_date.isoformat(), due_at)])


def _edition(pair: tuple[str, str], rows: Sequence[domain.Row]) -> nights.Made:
    cycle, department_id = pair
    csv = domain.canonical_csv(rows)
    return nights.Made(cycle, department_id, domain.count_rows(rows), csv, domain.digest(csv))


def _published(edition: nights.Made, business_date: date, cutoff_at: datetime) -> EditionPublished:
    counts = edition.counts
    return EditionPublished(
        version=1,
        effective_on=business_date,
        received_at=cutoff_at,
        department_id=edition.department_id,
        cycle=edition.cycle,
        business_date=business_date,
        cutoff_at=cutoff_at,
        required=counts.required,
        released=counts.released,
        done=counts.done,
        overdue=counts.overdue,
        exempt=counts.exempt,
        sha256=edition.sha256,
    )
