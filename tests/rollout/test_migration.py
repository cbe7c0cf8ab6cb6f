"""What rollout knew before there were leaves and merges goes on as it was."""

import json
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from chassis.migrations import migrations_of
from chassis.postgres import Connection
from rollout.domain import Release
from rollout.store.facts import load_facts
from rollout.store.obligations import load_obligations
from support.databases import Database
from support.training import at, day

# As the service kept it then: no years of study, no merge.
OLD_STATE = {
    "person_id": "p1",
    "version": 1,
    "effective_on": "2023-08-15",
    "received_at": "2023-08-15T16:00:00Z",
    "onboarded_on": "2015-09-01",
    "separated_on": None,
    "appointments": [
        {
            "appointment_id": "a1",
            "kind": "graduate_student",
            "paid": False,
            "department_id": "d-hr",
            "start_on": "2015-09-01",
            "end_on": None,
            "year_of_study": 3,
            "supervisor_id": None,
        }
    ],
    "leaves": [{"start_on": "2023-10-02", "end_on": None, "pauses": True}],
    "hold": False,
}


async def carried_over(place: Database) -> Connection:
    """A rollout with one released person, migrated to the present day."""
    owner: Connection = await asyncpg.connect(place.owner_dsn, command_timeout=30)
    for file in migrations_of("rollout"):
        if not 1 < file.number < 100:
            continue
        if file.number == 3:
            await fill(owner)
        await owner.execute(file.sql)
    return owner


async def fill(owner: Connection) -> None:
    await owner.execute("INSERT INTO policy VALUES ('2023-24', 1, '', '', now())")
    await owner.execute("INSERT INTO person VALUES ('p1', 1, '{d-hr}')")
    await owner.execute(
        "INSERT INTO person_version VALUES ('p1', 1, '2023-08-15', $1, $2)",
        *(at("08-15", "12:00"), json.dumps(OLD_STATE)),
    )
    await owner.execute(
        """
        INSERT INTO obligation VALUES (
            'p1', '2023-24', '1', 2, 'released', false, 'pilot', '{d-hr}', '2023-09-20', $1,
            '2023-10-06', NULL, NULL, '{}', 0, 'graduate_third_year', 1, 1,
            '[{"kind": "reminder", "ordinal": 1, "reopened": 0}]', '2023-09-22', '2023-09-29', '{}'
        )
        """,
        at("09-20"),
    )


@pytest.fixture
async def place(database: Callable[[str], Awaitable[Database]]) -> Database:
    return await database("chassis")


async def test_a_release_is_the_id_s_own_and_what_was_sent_stays_sent(place: Database) -> None:
    owner = await carried_over(place)
    obligation = (await load_obligations(owner, "2023-24", ["p1"]))["p1"]
    assert obligation.own == Release("pilot", day("09-20"), at("09-20"))
    assert (obligation.standing.paused, obligation.standing.merged_from) == (False, ())
    assert [(sent.kind, sent.under) for sent in obligation.sent] == [("reminder", "")]
    await owner.close()


async def test_facts_kept_before_are_read_as_they_were_said(place: Database) -> None:
    owner = await carried_over(place)
    (person,) = (await load_facts(owner, ["p1"])).versions["p1"]
    assert person.appointments[0].year_on(day("2023-09-01")) == 3
    assert (len(person.leaves), person.merged_into, person.aliases) == (1, None, ())
    await owner.close()
