"""Reports for tests of the roster's core, and who acts in them."""

from dataclasses import replace
from datetime import UTC, date, datetime

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from roster.domain import Appointment, Contact, Facts, Report
from roster.handlers.acts import Who
from roster.handlers.intake import TakenIn, receive, take_in

ZONE = "America/New_York"
NOON = datetime(2023, 9, 1, 12, tzinfo=UTC)
JOB = Appointment("a1", "staff", True, "physics", date(2020, 1, 15))
HIRED = Facts(date(2020, 1, 15), appointments=(JOB,))
ADA = Report("p1", HIRED, Contact("Ada Lovelace", "ada@example.edu", "ada"))
BEN = Report("p2", HIRED, Contact("Ben Okri", "ben@example.edu", "ben"))
OFFICE = Who("office1", SteppedCalendar(NOON), ZONE)


def moved(report: Report, department_id: str) -> Report:
    """The same report, of another department."""
    job = replace(report.facts.appointments[0], department_id=department_id)
    return replace(report, facts=replace(report.facts, appointments=(job,)))


async def report(connection: Connection, *reports: Report, now: datetime = NOON) -> TakenIn:
    """Take these in as received at that instant, in a transaction of their own."""
    async with connection.transaction():
        receipt = await receive(connection, SteppedCalendar(now), ZONE)
        return await take_in(connection, reports, receipt)
