"""Roster files for tests, and taking them in on a connection."""

import csv
import io
from datetime import UTC, date, datetime

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from roster.csv_import import departments_from, people_from
from roster.csv_import.departments import DEPARTMENT_COLUMNS
from roster.csv_import.presets import preset
from roster.handlers.import_departments import import_departments
from roster.handlers.import_files import import_people

ZONE = "America/New_York"
PEOPLE_COLUMNS = tuple(name for name, rule in preset("rollcall").rules.items() if not rule.optional)
OPTIONAL_COLUMNS = tuple(preset("rollcall").optional_columns)
RECEIVED = datetime(2023, 9, 1, 12, tzinfo=UTC)

ADA = {
    "person_id": "p1",
    "login": "ada",
    "email": "ada@example.edu",
    "display_name": "Ada Lovelace",
    "onboarded_on": "2020-01-15",
    "appointment_id": "a1",
    "kind": "staff",
    "paid": "true",
    "department_id": "physics",
    "start_on": "2020-01-15",
}
BEN = ADA | {"person_id": "p2", "login": "ben", "email": "ben@example.edu", "display_name": "Ben O"}
PHYSICS = {
    "department_id": "physics",
    "name": "Physics",
    "area_id": "school-science",
    "area_name": "School of Science",
    "officer_ids": "p7 p8",
}


def people_csv(*rows: dict[str, str]) -> bytes:
    """A people.csv; a cell that a row does not name is empty, an optional column left out."""
    optional = [name for name in OPTIONAL_COLUMNS if any(name in row for row in rows)]
    return _csv((*PEOPLE_COLUMNS, *optional), rows)


def departments_csv(*rows: dict[str, str]) -> bytes:
    """A departments.csv; a cell that a row does not name is empty."""
    return _csv(DEPARTMENT_COLUMNS, rows)


def _csv(columns: tuple[str, ...], rows: tuple[dict[str, str], ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


async def take_in(
    connection: Connection, *rows: dict[str, str], now: datetime = RECEIVED, dry_run: bool = False
) -> dict[str, int]:
    """Import these rows of people.csv at that instant; the counts by kind of change."""
    source = people_from(io.BytesIO(people_csv(*rows)), "people.csv")
    calendar = SteppedCalendar(now)
    done = await import_people(connection, source, calendar, zone=ZONE, dry_run=dry_run)
    return done.counts


async def take_in_departments(
    connection: Connection, *rows: dict[str, str], dry_run: bool = False
) -> tuple[dict[str, int], list[str]]:
    """Import these rows of departments.csv; the counts, and the departments that alarm."""
    source = departments_from(io.BytesIO(departments_csv(*rows)), "departments.csv")
    calendar = SteppedCalendar(RECEIVED)
    done = await import_departments(connection, source, calendar, zone=ZONE, dry_run=dry_run)
    return done.counts, done.alarmed


async def waiting(connection: Connection) -> list[tuple[str, str, int]]:
    """What is in the outbox, in order: (last part of the type's name, subject, version)."""
    rows = await connection.fetch("SELECT type, subject, sequence FROM outbox ORDER BY id")
    return [
        (row["type"].removeprefix("edu.rollcall.").removesuffix(".v1"), row["subject"], row[2])
        for row in rows
    ]


def day(text: str) -> date:
    """The day of an ISO date."""
    return date.fromisoformat(text)
