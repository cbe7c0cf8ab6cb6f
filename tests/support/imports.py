"""Importing files of people in tests: any mapping, any day, any uploader."""

from __future__ import annotations

import io
from datetime import datetime

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from roster.csv_import import people_from
from roster.csv_import.mapping import Mapping
from roster.csv_import.rejects import Rejects
from roster.handlers import import_files
from roster.handlers.import_files import Imported
from support.csv_cases import ROLLCALL, mapped
from support.rosters import ADA, RECEIVED, ZONE, people_csv

FULL = mapped('mode = "full"')


def crowd(count: int, **cells: str) -> list[dict[str, str]]:
    """So many people, alike but for their ids."""
    return [
        ADA | {"person_id": f"p{n:04d}", "login": f"l{n}", "email": f"l{n}@example.edu"} | cells
        for n in range(count)
    ]


async def load(
    connection: Connection,
    content: bytes,
    mapping: Mapping = ROLLCALL,
    *,
    now: datetime = RECEIVED,
    dry_run: bool = False,
    actor: str = "p-uploader",
    rejects: Rejects | None = None,
) -> Imported:
    """Import a file at that instant."""
    source = people_from(io.BytesIO(content), "people.csv", mapping, zone=ZONE, rejects=rejects)
    return await import_files.import_people(
        connection, source, SteppedCalendar(now), zone=ZONE, actor=actor, dry_run=dry_run
    )


async def load_rows(
    connection: Connection,
    *rows: dict[str, str],
    mapping: Mapping = ROLLCALL,
    now: datetime = RECEIVED,
    dry_run: bool = False,
    actor: str = "p-uploader",
) -> Imported:
    """Import these rows of people.csv at that instant."""
    return await load(connection, people_csv(*rows), mapping, now=now, dry_run=dry_run, actor=actor)


def kinds(imported: Imported) -> dict[str, int]:
    """What the comparison found, kinds of which there are none left out."""
    counts: dict[str, int] = imported.run.difference["counts"]
    return {kind: count for kind, count in counts.items() if count}
