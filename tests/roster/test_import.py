"""Imports on a real database: what they write, publish, count, and leave alone."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from chassis.postgres import Connection
from roster.csv_import import InvalidFile
from roster.handlers.show import show_person
from roster.store import departments as store
from support.databases import Database
from support.rosters import (
    ADA,
    BEN,
    PHYSICS,
    RECEIVED,
    take_in,
    take_in_departments,
    waiting,
)

NOTHING = {
    "onboarded": 0,
    "changed": 0,
    "separated": 0,
    "unchanged": 0,
    "contacts_changed": 0,
    "late": 0,
    "contacts_withheld": 0,
}
DEAN = ADA | {"appointment_id": "a2", "kind": "faculty", "department_id": "dean"}
LATER = RECEIVED + timedelta(days=40)


async def everything(connection: Connection) -> dict[str, list[Any]]:
    """Every row of every table an import writes, the record of the import apart."""
    return {
        table: await connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in (
            "person",
            "person_version",
            "report",
            "reported_contact",
            "contact",
            "department",
            "outbox",
        )
    }


async def state(connection: Connection, person_id: str = "p1") -> dict[str, Any]:
    shown = await show_person(connection, person_id)
    assert shown is not None
    current: Any = shown["current"]
    return dict(current)


async def test_new_people_are_onboarded_and_their_contact_goes_its_own_way(
    connection: Connection,
) -> None:
    counts = await take_in(connection, ADA, DEAN, BEN)
    assert counts == NOTHING | {"onboarded": 2, "contacts_changed": 2}
    assert await waiting(connection) == [
        ("person.onboarded", "p1", 1),
        ("person.onboarded", "p2", 1),
        ("contact.changed", "p1", 1),
        ("contact.changed", "p2", 1),
    ]
    current = await state(connection)
    assert [each["department_id"] for each in current["appointments"]] == ["physics", "dean"]
    assert current["received_at"] == "2023-09-01T12:00:00Z"


async def test_the_same_file_again_changes_and_publishes_nothing(connection: Connection) -> None:
    await take_in(connection, ADA, DEAN, BEN)
    before = await everything(connection)
    assert await take_in(connection, ADA, DEAN, BEN, now=LATER) == NOTHING | {"unchanged": 2}
    assert await take_in(connection, BEN, DEAN, ADA, now=LATER) == NOTHING | {"unchanged": 2}
    assert await everything(connection) == before
    assert await connection.fetchval("SELECT count(*) FROM import_run") == 3


async def test_only_who_changed_is_written_and_published(connection: Connection) -> None:
    await take_in(connection, ADA, BEN)
    await connection.execute("DELETE FROM outbox")
    counts = await take_in(connection, ADA, BEN | {"department_id": "dean"}, now=LATER)
    assert counts == NOTHING | {"changed": 1, "unchanged": 1}
    assert await waiting(connection) == [("person.changed", "p2", 2)]
    assert (await state(connection, "p2"))["effective_on"] == "2023-10-11"


async def test_people_a_file_does_not_name_stay_as_they_are(connection: Connection) -> None:
    await take_in(connection, ADA, BEN)
    assert await take_in(connection, BEN) == NOTHING | {"unchanged": 1}
    assert (await state(connection))["version"] == 1


async def test_a_new_name_is_a_new_version_of_the_contact_alone(connection: Connection) -> None:
    await take_in(connection, ADA)
    await connection.execute("DELETE FROM outbox")
    counts = await take_in(connection, ADA | {"display_name": "Ada King"})
    assert counts == NOTHING | {"unchanged": 1, "contacts_changed": 1}
    assert await waiting(connection) == [("contact.changed", "p1", 2)]


async def test_leaving_and_coming_back_are_told_apart_from_other_changes(
    connection: Connection,
) -> None:
    left = ADA | {"separated_on": "2023-10-31"}
    back = ADA | {"onboarded_on": "2024-02-01"}
    for row in (ADA, left, back, back | {"separated_on": "2024-06-30"}):
        await take_in(connection, row)
    shown = await show_person(connection, "p1")
    assert shown is not None
    history: Any = shown["history"]
    assert [(each["version"], each["change"]) for each in history] == [
        (4, "separated"),
        (3, "onboarded"),
        (2, "separated"),
        (1, "onboarded"),
    ]


async def test_an_effective_day_is_taken_from_the_file_or_else_is_the_civil_day_of_receipt(
    connection: Connection,
) -> None:
    # In New York it is still the evening before.
    night = datetime(2023, 9, 2, 2, tzinfo=UTC)
    await take_in(connection, ADA, BEN | {"effective_on": "2023-08-15"}, now=night)
    assert (await state(connection))["effective_on"] == "2023-09-01"
    assert (await state(connection, "p2"))["effective_on"] == "2023-08-15"


async def test_the_same_facts_from_a_day_they_were_known_to_hold_on_are_no_news(
    connection: Connection,
) -> None:
    await take_in(connection, ADA | {"effective_on": "2023-08-01"})
    counts = await take_in(connection, ADA | {"effective_on": "2023-08-20"})
    assert counts == NOTHING | {"unchanged": 1}


async def test_the_same_facts_from_an_earlier_day_are_a_correction(connection: Connection) -> None:
    await take_in(connection, ADA | {"effective_on": "2023-08-20"})
    earlier = ADA | {"effective_on": "2023-08-01"}
    assert await take_in(connection, earlier) == NOTHING | {"changed": 1}
    assert await take_in(connection, earlier) == NOTHING | {"unchanged": 1}
    assert (await state(connection))["effective_on"] == "2023-08-01"


async def test_what_was_said_last_is_no_news_from_a_day_on_which_it_was_believed_already(
    connection: Connection,
) -> None:
    await take_in(connection, ADA | {"effective_on": "2023-08-15", "department_id": "dean"})
    await take_in(connection, ADA | {"effective_on": "2023-08-10"})
    again = ADA | {"effective_on": "2023-08-20"}
    assert await take_in(connection, again) == NOTHING | {"unchanged": 1}


async def test_the_kind_of_leave_stays_in_the_roster_and_only_the_pause_is_told(
    connection: Connection,
) -> None:
    for kind, pauses in (("sabbatical", False), ("medical", True)):
        leave = {"leave_kind": kind, "leave_start_on": "2023-10-01"}
        await take_in(connection, ADA | leave)
        expected = [{"start_on": "2023-10-01", "end_on": None, "pauses": pauses}]
        assert (await state(connection))["leaves"] == expected
    payloads = await connection.fetch("SELECT payload FROM outbox")
    assert not any(b"sabbatical" in row[0] or b"medical" in row[0] for row in payloads)
    kept = await connection.fetchval("SELECT facts->'leaves'->0->>'kind' FROM person")
    assert kept == "medical"


async def test_an_unknown_department_is_an_alarm_and_no_mistake(connection: Connection) -> None:
    await take_in_departments(connection, PHYSICS)
    assert (await take_in(connection, ADA, DEAN))["onboarded"] == 1
    assert await store.unknown_departments(connection, ["physics", "dean"]) == ["dean"]


async def test_a_file_with_a_mistake_in_its_last_row_is_not_applied_at_all(
    connection: Connection,
) -> None:
    rows = [ADA | {"person_id": f"p{n}"} for n in range(5_000)]
    with pytest.raises(InvalidFile):
        await take_in(connection, *rows, ADA | {"person_id": "last", "paid": "?"})
    assert not any((await everything(connection)).values())
    assert await connection.fetchval("SELECT count(*) FROM import_run") == 0


async def test_a_dry_run_counts_the_same_and_changes_nothing(connection: Connection) -> None:
    await take_in(connection, ADA)
    before = await everything(connection)
    rows = (ADA | {"kind": "faculty"}, BEN)
    dry = await take_in(connection, *rows, dry_run=True)
    assert await everything(connection) == before
    assert dry == await take_in(connection, *rows)
    assert dry == NOTHING | {"onboarded": 1, "changed": 1, "contacts_changed": 1}


async def test_every_version_is_kept_as_it_was_published_and_none_is_left_out(
    connection: Connection,
) -> None:
    for department in ("physics", "dean", "physics"):
        await take_in(connection, ADA | {"department_id": department})
    rows = await connection.fetch(
        "SELECT version, effective_on, received_at, facts FROM person_version UNION ALL"
        " SELECT version, effective_on, received_at, facts FROM person ORDER BY version"
    )
    assert [row["version"] for row in rows] == [1, 2, 3]
    assert {row["effective_on"] for row in rows} == {date(2023, 9, 1)}
    assert {row["received_at"] for row in rows} == {RECEIVED}
    departments = [json.loads(row["facts"])["appointments"][0]["department_id"] for row in rows]
    assert departments == ["physics", "dean", "physics"]


async def test_the_history_holds_no_personal_data(connection: Connection) -> None:
    await take_in(connection, ADA)
    for table in ("person", "person_version", "report", "import_run"):
        text = str([tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")])
        assert not any(secret in text for secret in ("Lovelace", "ada@example.edu", "'ada'"))


async def test_two_imports_at_once_take_turns_and_versions_stay_dense(place: Database) -> None:
    async def import_one(department: str) -> None:
        own = await asyncpg.connect(place.app_dsn, command_timeout=30)
        try:
            rows = [ADA | {"person_id": f"p{n}", "department_id": department} for n in range(3_000)]
            await take_in(own, *rows)
        finally:
            await own.close()

    await asyncio.gather(*(import_one(each) for each in ("physics", "dean", "chemistry")))
    own = await asyncpg.connect(place.app_dsn, command_timeout=30)
    try:
        versions = await own.fetch(
            "SELECT DISTINCT array_agg(version ORDER BY version) FROM person_version"
            " GROUP BY person_id"
        )
        assert [row[0] for row in versions] == [[1, 2]]
        assert await own.fetchval("SELECT count(*) FROM person WHERE version = 3") == 3_000
        assert await own.fetchval("SELECT count(*) FROM outbox WHERE sequence > 3") == 0
    finally:
        await own.close()


async def test_departments_are_published_when_they_change_and_only_then(
    connection: Connection,
) -> None:
    dean = {"department_id": "dean", "name": "Dean"}
    counts, without_area = await take_in_departments(connection, PHYSICS, dean)
    assert counts == {"added": 2, "changed": 0, "unchanged": 0}
    assert without_area == ["dean"]
    moved = dean | {"area_id": "provost", "area_name": "Provost", "officer_ids": "p9"}
    dry, _ = await take_in_departments(connection, PHYSICS, moved, dry_run=True)
    done, without_area = await take_in_departments(connection, PHYSICS, moved)
    assert dry == done == {"added": 0, "changed": 1, "unchanged": 1}
    assert without_area == []
    again, _ = await take_in_departments(connection, PHYSICS, moved)
    assert again == {"added": 0, "changed": 0, "unchanged": 2}
    assert await waiting(connection) == [
        ("department.changed", "physics", 1),
        ("department.changed", "dean", 1),
        ("department.changed", "dean", 2),
    ]


@pytest.mark.parametrize("person_id", ["nobody", "", "a\x00b", "x" * 10_000])
async def test_a_person_nobody_reported_is_not_shown(
    connection: Connection, person_id: str
) -> None:
    assert await show_person(connection, person_id) is None


async def test_an_import_is_recorded_with_what_it_did(connection: Connection) -> None:
    await take_in(connection, ADA)
    row = await connection.fetchrow("SELECT kind, sha256, counts, received_at FROM import_run")
    assert row is not None
    assert (row["kind"], row["received_at"]) == ("people", RECEIVED)
    assert len(row["sha256"]) == 64
    assert json.loads(row["counts"])["onboarded"] == 1
