"""What a file would do, by kind of change, and what it does: full and delta."""

import json
from datetime import timedelta
from typing import Any

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from roster.handlers import import_files
from roster.handlers.intake import receive, take_in
from roster.handlers.show import show_person
from support.csv_cases import mapped, reports_of
from support.imports import FULL, crowd, kinds, load_rows
from support.rosters import ADA, BEN, RECEIVED, ZONE

LATER = RECEIVED + timedelta(days=30)
EMPTY: dict[str, int] = {}


async def state(connection: Connection, person_id: str) -> dict[str, Any]:
    shown = await show_person(connection, person_id)
    assert shown is not None
    current: Any = shown["current"]
    return dict(current)


async def test_every_kind_of_change_is_told_apart(connection: Connection) -> None:
    def row(number: int, **cells: str) -> dict[str, str]:
        return ADA | {"person_id": f"p{number}", "login": f"l{number}", "email": ""} | cells

    gone = {"separated_on": "2023-08-01"}
    await load_rows(connection, *(row(n) for n in range(1, 6)), row(6, **gone), row(7, **gone))
    rows = [
        row(1),
        row(2, department_id="dean"),
        row(3, kind="faculty"),
        row(4, separated_on="2023-09-15"),
        row(5, display_name="Augusta King"),
        row(6),
        row(7, onboarded_on="2023-09-20", start_on="2023-09-20"),
        row(8),
    ]
    dry = await load_rows(connection, *rows, now=LATER, dry_run=True)
    assert dry.run.difference["ids"] == {
        "unchanged": ["p1"],
        "changed_department": ["p2"],
        "changed": ["p3"],
        "separated": ["p4"],
        "contact_only": ["p5"],
        "reappeared": ["p6", "p7"],
        "onboarded": ["p8"],
    }
    done = await load_rows(connection, *rows, now=LATER)
    assert dry.run.difference == done.run.difference
    assert (done.counts["onboarded"], done.counts["separated"]) == (2, 1)
    again = await load_rows(connection, *rows, now=LATER)
    assert kinds(again) == {"unchanged": 8}


async def test_a_dry_run_leaves_nothing_behind(connection: Connection) -> None:
    await load_rows(connection, ADA, BEN, dry_run=True)
    for table in ("import_run", "import_person", "person", "outbox", "due_work"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_move_announced_for_later_counts_as_a_move(connection: Connection) -> None:
    await load_rows(connection, ADA)
    ends = ADA | {"end_on": "2023-12-31"}
    begins = ADA | {"appointment_id": "a2", "department_id": "dean", "start_on": "2024-01-01"}
    moved = await load_rows(connection, ends, begins)
    assert kinds(moved) == {"changed_department": 1}


async def test_whoever_a_whole_file_does_not_name_is_separated_as_of_its_day(
    connection: Connection,
) -> None:
    people = crowd(5)
    await load_rows(connection, *people, mapping=FULL)
    done = await load_rows(connection, *people[:3], mapping=FULL, now=LATER)
    assert kinds(done) == {"separated": 2, "unchanged": 3}
    assert (await state(connection, "p0004"))["separated_on"] == "2023-10-01"
    back = await load_rows(connection, *people, mapping=FULL, now=LATER + timedelta(days=9))
    assert kinds(back) == {"reappeared": 2, "unchanged": 3}
    assert (await state(connection, "p0004"))["separated_on"] is None


async def test_a_whole_file_separates_nobody_of_another_source(connection: Connection) -> None:
    students = mapped('source = "students"\nmode = "full"')
    people = crowd(4)
    await load_rows(connection, *people[:2])
    await load_rows(connection, *people[2:], mapping=students)
    done = await load_rows(connection, people[2], mapping=students, now=LATER)
    assert done.run.difference["ids"] == {"separated": ["p0003"], "unchanged": ["p0002"]}
    assert (await state(connection, "p0000"))["separated_on"] is None


async def test_a_delta_file_leaves_alone_whom_it_does_not_name(connection: Connection) -> None:
    people = crowd(5)
    await load_rows(connection, *people)
    done = await load_rows(connection, people[0], now=LATER)
    assert kinds(done) == {"unchanged": 1}


async def rows_of(connection: Connection) -> set[tuple[str, ...]]:
    """Every row of the tables an import writes, with the transaction that wrote it."""
    tables = ("person", "person_version", "report", "contact", "reported_contact", "outbox")
    return {
        (table, *row)
        for table in tables
        for row in await connection.fetch(f"SELECT xmin::text, ctid::text FROM {table}")
    }


async def test_of_a_hundred_people_of_whom_one_changed_one_is_written(
    connection: Connection,
) -> None:
    people = crowd(100)
    await load_rows(connection, *people, mapping=FULL)
    before = await rows_of(connection)
    changed = [*people[:-1], people[-1] | {"department_id": "dean"}]
    await load_rows(connection, *changed, mapping=FULL, now=LATER)
    written = sorted(table for table, *_ in await rows_of(connection) - before)
    assert written == ["outbox", "person", "person_version", "report"]


async def test_an_older_record_is_history_and_changes_nothing_now(connection: Connection) -> None:
    stamped = mapped('[reported_at]\ncolumn = "effective_on"\nformat = "YYYY-MM-DD"')
    await load_rows(connection, ADA | {"effective_on": "2023-08-20"}, mapping=stamped)
    older = ADA | {"effective_on": "2023-08-10", "department_id": "dean"}
    done = await load_rows(connection, older, mapping=stamped)
    assert kinds(done) == {"late": 1}
    assert (await state(connection, "p1"))["appointments"][0]["department_id"] == "physics"
    assert await connection.fetchval("SELECT count(*) FROM report") == 2


async def test_what_a_source_says_while_its_file_waits_goes_on_to_hold(
    connection: Connection,
) -> None:
    await load_rows(connection, ADA)
    source = "hr"
    waiting = await load_rows(connection, ADA | {"kind": "faculty"}, dry_run=True)
    assert kinds(waiting) == {"changed": 1}
    later = RECEIVED + timedelta(hours=1)
    (report,) = reports_of((ADA | {"kind": "fellow"},))
    assert report.source == source
    async with connection.transaction():
        receipt = await receive(connection, SteppedCalendar(later), ZONE)
        await take_in(connection, [report], receipt)
    # The file came before: what was said since then is newer than it.
    await load_rows(connection, ADA | {"kind": "faculty"}, now=RECEIVED)
    assert (await state(connection, "p1"))["appointments"][0]["kind"] == "fellow"


async def test_the_record_of_an_import_holds_no_personal_data(connection: Connection) -> None:
    done = await load_rows(connection, ADA, BEN)
    row = await connection.fetchrow("SELECT * FROM import_run")
    assert row is not None
    for text in (str(tuple(row)), json.dumps(done.as_json())):
        assert not any(secret in text for secret in ("Lovelace", "ada@example.edu", '"ada"'))
    assert await connection.fetchval("SELECT count(*) FROM import_person") == 0


async def test_an_import_goes_through_very_small_chunks_to_the_same_end(
    connection: Connection, monkeypatch: Any
) -> None:
    monkeypatch.setattr(import_files, "CHUNK_PEOPLE", 3)
    monkeypatch.setattr(import_files, "CHUNK_ROWS", 7)
    done = await load_rows(connection, *crowd(40))
    assert (done.run.state, done.counts["onboarded"]) == ("applied", 40)
    assert done.run.applied_to >= done.run.people == 40
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 80
