"""Alarms open when something is wrong, last as long as it is, and close by themselves."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from chassis import audit
from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from chassis.schedule import Due
from roster.domain import Department
from roster.domain.alarms import AlarmKind, NoteCode, silent_feeds, stands_in
from roster.handlers import alarms, departments, holds, looks, roles
from roster.handlers.acts import Refused, Who
from roster.handlers.holds import HoldReason
from roster.handlers.intake import receive
from schemas.roster import RoleName
from support.databases import Database
from support.roster_service import TOPICS, running_roster
from support.rosters import (
    ADA,
    BEN,
    PHYSICS,
    RECEIVED,
    ZONE,
    take_in,
    take_in_departments,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFICER = ADA | {"person_id": "p7", "login": "olga", "email": "olga@example.edu"}
OFFICE = Who("900001", SteppedCalendar(RECEIVED), ZONE)


async def look(
    connection: Connection, now: datetime = RECEIVED, *, key: str = looks.EVERYBODY, **feeds: int
) -> set[tuple[str, str]]:
    """Run the due work as the worker does; what is open afterwards, by kind and subject."""
    expected = {source: timedelta(hours=hours) for source, hours in feeds.items()}
    handler = alarms.alarm_due(ZONE, expected)[looks.LOOK]
    async with connection.transaction():
        assert await handler(connection, Due(looks.LOOK, key, now), now)
    found = await alarms.list_alarms(connection, now)
    return {(each["kind"], each["subject_id"]) for each in found}


async def one(connection: Connection, now: datetime = RECEIVED) -> dict[str, Any]:
    (found,) = await alarms.list_alarms(connection, now)
    return found


@pytest.fixture
async def sound(connection: Connection) -> Connection:
    """A roster in which nothing is wrong."""
    await take_in_departments(connection, PHYSICS)
    await take_in(connection, ADA, OFFICER)
    assert await look(connection) == set()
    return connection


async def test_a_department_without_an_area_is_an_alarm_until_it_has_one(sound: Connection) -> None:
    await take_in_departments(sound, PHYSICS | {"area_id": "", "area_name": ""})
    assert await look(sound) == {("department_without_area", "physics")}
    await take_in_departments(sound, PHYSICS)
    assert await look(sound) == set()
    (resolved,) = await alarms.list_alarms(sound, RECEIVED, resolved=True)
    assert resolved["resolved_at"] == RECEIVED.isoformat()


async def test_a_department_whose_officers_are_all_gone_falls_to_its_area_lead(
    sound: Connection,
) -> None:
    await take_in(sound, OFFICER | {"separated_on": "2023-09-10"})
    assert await look(sound) == set()
    later = RECEIVED + 10 * DAY
    assert await look(sound, later) == {("department_without_officer", "physics")}
    assert (await one(sound, later))["stands_in"] == ["office"]
    led = Department("physics", "Physics", "science", "Science", ("p7",), ("p1",))
    async with sound.transaction():
        receipt = await receive(sound, OFFICE.calendar, ZONE)
        await departments.take_in_departments(sound, [led], receipt)
    assert (await one(sound, later))["stands_in"] == ["p1"]


async def test_an_officer_nobody_has_reported_is_none(sound: Connection) -> None:
    await take_in_departments(sound, PHYSICS | {"officer_ids": "p99"})
    assert await look(sound) == {("department_without_officer", "physics")}


async def test_a_department_that_somebody_names_and_nobody_knows_is_an_alarm(
    sound: Connection,
) -> None:
    await take_in(sound, BEN | {"department_id": "alchemy"})
    assert await look(sound, key=looks.AT_ONCE) == set()
    assert await look(sound) == {("unknown_department", "alchemy")}
    await take_in(sound, BEN)
    assert await look(sound) == set()


async def test_departments_of_the_past_trouble_nobody(sound: Connection) -> None:
    await take_in(sound, BEN | {"department_id": "alchemy", "end_on": "2023-01-31"})
    assert await look(sound) == {("person_without_department", "p2")}
    await take_in(sound, BEN | {"department_id": "alchemy", "separated_on": "2023-01-31"})
    assert await look(sound) == set()


async def test_who_has_not_begun_yet_is_not_without_a_department(sound: Connection) -> None:
    await take_in(sound, BEN | {"onboarded_on": "2023-10-01", "start_on": "2023-10-01"})
    assert await look(sound) == set()


async def test_nobody_is_nagged_about_somebody_on_hold(sound: Connection) -> None:
    await take_in(sound, BEN | {"end_on": "2023-01-31"})
    assert await look(sound) == {("person_without_department", "p2")}
    await holds.hold(sound, OFFICE, "p2", HoldReason.DECEASED)
    assert await look(sound) == set()


async def test_a_supervisor_nobody_knows_is_one_alarm_however_many_have_it(
    sound: Connection,
) -> None:
    await take_in(sound, BEN | {"supervisor_id": "p99"}, ADA | {"supervisor_id": "p99"})
    assert await look(sound) == {("unknown_supervisor", "p99")}


async def test_two_ids_with_one_login_are_an_alarm_until_somebody_decides(
    sound: Connection,
) -> None:
    await take_in(sound, BEN | {"login": "ada"})
    ((kind, _),) = await look(sound, key=looks.AT_ONCE)
    assert kind == "duplicates_suspected"
    await sound.execute("UPDATE merge_proposal SET state = 'declined', decided_at = now()")
    assert await look(sound) == set()


async def test_a_file_in_quarantine_is_an_alarm(sound: Connection) -> None:
    await sound.execute(
        """
        UPDATE import_run SET state = 'quarantined'
        WHERE id = (SELECT id FROM import_run WHERE kind = 'people' LIMIT 1)
        """
    )
    ((kind, _),) = await look(sound, key=looks.AT_ONCE)
    assert kind == "mass_change_waiting"


async def test_a_feed_that_is_silent_for_longer_than_expected_is_an_alarm(
    sound: Connection,
) -> None:
    assert await look(sound, RECEIVED + 48 * HOUR, hr=48) == set()
    later = RECEIVED + 49 * HOUR
    assert await look(sound, later, hr=48, key=looks.AT_ONCE) == {("feed_silent", "hr")}
    async with sound.transaction():
        await alarms.heard(sound, {"hr"}, later)
    assert await look(sound, later, hr=48) == set()
    assert await look(sound, later, students=1) == {("feed_silent", "students")}


async def test_an_alarm_grows_older_and_a_new_one_begins_when_the_cause_returns(
    sound: Connection,
) -> None:
    astray = PHYSICS | {"area_id": "", "area_name": ""}
    await take_in_departments(sound, astray)
    await look(sound)
    await look(sound, RECEIVED + 3 * DAY)
    first = await one(sound, RECEIVED + 3 * DAY)
    assert (first["age_days"], first["first_seen_at"]) == (3, RECEIVED.isoformat())
    await take_in_departments(sound, PHYSICS)
    await look(sound, RECEIVED + 4 * DAY)
    await take_in_departments(sound, astray)
    await look(sound, RECEIVED + 5 * DAY)
    again = await one(sound, RECEIVED + 5 * DAY)
    assert again["id"] != first["id"]
    assert (again["age_days"], again["owner"]) == (0, None)


async def test_somebody_of_the_office_takes_an_alarm_and_says_what_is_done(
    sound: Connection,
) -> None:
    await take_in_departments(sound, PHYSICS | {"officer_ids": ""})
    await look(sound)
    alarm_id = (await one(sound))["id"]
    await alarms.take(sound, OFFICE, alarm_id, "900001")
    await alarms.note(sound, OFFICE, alarm_id, NoteCode.ASKED_SOURCE)
    await look(sound, RECEIVED + DAY)
    taken = await one(sound)
    assert (taken["owner"], taken["note"]) == ("900001", "asked_source")
    with pytest.raises(Refused, match="somebody of the office"):
        await alarms.take(sound, OFFICE, alarm_id, "p1")
    await roles.grant(sound, OFFICE, "p1", RoleName.OFFICE)
    await alarms.take(sound, OFFICE, alarm_id, "p1")
    assert (await one(sound))["owner"] == "p1"
    done = [entry.action for entry in await audit.entries(sound, subject=f"alarm/{alarm_id}")]
    assert done == ["alarm.take", "alarm.note", "alarm.take"]


async def test_what_is_resolved_or_was_never_there_is_nobodys_task(sound: Connection) -> None:
    await take_in_departments(sound, PHYSICS | {"officer_ids": ""})
    await look(sound)
    alarm_id = (await one(sound))["id"]
    await take_in_departments(sound, PHYSICS)
    await look(sound)
    with pytest.raises(Refused, match="is resolved"):
        await alarms.take(sound, OFFICE, alarm_id, "900001")
    with pytest.raises(Refused, match="There is no alarm"):
        await alarms.note(sound, OFFICE, alarm_id + 1, NoteCode.EXPECTED)


async def test_alarms_are_counted_by_kind(sound: Connection) -> None:
    def metric(kind: AlarmKind) -> float | None:
        return REGISTRY.get_sample_value("rollcall_roster_alarms", {"kind": kind.value})

    await take_in_departments(sound, PHYSICS | {"officer_ids": ""})
    await look(sound)
    assert metric(AlarmKind.DEPARTMENT_WITHOUT_OFFICER) == 1
    assert metric(AlarmKind.FEED_SILENT) == 0


async def test_everybody_is_looked_at_once_a_day_after_the_first_intake(
    place: Database, fresh_topics: Callable[..., Awaitable[str]]
) -> None:
    async with running_roster(place, await fresh_topics(*TOPICS)) as roster:
        connection = await asyncpg.connect(place.app_dsn)
        try:
            await take_in_departments(connection, PHYSICS)
            await take_in(connection, ADA, OFFICER | {"separated_on": "2023-09-03"})
            async with connection.transaction():
                await looks.look_soon(connection, RECEIVED)
            await roster.step(RECEIVED + HOUR)
            assert await alarms.list_alarms(connection, RECEIVED) == []
            for days in range(1, 4):
                await roster.step(RECEIVED + days * DAY)
            found = await one(connection)
            assert found["kind"] == "department_without_officer"
            assert found["first_seen_at"] == "2023-09-04T12:00:00+00:00"
        finally:
            await connection.close()


def test_a_feed_is_silent_only_when_it_is_expected_and_late() -> None:
    expected = {"hr": DAY, "students": DAY}
    heard = {"hr": RECEIVED - DAY, "identity": RECEIVED - 9 * DAY}
    assert silent_feeds(expected, heard, RECEIVED) == ["students"]


def test_only_a_lead_who_is_here_stands_in() -> None:
    department = Department("physics", "Physics", area_lead_ids=("p1", "p2"))
    assert stands_in(department, {"p2"}) == ("p2",)
    assert stands_in(department, set()) == ()
