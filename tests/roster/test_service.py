"""The roster as a process: files in over HTTP, events out on Kafka, read by a stranger's SDK."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from chassis.postgres import Connection
from chassis.service import Runtime, build_app
from embedded.ports import free_port
from roster import api_imports
from roster.app import create_service
from roster.settings import RosterSettings
from support.databases import Database
from support.rosters import ADA, BEN, PHYSICS, departments_csv, people_csv
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
TOPICS = (
    "roster.person.v1",
    "roster.department.v1",
    "roster.contact.v1",
    "roster.role.v1",
    "roster.inbound.v1",
)
CANARY = {"display_name": "Canary Birdsong", "email": "canary@birdsong.edu", "login": "cbird"}
SECRETS = (b"Canary", b"Birdsong", b"canary", b"birdsong", b"cbird")


@dataclass
class Roster:
    """A running roster, and how to reach it."""

    client: httpx.AsyncClient
    bootstrap: str

    async def post(self, kind: str, content: bytes, **query: str) -> httpx.Response:
        headers = {"content-type": "text/csv"}
        return await self.client.post(
            f"/imports/{kind}", content=content, headers=headers, params=query
        )


async def set_the_day(client: httpx.AsyncClient) -> None:
    step = await client.post("/calendar", json={"now": "2023-09-01T12:00:00Z"})
    assert step.status_code == 200


@pytest.fixture
async def roster(
    place: Database, fresh_topics: Callable[..., Awaitable[str]]
) -> AsyncIterator[Roster]:
    """The service's own parts in this process, on a real broker and database."""
    bootstrap = await fresh_topics(*TOPICS)
    settings = RosterSettings(
        database_url=place.app_dsn,
        kafka_bootstrap=bootstrap,
        machine_token=TOKEN,
        calendar="stepped",
    )
    app = build_app(create_service(settings))
    runtime: Runtime = app.state.runtime
    transport = httpx.ASGITransport(app)
    try:
        await runtime.start()
        async with httpx.AsyncClient(
            transport=transport, base_url="http://roster", headers=AUTHORIZED
        ) as client:
            await set_the_day(client)
            yield Roster(client, bootstrap)
    finally:
        await runtime.stop()


@asynccontextmanager
async def process_of_its_own(place: Database, bootstrap: str, log: Path) -> AsyncIterator[Roster]:
    """`python -m roster run`, logging everything into a file."""
    port = free_port()
    settings = {
        "ROSTER_DATABASE_URL": place.app_dsn,
        "ROSTER_KAFKA_BOOTSTRAP": bootstrap,
        "ROSTER_HTTP_PORT": str(port),
        "ROSTER_MACHINE_TOKEN": TOKEN,
        "ROSTER_CALENDAR": "stepped",
        "ROSTER_LOG_LEVEL": "debug",
    }
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "roster", "run",
            env=os.environ | settings, stdout=stream, stderr=stream,
        )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base, headers=AUTHORIZED, timeout=30) as client:

            async def ready() -> bool:
                try:
                    return (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready, timeout=30, because="the roster is ready")
            await set_the_day(client)
            yield Roster(client, bootstrap)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def records_of(roster: Roster, topic: str, count: int) -> list[Any]:
    """Exactly `count` records once nothing is left in the outbox."""

    async def relayed() -> bool:
        return bool((await roster.client.get("/progress")).json()["outbox"] == 0)

    await eventually(relayed, because="the outbox is empty")
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=roster.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        assert sum(ends.values()) == count
        found: list[Any] = []
        while len(found) < count:
            for batch in (await consumer.getmany(timeout_ms=1_000)).values():
                found += batch
        return found
    finally:
        await consumer.stop()


def event_of(record: Any) -> BaseCloudEvent:
    message = KafkaMessage(dict(record.headers), record.key, record.value)
    return from_binary(message, JSONFormat())


async def test_an_import_arrives_on_kafka_as_cloudevents_a_stranger_can_read(
    roster: Roster,
) -> None:
    await roster.post("departments", departments_csv(PHYSICS))
    answer = await roster.post("people", people_csv(ADA, BEN | {"department_id": "unheard-of"}))
    assert answer.status_code == 200
    body = answer.json()
    assert body["import_id"]
    expected = {
        "received_at": "2023-09-01T12:00:00+00:00",
        "dry_run": False,
        "state": "applied",
        "source": "hr",
        "uploaded_by": "machine",
        "people": 2,
        "applied": 2,
        "onboarded": 2,
        "changed": 0,
        "separated": 0,
        "unchanged": 0,
        "contacts_changed": 2,
        "ids": {"onboarded": ["p1", "p2"]},
        "warnings": 1,
        "departments_to_check": ["unheard-of"],
    }
    assert body | expected == body
    people = await records_of(roster, "roster.person.v1", 2)
    event = next(event_of(each) for each in people if each.key == b"p1")
    assert event.get_type() == "edu.rollcall.person.onboarded.v1"
    assert event.get_source() == "/rollcall/roster"
    assert event.get_subject() == "p1"
    assert event.get_extension("sequence") == "1"
    data: Any = event.get_data()
    assert data["person_id"] == "p1"
    assert data["appointments"][0]["department_id"] == "physics"
    (department,) = await records_of(roster, "roster.department.v1", 1)
    assert event_of(department).get_type() == "edu.rollcall.department.changed.v1"
    contacts = await records_of(roster, "roster.contact.v1", 2)
    assert {each.key for each in contacts} == {b"p1", b"p2"}


async def test_the_same_file_posted_twice_publishes_once(roster: Roster) -> None:
    content = people_csv(ADA, BEN)
    await roster.post("people", content)
    again = (await roster.post("people", content)).json()
    assert (again["onboarded"], again["unchanged"]) == (0, 2)
    await records_of(roster, "roster.person.v1", 2)
    await records_of(roster, "roster.contact.v1", 2)


async def test_a_dry_run_publishes_nothing_and_is_no_import(roster: Roster) -> None:
    for kind, content in (("people", people_csv(ADA)), ("departments", departments_csv(PHYSICS))):
        body = (await roster.post(kind, content, dry_run="true")).json()
        assert body["dry_run"] is True
        assert body["import_id"] is None
    for topic in TOPICS:
        await records_of(roster, topic, 0)
    assert (await roster.client.get("/people/p1")).status_code == 404


async def test_a_file_with_mistakes_is_a_problem_that_lists_them(roster: Roster) -> None:
    answer = await roster.post("people", people_csv(ADA, BEN | {"paid": "yes", "email": "x"}))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["title"] == "The file has mistakes"
    assert body["more"] == 0
    assert [(each["line"], each["column"]) for each in body["errors"]] == [
        (3, "paid"),
        (3, "email"),
    ]
    assert body["errors"][0]["expected"] == "true or false"
    await records_of(roster, "roster.person.v1", 0)


async def test_a_person_is_shown_by_ids_with_the_history(roster: Roster) -> None:
    await roster.post("people", people_csv(ADA | CANARY))
    await roster.post("people", people_csv(ADA | CANARY | {"kind": "faculty"}))
    answer = await roster.client.get("/people/p1")
    body = answer.json()
    assert body["current"]["version"] == 2
    assert [each["change"] for each in body["history"]] == ["changed", "onboarded"]
    assert not any(secret in answer.content for secret in SECRETS)


async def test_names_and_addresses_are_on_the_contact_topic_and_nowhere_else(
    place: Database, fresh_topics: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    log = tmp_path / "roster.log"
    async with process_of_its_own(place, await fresh_topics(*TOPICS), log) as roster:
        said = await everything_said_about_the_canary(roster)
    said.append(log.read_bytes())
    assert b"service_running" in said[-1]
    for secret in SECRETS:
        assert not any(secret in each for each in said)


async def everything_said_about_the_canary(roster: Roster) -> list[bytes]:
    """Answers, metrics, and of the records all but the values of the contact topic."""
    person = ADA | CANARY
    await roster.post("departments", departments_csv(PHYSICS))
    await roster.post("people", people_csv(person))
    await roster.post("people", people_csv(person | {"separated_on": "2023-12-31"}))
    refused = await roster.post("people", people_csv(person | {"person_id": CANARY["email"]}))
    nonsense = await roster.post("people", b"Canary Birdsong,canary@birdsong.edu\n")
    assert (refused.status_code, nonsense.status_code) == (422, 422)
    await roster.client.get(f"/people/{CANARY['login']}")
    metrics = await roster.client.get("/metrics")

    said = [refused.content, nonsense.content, metrics.content]
    for topic, count in zip(TOPICS, (2, 1, 1, 0, 0), strict=True):
        for record in await records_of(roster, topic, count):
            said += [record.key, *(value for _, value in record.headers)]
            if topic != "roster.contact.v1":
                said.append(record.value)
            else:
                assert CANARY["display_name"].encode() in record.value
    return said


async def test_strangers_and_other_formats_are_turned_away(roster: Roster) -> None:
    content = people_csv(ADA)
    stranger = {"authorization": "Bearer a-token-of-somebody-else", "content-type": "text/csv"}
    for method, path in (
        ("POST", "/imports/people"),
        ("POST", "/imports/departments"),
        ("GET", "/people/p1"),
    ):
        answer = await roster.client.request(method, path, content=content, headers=stranger)
        assert answer.status_code == 401
    for media_type in ("application/json", "text/csv; charset=latin-1"):
        headers = {"content-type": media_type}
        answer = await roster.client.post("/imports/people", content=content, headers=headers)
        assert answer.status_code == 415


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(roster: Roster) -> None:
    headers = {"content-type": "text/csv", "content-length": str(256 * 1024 * 1024 + 1)}
    answer = await roster.client.post("/imports/people", content=b"", headers=headers)
    assert answer.status_code == 413


async def test_a_stream_that_grows_too_large_is_refused_in_the_middle(
    roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_imports, "FILE_MAX_BYTES", 10_000)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield people_csv(ADA)
        while True:
            sent += 1_000
            yield b"x" * 1_000

    headers = {"content-type": "text/csv"}
    answer = await roster.client.post("/imports/people", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= 10_000
    assert (await roster.client.get("/people/p1")).status_code == 404


async def test_of_a_stream_that_breaks_off_nothing_is_applied(
    place: Database, fresh_topics: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    log = tmp_path / "roster.log"
    whole = people_csv(ADA | CANARY)
    async with process_of_its_own(place, await fresh_topics(*TOPICS), log) as roster:
        url = roster.client.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = (
            f"POST /imports/people HTTP/1.1\r\nHost: roster\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n{len(whole):x}\r\n"
        )
        writer.write(head.encode() + whole + b"\r\n")
        await writer.drain()
        writer.close()
        assert await reader.read() == b""
        assert (await roster.post("people", people_csv(BEN))).status_code == 200
        assert (await roster.client.get("/people/p1")).status_code == 404
    assert not any(secret in log.read_bytes() for secret in SECRETS)


async def test_two_files_posted_at_once_are_both_taken_in(roster: Roster) -> None:
    files = [
        people_csv(*(ADA | {"person_id": f"p{n}", "kind": kind} for n in range(3_000)))
        for kind in ("staff", "faculty")
    ]
    answers = await asyncio.gather(*(roster.post("people", each) for each in files))
    counts = [answer.json() for answer in answers]
    assert sorted(each["onboarded"] for each in counts) == [0, 3_000]
    assert sorted(each["changed"] for each in counts) == [0, 3_000]


async def test_of_a_connection_lost_in_the_middle_the_rest_is_applied_later(
    roster: Roster, connection: Connection
) -> None:
    blocker = connection.transaction()
    await blocker.start()
    await connection.execute(
        "INSERT INTO contact VALUES ('p1', 1, '2023-09-01', now(), 'x', NULL, NULL)"
    )
    posting = asyncio.create_task(roster.post("people", people_csv(ADA, BEN)))
    terminate = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_locks
        WHERE NOT granted AND locktype = 'transactionid'
    """
    await eventually(lambda: connection.fetchval(terminate), because="the import waits")
    answer = await posting
    await blocker.rollback()
    assert answer.status_code == 503
    assert "applied later" in answer.json()["detail"]
    status = f"/imports/{answer.json()['import_id']}"
    assert (await roster.client.get(status)).json()["applied"] == 0
    await roster.client.post("/calendar", json={"now": "2023-09-01T12:02:00Z"})

    async def applied() -> bool:
        return bool((await roster.client.get(status)).json()["state"] == "applied")

    await eventually(applied, because="due work goes on with the file")
    assert (await roster.post("people", people_csv(ADA, BEN))).json()["unchanged"] == 2
