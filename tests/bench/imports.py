"""A file of people into the roster: through the import with all its guards, and by hand in SQL."""

from __future__ import annotations

import csv
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import asyncpg

from bench.figure import Figure
from bench.ground import Ground
from chassis.clock import SteppedCalendar
from roster.csv_import import people_from
from roster.csv_import.mapping_file import parse_mapping
from roster.csv_import.presets import preset_text
from roster.handlers.import_files import Imported, import_people
from support.rosters import PEOPLE_COLUMNS

MEMORY_MAX_MB = 300
CHANGED_EVERY = 100  # one person in so many is in another department in the second file
NOW = datetime(2023, 9, 1, 12, tzinfo=UTC)
ZONE = "America/New_York"
FULL = parse_mapping('extends = "rollcall"\nmode = "full"', "bench.toml", preset_text)
TABLES = (
    "person, person_version, report, contact, reported_contact, former_contact, outbox, "
    "import_run, import_person, merge_proposal, due_work"
)


async def ours(ground: Ground) -> float:
    """People a second, from the first byte of the file to the last commit."""
    with _file(ground.events) as file:
        return await _timed(ground, file)


async def ours_again(ground: Ground) -> float:
    """The same of a file of which one in a hundred is new."""
    with _file(ground.events, moved=True) as file:
        return await _timed(ground, file)


async def ceiling(ground: Ground) -> float:
    """What one would write by hand for just this file, with none of the guards."""
    with _file(ground.events) as file:
        return await _by_hand(ground, file)


async def ceiling_again(ground: Ground) -> float:
    """The same of a file of which one in a hundred is new."""
    with _file(ground.events, moved=True) as file:
        return await _by_hand(ground, file)


async def prepare(_: Ground) -> None:
    """Nothing: each half writes its own file."""


async def reset(ground: Ground) -> None:
    """An empty roster."""
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        await connection.execute(f"TRUNCATE {TABLES}")
    finally:
        await connection.close()


async def reset_full(ground: Ground) -> None:
    """A roster with everybody in it, as the first file has them."""
    await reset(ground)
    with _file(ground.events) as file:
        await _import(ground, file)
    connection = await asyncpg.connect(ground.owner_database_url, command_timeout=600)
    try:
        await connection.execute("TRUNCATE outbox")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _timed(ground: Ground, file: BinaryIO) -> float:
    started = time.perf_counter()
    done = await _import(ground, file)
    elapsed = time.perf_counter() - started
    if done.run.state != "applied":
        raise RuntimeError(f"the import is {done.run.state}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if memory > MEMORY_MAX_MB:
        raise RuntimeError(f"the import took {memory:.0f} MB, and may take {MEMORY_MAX_MB}")
    return ground.events / elapsed


async def _import(ground: Ground, file: BinaryIO) -> Imported:
    connection = await asyncpg.connect(ground.database_url, command_timeout=60)
    try:
        source = people_from(file, "people.csv", FULL, zone=ZONE)
        return await import_people(connection, source, SteppedCalendar(NOW), zone=ZONE)
    finally:
        await connection.close()


async def _by_hand(ground: Ground, file: BinaryIO) -> float:
    # The owner, because the app role may make no tables.
    connection = await asyncpg.connect(ground.owner_database_url, command_timeout=3_600)
    started = time.perf_counter()
    try:
        await connection.execute(_STAGING)
        await connection.copy_to_table(
            "staging", source=file, format="csv", header=True, timeout=3_600
        )
        async with connection.transaction():
            await connection.execute(_DIFFERENCES)
            for statement in (_PEOPLE, _CONTACTS, _OUTBOX):
                await connection.execute(statement)
        return ground.events / (time.perf_counter() - started)
    finally:
        await connection.close()


def _file(people: int, *, moved: bool = False) -> BinaryIO:
    """A people.csv of so many people, one appointment each."""
    with tempfile.NamedTemporaryFile("w", newline="", encoding="utf-8", delete=False) as text:
        writer = csv.DictWriter(text, PEOPLE_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rows(people, moved=moved))
    path = Path(text.name)
    stream = path.open("rb")
    path.unlink()
    return stream


def _rows(people: int, *, moved: bool) -> Iterator[dict[str, str]]:
    for number in range(people):
        department = number % 500 + (1 if moved and number % CHANGED_EVERY == 0 else 0)
        yield {
            "person_id": f"{900_000_000 + number * 61_803 % 99_999_989}",
            "login": f"login{number}",
            "email": f"login{number}@example.edu",
            "display_name": f"Person Number {number}",
            "onboarded_on": f"20{number % 20:02}-0{number % 9 + 1}-15",
            "appointment_id": "a1",
            "kind": "staff",
            "paid": "true",
            "department_id": f"d{department}",
            "start_on": f"20{number % 20:02}-0{number % 9 + 1}-15",
        }


_STAGING = f"CREATE TEMP TABLE staging ({', '.join(f'{name} text' for name in PEOPLE_COLUMNS)})"
_DIFFERENCES = """
CREATE TEMP TABLE news ON COMMIT DROP AS
SELECT n.*, coalesce(p.version, 0) AS version,
       p.facts IS DISTINCT FROM n.facts AS facts_differ,
       (c.display_name, c.email, c.login)
           IS DISTINCT FROM (n.display_name, n.email, n.login) AS contact_differs
FROM (
    SELECT person_id, display_name, nullif(email, '') AS email, nullif(login, '') AS login,
           jsonb_strip_nulls(jsonb_build_object(
               'onboarded_on', onboarded_on, 'separated_on', nullif(separated_on, ''),
               'appointments', jsonb_build_array(jsonb_build_object(
                   'appointment_id', appointment_id, 'kind', kind, 'paid', paid::boolean,
                   'department_id', department_id, 'start_on', start_on,
                   'end_on', nullif(end_on, ''), 'supervisor_id', nullif(supervisor_id, '')
               )),
               'leaves', '[]'::jsonb
           )) AS facts
    FROM staging
) AS n
LEFT JOIN person p USING (person_id)
LEFT JOIN contact c USING (person_id)
WHERE p.facts IS DISTINCT FROM n.facts OR (c.display_name, c.email, c.login)
          IS DISTINCT FROM (n.display_name, n.email, n.login)
"""
_PEOPLE = """
INSERT INTO person (person_id, version, change, effective_on, received_at, facts)
SELECT person_id, version + 1, CASE version WHEN 0 THEN 'onboarded' ELSE 'changed' END,
       '2023-09-01', '2023-09-01T12:00:00Z', facts
FROM news WHERE facts_differ
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, change = excluded.change, facts = excluded.facts,
    effective_on = excluded.effective_on, received_at = excluded.received_at
"""
_CONTACTS = """
INSERT INTO contact (person_id, version, effective_on, received_at, display_name, email, login)
SELECT person_id, 1, '2023-09-01', '2023-09-01T12:00:00Z', display_name, email, login
FROM news WHERE contact_differs
ON CONFLICT (person_id) DO UPDATE SET
    version = contact.version + 1, display_name = excluded.display_name,
    email = excluded.email, login = excluded.login
"""
_OUTBOX = """
INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, subject, sequence, time, payload)
SELECT gen_random_uuid(), 'roster.person.v1', person_id, 'edu.rollcall.person.onboarded.v1',
       person_id, version + 1, '2023-09-01T12:00:00Z',
       convert_to((facts || jsonb_build_object(
           'person_id', person_id, 'version', version + 1, 'effective_on', '2023-09-01',
           'received_at', '2023-09-01T12:00:00Z', 'hold', false, 'merged_into', NULL,
           'aliases', '[]'::jsonb
       ))::text, 'UTF8')
FROM news WHERE facts_differ
"""

IMPORT_FULL = Figure(
    name="import_full",
    unit="people/s",
    goal=0.3,
    events=200_000,
    prepare=prepare,
    reset=reset,
    ours=ours,
    ceiling=ceiling,
    service="roster",
    rounds=3,
)
IMPORT_DELTA = Figure(
    name="import_delta",
    unit="people/s",
    goal=0.1,  # every row is read and judged in Python, and one in a hundred is written
    events=200_000,
    prepare=prepare,
    reset=reset_full,
    ours=ours_again,
    ceiling=ceiling_again,
    service="roster",
    rounds=3,
)
FIGURES = (IMPORT_FULL, IMPORT_DELTA)
