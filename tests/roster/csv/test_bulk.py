"""Very many new people are taken in by the database itself: the same comes of it, byte for byte."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from chassis.postgres import Connection
from roster.handlers import import_files
from support.databases import Database
from support.rosters import ADA, BEN, RECEIVED, take_in

OpenDatabase = Callable[[str], Awaitable[Database]]
TABLES = {
    "report": "person_id, source, reported_at, digest, effective_on, received_at, facts",
    "person": "*",
    "person_version": "*",
    "reported_contact": "*",
    "contact": "*",
    "merge_proposal": "person_id, other_id, cause, state, proposed_at",
    "outbox": "aggregatetype, aggregateid, type, subject, sequence, time, payload",
}
LEAVE = {"leave_kind": "medical", "leave_start_on": "2023-10-01", "leave_end_on": "2023-12-01"}
ROWS = [
    ADA | {"person_id": "p3", "effective_on": "2023-08-01", "supervisor_id": "p9"} | LEAVE,
    ADA
    | {"person_id": "p3", "effective_on": "2023-08-01", "appointment_id": "a2", "kind": "faculty"}
    | LEAVE,
    ADA | {"person_id": "p4", "display_name": 'Ädä "X" \\ \u738b 😀', "email": "", "login": ""},
    ADA | {"person_id": "p5", "kind": "graduate_student", "year_of_study": "3", "paid": "false"},
    {"person_id": "p6", "display_name": "No Body", "onboarded_on": "2020-01-01"},
    ADA
    | {"person_id": "p7", "nominated_by": "senate", "ex_officio": "true", "end_on": "2024-01-01"},
    ADA | {"person_id": "p8", "separated_on": "2022-01-01", "login": "ADA"},
    BEN | {"leave_kind": "sabbatical", "leave_start_on": "2023-10-01"},
    ADA | {"kind": "faculty"},
]


async def everything(connection: Connection) -> dict[str, list[Any]]:
    return {
        table: await connection.fetch(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3, 4")
        for table, columns in TABLES.items()
    }


async def test_a_bulk_load_leaves_what_the_usual_way_leaves(
    database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[dict[str, int], dict[str, list[Any]]]] = []
    for bulk_from in (1, 1_000):
        monkeypatch.setattr(import_files, "BULK_FROM", bulk_from)
        connection = await asyncpg.connect((await database("roster")).app_dsn)
        try:
            await take_in(connection, ADA)
            await connection.execute("INSERT INTO erasure VALUES ('p5', $1)", RECEIVED)
            counts = await take_in(connection, *ROWS)
            found.append((counts, await everything(connection)))
        finally:
            await connection.close()
    assert found[0][0] == found[1][0]
    for table, rows in found[0][1].items():
        assert rows == found[1][1][table], table
    assert len(found[0][1]["person"]) == 8
    assert found[0][1]["merge_proposal"]
