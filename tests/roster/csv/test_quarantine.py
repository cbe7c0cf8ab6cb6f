"""A half-empty file must not separate the university: it waits for a second person."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis import audit
from chassis.postgres import Connection
from chassis.schedule import Due
from roster.handlers import import_decisions, import_files
from roster.handlers.import_decisions import NotAllowed, approve, import_due, newest, reject, show
from roster.handlers.import_files import APPLY, EXPIRE, Imported, apply_chunk
from support.csv_cases import mapped
from support.imports import FULL, crowd, kinds, load_rows
from support.rosters import BEN, RECEIVED, ZONE

LATER = RECEIVED + timedelta(days=30)
DECIDED = LATER + timedelta(hours=2)
MANY = crowd(100)


async def half_empty(connection: Connection, present: int = 60) -> Imported:
    """A whole file of a hundred people, and then one that names but some of them."""
    await load_rows(connection, *MANY, mapping=FULL)
    await connection.execute("DELETE FROM outbox")
    return await load_rows(connection, *MANY[:present], mapping=FULL, now=LATER)


async def applied_as_due_work(connection: Connection, imported: Imported) -> None:
    work = import_due(ZONE)[APPLY]
    due = Due(APPLY, str(imported.run.id), DECIDED)
    async with connection.transaction():
        while not await work(connection, due, DECIDED):
            pass


async def test_a_half_empty_file_is_not_applied_and_says_why(connection: Connection) -> None:
    waiting = await half_empty(connection)
    assert waiting.run.state == "quarantined"
    assert kinds(waiting) == {"separated": 40, "unchanged": 60}
    assert waiting.run.difference["brake"] == {
        "present": 100,
        "affected": 40,
        "percent": 2.0,
        "at_least": 10,
    }
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    assert [each.run.id for each in await newest(connection, state="quarantined")] == [
        waiting.run.id
    ]


@pytest.mark.parametrize(
    ("moved", "rules", "state"),
    [
        (10, "", "applied"),
        (11, "", "quarantined"),
        (11, "[brake]\npercent = 20", "applied"),
        (3, "[brake]\nat_least = 2", "quarantined"),
        (2, "[brake]\nat_least = 2", "applied"),
    ],
)
async def test_the_brake_counts_moves_and_knows_a_share_and_a_floor(
    connection: Connection, moved: int, rules: str, state: str
) -> None:
    mapping = mapped(rules)
    await load_rows(connection, *MANY, mapping=mapping)
    rows = [row | {"department_id": "dean"} for row in MANY[:moved]]
    done = await load_rows(connection, *rows, mapping=mapping, now=LATER)
    assert done.run.state == state


async def test_the_first_load_of_an_empty_roster_is_no_danger(connection: Connection) -> None:
    assert (await load_rows(connection, *MANY, mapping=FULL)).run.state == "applied"


async def test_a_second_person_approves_and_it_is_applied_and_audited(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    approved = await approve(
        connection, waiting.run.id, actor="p-second", reason="end_of_term", now=DECIDED
    )
    assert (approved.run.state, approved.run.decided_by) == ("applying", "p-second")
    due = "SELECT due_at FROM due_work WHERE kind = $1 AND key = $2"
    assert await connection.fetchval(due, APPLY, str(waiting.run.id)) == DECIDED
    await applied_as_due_work(connection, waiting)
    done = await show(connection, waiting.run.id)
    assert done is not None
    assert (done.run.state, done.counts["separated"]) == ("applied", 40)
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 40
    assert await connection.fetchval("SELECT count(*) FROM import_person") == 0
    (entry,) = await audit.entries(connection)
    assert (entry.actor, entry.action, entry.reason) == (
        "p-second",
        "import.approve",
        "end_of_term",
    )
    assert entry.subject == f"import/{waiting.run.id}"
    assert entry.details["separated"] == 40


async def test_people_are_separated_as_of_the_files_day_and_not_the_approvals(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    late = DECIDED + timedelta(days=5)
    await approve(connection, waiting.run.id, actor="p2", reason="expected", now=late)
    async with connection.transaction():
        await apply_chunk(connection, waiting.run.id, late, ZONE)
    row = await connection.fetchrow(
        "SELECT facts->>'separated_on', effective_on::text, received_at FROM person"
        " WHERE person_id = 'p0099'"
    )
    assert tuple(row or ()) == ("2023-10-01", "2023-10-01", late)


async def test_a_rejected_file_changes_nothing_and_leaves_no_personal_data(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    rejected = await reject(
        connection, waiting.run.id, actor="p2", reason="incomplete_file", now=DECIDED
    )
    assert rejected.run.state == "rejected"
    assert await connection.fetchval("SELECT count(*) FROM import_person") == 0
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    (entry,) = await audit.entries(connection)
    assert (entry.action, entry.reason) == ("import.reject", "incomplete_file")


@pytest.mark.parametrize("decide", [approve, reject])
async def test_who_uploaded_a_file_cannot_decide_on_it(connection: Connection, decide: Any) -> None:
    waiting = await half_empty(connection)
    reason = "expected" if decide is approve else "wrong_file"
    with pytest.raises(NotAllowed, match="second person"):
        await decide(connection, waiting.run.id, actor="p-uploader", reason=reason, now=DECIDED)
    assert not await audit.entries(connection)


async def test_nothing_is_decided_twice_or_for_no_reason_or_of_nothing(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    run_id = waiting.run.id
    with pytest.raises(NotAllowed, match="one of reorganisation"):
        await approve(connection, run_id, actor="p2", reason="because", now=DECIDED)
    await reject(connection, run_id, actor="p2", reason="wrong_file", now=DECIDED)
    with pytest.raises(NotAllowed, match="it is rejected"):
        await approve(connection, run_id, actor="p3", reason="expected", now=DECIDED)
    with pytest.raises(LookupError):
        await approve(connection, uuid4(), actor="p3", reason="expected", now=DECIDED)


async def test_what_was_shown_is_what_is_applied_and_else_it_is_shown_again(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    # Somebody who was not known when the file was compared is missing from it, too.
    await load_rows(connection, BEN, now=LATER)
    again = await approve(connection, waiting.run.id, actor="p2", reason="expected", now=DECIDED)
    assert again.run.state == "quarantined"
    assert kinds(again) == {"separated": 41, "unchanged": 60}
    assert not await audit.entries(connection)
    approved = await approve(connection, waiting.run.id, actor="p2", reason="expected", now=DECIDED)
    assert approved.run.state == "applying"


async def test_a_change_that_touches_nobody_shown_needs_no_second_look(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    await load_rows(connection, MANY[0] | {"display_name": "Augusta King"}, now=LATER)
    approved = await approve(connection, waiting.run.id, actor="p2", reason="expected", now=DECIDED)
    assert approved.run.state == "applying"


async def test_what_nobody_decides_on_expires_with_its_personal_data(
    connection: Connection,
) -> None:
    waiting = await half_empty(connection)
    expires = LATER + import_files.EXPIRES_AFTER
    due = await connection.fetchval(
        "SELECT due_at FROM due_work WHERE kind = $1 AND key = $2", EXPIRE, str(waiting.run.id)
    )
    assert due == expires
    async with connection.transaction():
        work = import_due(ZONE)[EXPIRE]
        assert await work(connection, Due(EXPIRE, str(waiting.run.id), expires), expires)
    found = await import_decisions.show(connection, waiting.run.id)
    assert found is not None
    assert found.run.state == "expired"
    assert await connection.fetchval("SELECT count(*) FROM import_person") == 0


async def test_a_dry_run_says_that_the_brake_would_hold_it_back(connection: Connection) -> None:
    await load_rows(connection, *MANY, mapping=FULL)
    dry = await load_rows(connection, *MANY[:50], mapping=FULL, now=LATER, dry_run=True)
    assert (dry.run.state, dry.dry_run) == ("quarantined", True)
    assert not await newest(connection, state="quarantined")
