"""What the roster knew before it kept reports is carried over, and holds like everything else."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from chassis.migrations import migrations_of
from chassis.postgres import Connection
from roster.domain import Contact
from roster.store.people import look, versions_of
from roster.store.reports import reported_contacts_of, reports_of
from support.databases import Database
from support.reports import ADA, HIRED, NOON, moved, report

OLD_APPOINTMENT = {
    "appointment_id": "a1",
    "kind": "staff",
    "paid": True,
    "start_on": "2020-01-15",
    "end_on": None,
    "year_of_study": None,
    "supervisor_id": None,
}


def _old_facts(department_id: str) -> str:
    return json.dumps(
        {
            "onboarded_on": "2020-01-15",
            "separated_on": None,
            "appointments": [{**OLD_APPOINTMENT, "department_id": department_id}],
            "leaves": [],
        }
    )


@pytest.fixture
async def carried_over(
    database: Callable[[str], Awaitable[Database]],
) -> AsyncIterator[Connection]:
    """A roster with one person in two versions of one instant, migrated to the present day."""
    owner = await asyncpg.connect((await database("chassis")).owner_dsn, command_timeout=30)
    files = [each for each in migrations_of("roster") if 1 < each.number < 100]
    for file in files:
        if file.number == 3:
            await _fill(owner)
        await owner.execute(file.sql)
    yield owner
    await owner.close()


async def _fill(owner: Connection) -> None:
    for version, change, department in ((1, "onboarded", "dean"), (2, "changed", "physics")):
        await owner.execute(
            "INSERT INTO person_version VALUES ('p1', $1, $2, '2023-08-01', $3,"
            " gen_random_uuid(), $4)",
            *(version, change, NOON, _old_facts(department)),
        )
    await owner.execute(
        "INSERT INTO person VALUES ('p1', 2, '2023-08-01', $1, $2)", NOON, _old_facts("physics")
    )
    await owner.execute(
        "INSERT INTO contact VALUES ('p1', 1, '2023-08-01', $1, 'Ada Lovelace',"
        " 'ada@example.edu', 'ada')",
        NOON,
    )


async def test_every_version_is_a_report_of_hr_and_the_newest_holds(
    carried_over: Connection,
) -> None:
    kept = (await reports_of(carried_over, ["p1"]))["p1"]
    departments = [each.facts.appointments[0].department_id for each in kept]
    assert departments == ["dean", "physics"]
    assert {each.source for each in kept} == {"hr"}
    assert max(kept, key=lambda each: each.rank).facts == HIRED


async def test_people_and_their_history_are_as_they_were(carried_over: Connection) -> None:
    assert (await look(carried_over, ["p1"]))["p1"].state.facts == HIRED
    versions = await versions_of(carried_over, "p1", 9)
    assert [(each.version, each.change) for each in versions] == [(2, "changed"), (1, "onboarded")]
    assert await reported_contacts_of(carried_over, ["p1"]) == {
        "p1": {("hr", "p1"): Contact("Ada Lovelace", "ada@example.edu", "ada")}
    }


async def test_the_same_record_is_no_news_after_the_move_and_another_one_is(
    carried_over: Connection,
) -> None:
    again = replace(ADA, effective_on=date(2023, 8, 1))
    assert (await report(carried_over, again)).counts["unchanged"] == 1
    done = await report(carried_over, moved(again, "chemistry"))
    assert done.counts["changed"] == 1
    assert (await look(carried_over, ["p1"]))["p1"].version == 3
