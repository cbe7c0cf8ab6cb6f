"""Reports behind every door, on a real database: what they publish, count, keep and leave alone."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from roster.domain import Appointment, Contact, Facts, Report
from roster.handlers.intake import receive, take_in
from roster.handlers.show import show_as_of, show_former, show_person
from support.databases import Database
from support.reports import ADA, BEN, HIRED, JOB, NOON, ZONE, moved, report
from support.rosters import waiting

HOUR = timedelta(hours=1)
NUMBERS = itertools.count()
SAID = datetime(2023, 8, 1, tzinfo=UTC)


def said(base: Report, hours: int, source: str = "hr", effective: date | None = None) -> Report:
    """The report as its source said it, that many hours into August 2023."""
    at = SAID + hours * HOUR
    return replace(base, source=source, reported_at=at, effective_on=effective or date(2023, 8, 1))


async def published(connection: Connection, person_id: str = "p1") -> dict[str, Any]:
    shown = await show_person(connection, person_id)
    assert shown is not None
    current: Any = shown["current"]
    return dict(current)


async def contact(connection: Connection, person_id: str = "p1") -> tuple[Any, ...] | None:
    row = await connection.fetchrow(
        "SELECT display_name, email, login FROM contact WHERE person_id = $1", person_id
    )
    return tuple(row) if row else None


async def test_a_report_that_arrives_late_is_history_and_publishes_nothing(
    connection: Connection,
) -> None:
    await report(connection, said(ADA, 5))
    late = await report(connection, said(moved(ADA, "dean"), 3))
    assert (late.counts["late"], late.counts["changed"], late.counts["unchanged"]) == (1, 0, 0)
    assert (await published(connection))["version"] == 1
    assert await connection.fetchval("SELECT count(*) FROM report") == 2


async def test_the_same_record_again_is_nothing(connection: Connection) -> None:
    await report(connection, said(ADA, 5), said(BEN, 5, "students"))
    done = await report(connection, said(ADA, 5), said(BEN, 5, "students"))
    assert done.counts["unchanged"] == 2
    assert await connection.fetchval("SELECT count(*) FROM report") == 2
    assert len(await waiting(connection)) == 4


async def test_a_record_that_does_not_say_when_it_was_said_was_said_last(
    connection: Connection,
) -> None:
    await report(connection, replace(ADA, reported_at=NOON + HOUR))
    done = await report(connection, moved(ADA, "dean"))
    assert done.counts["changed"] == 1
    assert (await report(connection, moved(ADA, "dean"))).counts["unchanged"] == 1


async def test_two_sources_make_one_person_and_neither_undoes_the_other(
    connection: Connection,
) -> None:
    study = Appointment("s1", "graduate_student", False, "dean", date(2021, 9, 1), year_of_study=3)
    student = Report(
        "p1", Facts(date(2021, 9, 1), appointments=(study,)), Contact("A."), "students"
    )
    await report(connection, student, ADA)
    await report(connection, moved(ADA, "chemistry"))
    current = await published(connection)
    assert [each["department_id"] for each in current["appointments"]] == ["chemistry", "dean"]
    assert current["onboarded_on"] == "2020-01-15"
    assert current["version"] == 2
    assert await contact(connection) == ("Ada Lovelace", "ada@example.edu", "ada")


async def test_a_year_of_study_reported_from_a_past_day_is_published_as_a_step(
    connection: Connection,
) -> None:
    def student(year: int) -> Report:
        study = replace(JOB, kind="graduate_student", year_of_study=year)
        return replace(ADA, facts=replace(HIRED, appointments=(study,)))

    await report(connection, said(student(3), 5, effective=date(2023, 9, 1)))
    late = await report(connection, said(student(2), 1, effective=date(2022, 9, 1)))
    assert late.counts["late"] == late.counts["changed"] == 1
    assert (await published(connection))["appointments"][0]["years_of_study"] == [
        {"since": "2022-09-01", "year": 2},
        {"since": "2023-09-01", "year": 3},
    ]


async def test_a_former_address_is_remembered_until_it_is_the_present_one_again(
    connection: Connection,
) -> None:
    renamed = replace(ADA, contact=Contact("Ada King", "king@example.edu", "ada"))
    await report(connection, ADA)
    await report(connection, renamed)
    assert await show_former(connection, "p1") == [
        {"kind": "email", "value": "ada@example.edu", "until_on": "2023-09-01"}
    ]
    await report(connection, ADA)
    assert [each["value"] for each in await show_former(connection, "p1")] == ["king@example.edu"]


async def test_a_person_is_shown_as_of_a_day_and_as_known_then(connection: Connection) -> None:
    await report(connection, replace(ADA, effective_on=date(2023, 9, 1)))
    later = NOON + timedelta(days=10)
    await report(connection, replace(moved(ADA, "dean"), effective_on=date(2023, 9, 5)), now=later)

    async def department(day: date, known_at: datetime | None = None) -> Any:
        shown: Any = await show_as_of(connection, "p1", day, known_at)
        return shown and shown["appointments"][0]["department_id"]

    assert await department(date(2023, 9, 4)) == "physics"
    assert await department(date(2023, 9, 5)) == "dean"
    assert await department(date(2023, 9, 5), NOON) == "physics"
    assert await department(date(2023, 8, 31)) is None
    assert await show_as_of(connection, "nobody", date(2023, 9, 1)) is None


async def test_the_sources_of_a_person_are_shown_with_what_holds_of_each(
    connection: Connection,
) -> None:
    await report(connection, said(ADA, 1), said(ADA, 2, "students"))
    await report(connection, said(moved(ADA, "dean"), 4))
    shown = await show_person(connection, "p1")
    assert shown is not None
    sources: Any = shown["sources"]
    assert [(each["source"], each["reports"]) for each in sources] == [("hr", 2), ("students", 1)]
    assert sources[0]["reported_at"] == "2023-08-01T04:00:00+00:00"


async def test_reports_hold_no_personal_data(connection: Connection) -> None:
    await report(connection, ADA)
    await report(connection, replace(moved(ADA, "dean"), contact=Contact("Ada King")))
    for table in ("report", "person", "person_version", "merge_proposal"):
        text = str([tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")])
        assert not any(secret in text for secret in ("Lovelace", "King", "ada@example.edu"))


async def test_two_intakes_of_new_people_at_once_lose_none_and_versions_stay_dense(
    place: Database,
) -> None:
    async def one(department: str) -> None:
        own = await asyncpg.connect(place.app_dsn, command_timeout=30)
        try:
            await report(
                own, *(moved(replace(ADA, person_id=f"p{n}"), department) for n in range(500))
            )
        finally:
            await own.close()

    await asyncio.gather(*(one(each) for each in ("physics", "dean", "chemistry")))
    own = await asyncpg.connect(place.app_dsn, command_timeout=30)
    try:
        assert await own.fetchval("SELECT count(*) FROM person WHERE version = 3") == 500
        assert await own.fetchval("SELECT count(*) FROM person_version") == 1000
        assert await own.fetchval("SELECT count(*) FROM report") == 1500
    finally:
        await own.close()


async def test_every_event_of_one_intake_has_an_id_of_its_own(connection: Connection) -> None:
    async with connection.transaction():
        receipt = await receive(connection, SteppedCalendar(NOON), ZONE)
        for department in ("physics", "dean", "chemistry"):
            await take_in(connection, [moved(ADA, department)], receipt)
    ids = await connection.fetch("SELECT DISTINCT event_id FROM outbox")
    assert len(ids) == len(await waiting(connection)) == 4


async def test_what_is_received_belongs_to_a_transaction(connection: Connection) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        await receive(connection, SteppedCalendar(NOON), ZONE)


reports = st.lists(
    st.builds(
        lambda base, department, hours, source, day, year: said(
            _student(moved(base, department), year), hours, source, date(2023, 8, day)
        ),
        st.sampled_from([ADA, replace(ADA, contact=Contact("Ada King", None, "king"))]),
        st.sampled_from(["physics", "dean"]),
        st.integers(0, 5),
        st.sampled_from(["hr", "students"]),
        st.integers(1, 9),
        st.none() | st.integers(1, 4),
    ),
    min_size=1,
    max_size=6,
)


def _student(base: Report, year: int | None) -> Report:
    if year is None:
        return base
    study = replace(base.facts.appointments[0], kind="graduate_student", year_of_study=year)
    return replace(base, facts=replace(base.facts, appointments=(study,)))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=reports, data=st.data())
async def test_any_order_repetition_and_split_of_reports_makes_the_same_roster(
    connection: Connection, first: Sequence[Report], data: st.DataObject
) -> None:
    second = data.draw(st.permutations([*first, *first[:2]]))
    found = []
    for sequence in (first, second):
        person_id = f"p{next(NUMBERS)}"
        for each in sequence:
            await report(connection, replace(each, person_id=person_id))
        found.append(await _state(connection, person_id))
    assert found[0] == found[1]


async def _state(connection: Connection, person_id: str) -> tuple[Any, ...]:
    row = await connection.fetchrow(
        "SELECT effective_on, facts FROM person WHERE person_id = $1", person_id
    )
    assert row is not None
    return row["effective_on"], json.loads(row["facts"]), await contact(connection, person_id)
