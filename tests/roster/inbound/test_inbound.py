"""The Kafka door: a producer that is not ours, whatever it sends."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from chassis import audit
from roster.cli import app
from support.databases import Database
from support.roster_service import TOKEN, TOPICS, RunningRoster, running_roster
from support.rosters import ADA, take_in, waiting

TYPE = b"edu.rollcall.person.reported.v1"
INBOUND = "roster.inbound.v1"
CANARY = ("Canary Birdsong", "canary@birdsong.edu", "cbird")
RECORD: dict[str, Any] = {
    "source": "students",
    "reported_at": "2023-08-30T09:00:00Z",
    "person_id": "p1",
    "effective_on": "2023-08-30",
    "onboarded_on": "2020-01-15",
    "display_name": "Canary Birdsong",
    "email": "canary@birdsong.edu",
    "login": "cbird",
    "appointments": [
        {
            "appointment_id": "a1",
            "kind": "graduate_student",
            "paid": False,
            "department_id": "physics",
            "start_on": "2020-01-15",
            "year_of_study": 3,
        }
    ],
    "leaves": [{"kind": "medical", "start_on": "2023-09-10"}],
}

Sent = dict[str, Any] | bytes | None


@pytest.fixture
async def roster(
    place: Database, fresh_topics: Callable[..., Awaitable[str]]
) -> AsyncIterator[RunningRoster]:
    async with running_roster(place, await fresh_topics(*TOPICS)) as running:
        yield running


def headers(number: int = 1, **changes: bytes | None) -> list[tuple[str, bytes]]:
    """As a stranger's CloudEvents library writes them, in an order of its own."""
    given: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_source": b"/campus/students",
        "ce_type": TYPE,
        "ce_id": b"students-%d" % number,
        "content-type": b"application/json; charset=utf-8",
    }
    return [(name, value) for name, value in (given | changes).items() if value is not None]


async def send(
    roster: RunningRoster,
    *records: Sent,
    key: bytes | None = None,
    codec: str | None = None,
    **header: bytes | None,
) -> None:
    """Send them in one batch each, with plain aiokafka, and wait until they are dealt with."""
    producer = AIOKafkaProducer(bootstrap_servers=roster.bootstrap, compression_type=codec)
    await producer.start()
    try:
        for number, record in enumerate(records):
            value = json.dumps(record).encode() if isinstance(record, dict) else record
            own = record["person_id"].encode() if isinstance(record, dict) else b"p1"
            await producer.send(INBOUND, value, key=key or own, headers=headers(number, **header))
        await producer.flush()
    finally:
        await producer.stop()
    await roster.settled()


async def reason(roster: RunningRoster, record: Sent, **given: Any) -> str:
    """Why this one record is parked."""
    await send(roster, record, **given)
    (parked,) = await roster.parked()
    assert await roster.person("p1") is None
    assert not any(canary in parked.reason for canary in CANARY)
    return parked.reason


async def test_a_record_of_a_system_that_is_not_ours_makes_a_person(roster: RunningRoster) -> None:
    await send(roster, RECORD)
    person = await roster.person("p1")
    assert person is not None
    (appointment,) = person["appointments"]
    assert (appointment["kind"], appointment["year_of_study"]) == ("graduate_student", 3)
    assert person["leaves"] == [{"start_on": "2023-09-10", "end_on": None, "pauses": True}]
    assert person["effective_on"] == "2023-08-30"
    assert await roster.parked() == []


async def test_what_comes_by_kafka_is_the_same_as_what_comes_in_a_file(
    place: Database, roster: RunningRoster
) -> None:
    contact = ("person_id", "login", "email", "display_name", "onboarded_on")
    appointment = {n: v for n, v in ADA.items() if n not in contact} | {"paid": True}
    day = {"effective_on": "2023-09-01"}
    await send(roster, {n: ADA[n] for n in contact} | day | {"appointments": [appointment]})
    async with roster.runtime.pool.acquire() as connection:
        assert (await take_in(connection, ADA))["unchanged"] == 1


async def test_a_record_sent_again_and_again_is_one_version(roster: RunningRoster) -> None:
    await send(roster, RECORD, RECORD, RECORD)
    await send(roster, RECORD)
    person = await roster.person("p1")
    assert person is not None
    assert person["version"] == 1


async def test_an_older_record_after_a_newer_one_is_history(roster: RunningRoster) -> None:
    left = {"reported_at": "2023-08-31T09:00:00Z", "separated_on": "2023-08-31"}
    await send(roster, RECORD | left, RECORD)
    person = await roster.person("p1")
    assert person is not None
    assert person["separated_on"] == "2023-08-31"


async def test_records_of_one_person_in_a_batch_are_taken_in_the_order_of_the_topic(
    roster: RunningRoster,
) -> None:
    said = {name: value for name, value in RECORD.items() if name != "reported_at"}
    days = [f"2023-12-{day:02}" for day in range(1, 21)]
    await send(roster, *(said | {"separated_on": day} for day in days))
    person = await roster.person("p1")
    assert person is not None
    assert person["separated_on"] == days[-1]
    assert person["version"] == len(days)


async def test_the_time_of_the_event_is_when_it_was_said(roster: RunningRoster) -> None:
    said = {name: value for name, value in RECORD.items() if name != "reported_at"}
    left = {"separated_on": "2023-08-31"}
    await send(roster, said | left, ce_time=b"2023-08-31T09:00:00Z")
    await send(roster, said, ce_time=b"2023-08-30T09:00:00+02:00")
    person = await roster.person("p1")
    assert person is not None
    assert person["separated_on"] == "2023-08-31"


async def test_fields_that_are_none_of_ours_are_dropped_and_counted(roster: RunningRoster) -> None:
    before = REGISTRY.get_sample_value("rollcall_inbound_fields_dropped_total") or 0
    (appointment,) = RECORD["appointments"]
    unknown = {"gender": "x", "birth_date": "1990-01-01", "ethnicity": ["y"]}
    await send(roster, RECORD | unknown | {"appointments": [appointment | {"salary": 1}]})
    assert await roster.person("p1") is not None
    after = REGISTRY.get_sample_value("rollcall_inbound_fields_dropped_total") or 0
    assert after - before == 4


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_no_compression_of_a_producer_stops_a_partition(
    roster: RunningRoster, codec: str
) -> None:
    await send(roster, RECORD, codec=codec)
    assert await roster.person("p1") is not None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"person_id": ""}, "person_id: String should have at least 1 character"),
        ({"onboarded_on": None}, "onboarded_on: Input should be a valid date"),
        ({"onboarded_on": 20230101}, "onboarded_on: Input should be a valid date"),
        ({"onboarded_on": "1066-10-14"}, "onboarded_on: a day between 1900-01-01 and 2200-12-31"),
        ({"separated_on": "2019-01-01"}, "separated_on: a day not before onboarded_on"),
        ({"display_name": "Canary\x00Birdsong"}, "display_name: "),
        ({"display_name": 7}, "display_name: Input should be a valid string"),
        ({"email": "canary at birdsong.edu"}, "email: one address like name@example.edu"),
        ({"login": "c bird"}, "login: 1 to 64 characters without spaces or @"),
        ({"source": "Canary Birdsong"}, "source: 1 to 32 letters"),
        ({"source": "office"}, "source: a feed; what the office says is said in the roster"),
        ({"reported_at": "2023-08-30T09:00:00"}, "reported_at: Input should have timezone info"),
        ({"reported_at": "9999-12-31T23:59:59Z"}, "reported_at: an instant on a day between"),
        ({"reported_at": "0001-01-01T00:00:00+14:00"}, "reported_at: an instant on a day between"),
        ({"leaves": [{"kind": "illness", "start_on": "2023-09-10"}]}, "leaves.0.kind: "),
    ],
)
async def test_a_bad_field_is_named_with_what_was_expected_and_never_quoted(
    roster: RunningRoster, changes: dict[str, Any], expected: str
) -> None:
    assert (await reason(roster, RECORD | changes)).startswith(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "canary"}, "appointments.0.kind: Input should be 'faculty'"),
        ({"paid": "true"}, "appointments.0.paid: Input should be a valid boolean"),
        ({"department_id": "canary@birdsong.edu"}, "appointments.0.department_id: an id"),
        ({"supervisor_id": "Canary Birdsong"}, "appointments.0.supervisor_id: an id"),
        ({"end_on": "2019-12-31"}, "appointments.0.end_on: a day not before start_on"),
        ({"kind": "staff"}, "appointments.0.year_of_study: nothing"),
    ],
)
async def test_a_bad_field_of_an_appointment_is_named_with_its_place(
    roster: RunningRoster, changes: dict[str, Any], expected: str
) -> None:
    (appointment,) = RECORD["appointments"]
    record = RECORD | {"appointments": [appointment | changes]}
    assert (await reason(roster, record)).startswith(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "value: a record; whoever leaves is one with separated_on"),
        (b"", "value: Invalid JSON"),
        (b"{'person_id'}", "value: Invalid JSON"),
        (b"[]", "value: Input should be an object"),
        (b"\xff\xfe", "value: Invalid JSON"),
        (b"[" * 5_000, "value: Invalid JSON"),
        (b'{"person_id": "p1"}', "effective_on: Field required; onboarded_on: Field required"),
    ],
)
async def test_what_is_no_record_at_all_is_parked(
    roster: RunningRoster, value: bytes | None, expected: str
) -> None:
    assert (await reason(roster, value)).startswith(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ce_id": None}, "ce_id: a CloudEvents header with the id of the record"),
        ({"ce_type": None}, "ce_type: a CloudEvents header with edu.rollcall.person.reported.v1"),
        ({"ce_type": b"edu.rollcall.person.onboarded.v1"}, "ce_type: a CloudEvents header"),
        ({"key": b"p2"}, "key: the person_id of the record"),
    ],
)
async def test_a_record_under_a_wrong_name_is_parked(
    roster: RunningRoster, given: dict[str, Any], expected: str
) -> None:
    assert (await reason(roster, RECORD, **given)).startswith(expected)


async def test_a_time_that_is_none_is_parked(roster: RunningRoster) -> None:
    said = {name: value for name, value in RECORD.items() if name != "reported_at"}
    assert (await reason(roster, said, ce_time=b"\xffyesterday")).startswith("ce_time: an instant")


async def test_hundreds_of_bad_records_hold_up_no_good_one(roster: RunningRoster) -> None:
    bad = [RECORD | {"person_id": f"bad{n}", "email": "canary"} for n in range(300)]
    good = [RECORD | {"person_id": f"good{n}", "email": None} for n in range(30)]
    await send(roster, *bad, *good)
    async with roster.runtime.pool.acquire() as connection:
        published = [s for name, s, _ in await waiting(connection) if name == "person.onboarded"]
        assert await connection.fetchval("SELECT count(*) FROM person") == len(good)
        assert await connection.fetchval("SELECT count(*) FROM parked") == len(bad)
    assert len(published) <= len(good)


async def test_a_parked_record_is_shown_and_can_be_tried_again(
    place: Database, roster: RunningRoster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATABASE_URL": place.app_dsn,
        "KAFKA_BOOTSTRAP": roster.bootstrap,
        "MACHINE_TOKEN": TOKEN,
        "CALENDAR": "stepped",
    }.items():
        monkeypatch.setenv(f"ROSTER_{name}", value)
    later = {"reported_at": "2023-08-31T09:00:00Z"}
    await send(roster, RECORD | {"email": "canary at birdsong.edu"}, RECORD | later)
    bad, behind = await roster.parked()

    async def command(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, ["parked", *arguments])

    shown = await command("list")
    assert "email: one address like" in shown.stdout
    assert not any(canary in shown.stdout for canary in CANARY)
    by = ("--actor", "900001")
    refused = await command("retry", str(behind.id), *by)
    assert refused.exit_code == 1
    assert "email: one address like" in " ".join(refused.stderr.split())
    dropped = await command("drop", str(bad.id), "--reason", "sent-again", *by)
    assert dropped.exit_code == 0, dropped.stderr
    retried = await command("retry", str(behind.id), *by)
    assert retried.stdout == "Handled 1 records.\n"
    assert await roster.person("p1") is not None
    async with roster.runtime.pool.acquire() as connection:
        actions = [entry.action for entry in await audit.entries(connection)]
    assert actions == ["parked.retry", "parked.drop"]
