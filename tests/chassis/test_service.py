"""Starting, waiting, stopping; traps 5, 11, 21 and the watchdog."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis import schedule
from chassis.inbox import first_time
from chassis.outbox import publish
from chassis.parsing import Record
from chassis.postgres import Connection, open_pool
from chassis.schedule import Due
from chassis.service import Runtime, Service, build_app
from chassis.settings import ServiceSettings, load
from embedded.ports import free_port
from support.databases import Database
from support.events import completed, send_events
from support.runtimes import TOKEN, TOPIC, Exited, Seen, create_seen, running, settings_for
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
NOON = datetime(2023, 9, 1, 16, tzinfo=UTC)


@pytest.fixture
async def place(database: NewDatabase, fresh_topics: FreshTopics) -> tuple[str, Database]:
    return await fresh_topics(TOPIC), await database("chassis")


def client_of(runtime: Runtime, service: Service) -> httpx.AsyncClient:
    app = build_app(service)
    app.state.runtime = runtime
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def waits(settings: ServiceSettings, handlers: Any, for_what: str) -> None:
    """The service starts, says what it waits for, is not ready, and does not end."""
    exited = Exited()
    service = Service("chassis", settings, handlers=handlers)
    runtime = Runtime(service, exit_process=exited)
    starting = asyncio.create_task(runtime.start())
    try:
        await eventually(lambda: for_what in runtime.phase)
        async with client_of(runtime, service) as client:
            ready = await client.get("/health/ready")
            assert ready.status_code == 503
            assert for_what in ready.json()["phase"]
            assert (await client.get("/health/live")).status_code == 200
        assert not exited
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await runtime.stop()


async def test_a_service_waits_for_postgres_and_says_so(place: tuple[str, Database]) -> None:
    bootstrap, _ = place
    gone = f"postgresql://nobody:x@127.0.0.1:{free_port()}/none"
    settings = ServiceSettings(
        database_url=gone, kafka_bootstrap=bootstrap, machine_token=TOKEN, calendar="stepped"
    )
    await waits(settings, {}, "waiting for Postgres")


async def test_a_service_waits_for_kafka_and_says_so(place: tuple[str, Database]) -> None:
    _, db = place
    await waits(settings_for(db, f"127.0.0.1:{free_port()}"), {TOPIC: Seen()}, "waiting for Kafka")


async def test_a_missing_topic_is_named_and_not_made_by_asking_for_it(
    place: tuple[str, Database], kafka: str
) -> None:
    _, db = place
    missing = "roster.department.v1"
    if missing in await topics_on(kafka):
        await topics_on(kafka, delete=missing)
    await waits(settings_for(db, kafka), {missing: Seen()}, missing)
    assert missing not in await topics_on(kafka)


async def topics_on(bootstrap: str, *, delete: str | None = None) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if delete:
            await admin.delete_topics([delete])
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def test_a_wrong_partition_count_is_named_and_refused(
    place: tuple[str, Database], fresh_topics: FreshTopics, kafka: str
) -> None:
    _, db = place
    await fresh_topics("roster.person.v1")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics(["roster.person.v1"])
        new = NewTopic("roster.person.v1", num_partitions=2, replication_factor=1)
        await eventually(lambda: _created(admin, new))
    finally:
        await admin.close()
    app = build_app(
        Service("chassis", settings_for(db, kafka), handlers={"roster.person.v1": Seen()})
    )
    runtime: Runtime = app.state.runtime
    exited = runtime._exit = Exited()
    async with app.router.lifespan_context(app):
        await eventually(lambda: bool(exited))
        assert runtime.phase == (
            "could not start: Kafka topic roster.person.v1 has 2 partitions, not 6 as declared"
        )
    await fresh_topics("roster.person.v1")


async def _created(admin: AIOKafkaAdminClient, topic: NewTopic) -> bool:
    response: Any = await admin.create_topics([topic])
    return all(not code for _, code, *_ in response.topic_errors)


async def test_nobody_can_publish_through_the_documentation(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    service = Service("chassis", settings_for(db, bootstrap))
    async with client_of(Runtime(service), service) as client:
        for path in ("/docs/try", "/asyncapi/try", "/docs", "/asyncapi"):
            assert (await client.post(path, json={})).status_code in {404, 405}


async def test_every_pooled_connection_survives_that_the_server_cut_it(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await create_seen(db)
    async with running(settings_for(db, bootstrap), handlers={TOPIC: Seen()}) as (_, exited):
        another = await asyncpg.connect(db.app_dsn)
        cut = await another.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        await another.close()
        assert cut
        await send_events(bootstrap, [completed("p1")])
        await eventually(lambda: _rows(db))
        assert not exited


async def _rows(db: Database) -> bool:
    connection = await asyncpg.connect(db.owner_dsn)
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM seen"))
    finally:
        await connection.close()


async def test_no_statement_runs_longer_than_the_limit(place: tuple[str, Database]) -> None:
    _, db = place
    pool = await open_pool(db.app_dsn, name="test")
    try:
        row = await pool.fetchrow(
            "SELECT current_setting('statement_timeout') AS statement, "
            "current_setting('lock_timeout') AS lock, "
            "current_setting('idle_in_transaction_session_timeout') AS idle"
        )
        assert row is not None
        assert (row["statement"], row["lock"], row["idle"]) == ("1min", "10s", "30s")
        async with pool.acquire() as connection:
            with pytest.raises(TimeoutError):
                await connection.execute("SELECT pg_sleep(5)", timeout=0.1)
    finally:
        await pool.close()


async def test_the_process_ends_when_a_partition_stands_still(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    await send_events(bootstrap, [completed("p1")])
    stuck = asyncio.Event()

    async def never(connection: Connection, records: Sequence[Record]) -> None:
        await stuck.wait()

    settings = settings_for(db, bootstrap, stall_after_s=1.0)
    async with running(settings, handlers={TOPIC: never}) as (runtime, exited):
        await eventually(lambda: bool(exited))
        assert "has stood still" in runtime.phase
        stuck.set()


async def test_the_process_ends_when_the_outbox_grows_old(place: tuple[str, Database]) -> None:
    bootstrap, db = place
    async with running(settings_for(db, bootstrap, stall_after_s=0.5)) as (runtime, exited):
        async with runtime.pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, subject, sequence,"
                " time, payload, created_at) SELECT gen_random_uuid(), 'no.such.topic', 'k', 't',"
                " 's', 1, now(), '{}', now() - interval '1 hour'"
            )
        await eventually(lambda: bool(exited), timeout=30)
        assert "outbox" in runtime.phase


async def test_a_second_process_does_not_end_while_the_first_drains_a_long_outbox(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    connection = await asyncpg.connect(db.app_dsn)
    await connection.execute(
        "INSERT INTO lease VALUES ('relay', gen_random_uuid(), now() + interval '1 hour')"
    )
    await publish(connection, [completed(f"p{n}") for n in range(1000)], cause="test")
    await connection.execute("UPDATE outbox SET created_at = now() - interval '1 hour'")
    async with running(settings_for(db, bootstrap, stall_after_s=0.5)) as (_, exited):
        for _ in range(30):  # as the first process does
            await connection.execute("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox)")
            await asyncio.sleep(0.1)
        assert not exited
    await connection.close()


async def test_an_address_that_is_none_is_not_waited_for(place: tuple[str, Database]) -> None:
    bootstrap, _ = place
    settings = ServiceSettings(
        database_url="nowhere:5432", kafka_bootstrap=bootstrap, machine_token=TOKEN
    )
    app = build_app(Service("chassis", settings))
    runtime: Runtime = app.state.runtime
    exited = runtime._exit = Exited()
    async with app.router.lifespan_context(app):
        await eventually(lambda: bool(exited))
        assert runtime.phase == "could not start: ClientConfigurationError"


async def test_the_process_ends_when_one_of_its_tasks_ends(place: tuple[str, Database]) -> None:
    bootstrap, db = place

    async def short(runtime: Runtime) -> None:
        return

    async with running(settings_for(db, bootstrap), tasks=[short]) as (runtime, exited):
        await eventually(lambda: bool(exited))
        assert runtime.phase in {"short ended", "running"}


async def test_due_work_runs_when_the_calendar_reaches_it_and_not_before(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    ran: list[tuple[str, datetime]] = []

    async def note(connection: Connection, due: Due, now: datetime) -> bool:
        ran.append((due.key, now))
        return len(ran) >= 2  # the first time there is more to do

    async with running(settings_for(db, bootstrap), due={"note": note}) as (runtime, _):
        async with runtime.pool.acquire() as connection:
            later = NOON + timedelta(days=1)
            await schedule.plan(connection, [Due("note", "a", NOON), Due("note", "b", later)])
        async with client_of(runtime, runtime.service) as client:
            unauthorized = await client.post("/calendar", json={"now": NOON.isoformat()})
            assert unauthorized.status_code == 401
            assert not ran
            stepped = await client.post(
                "/calendar", json={"now": NOON.isoformat()}, headers=AUTHORIZED
            )
            assert stepped.status_code == 200
            await eventually(lambda: _due(client, 0))
            assert ran == [("a", NOON)] * 2
            back = await client.post(
                "/calendar", json={"now": "2023-08-31T00:00:00Z"}, headers=AUTHORIZED
            )
            assert back.status_code == 409
            progress = (await client.get("/progress")).json()
            assert progress["next_due"] == later.isoformat()
    async with running(settings_for(db, bootstrap), due={"note": note}) as (runtime, _):
        assert runtime.calendar.now() == NOON  # a restart takes up where the calendar stood


async def _due(client: httpx.AsyncClient, count: int) -> bool:
    return bool((await client.get("/progress")).json()["due"] == count)


async def test_due_work_that_fails_is_rolled_back_and_tried_again_while_the_rest_goes_on(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    await create_seen(db)
    failures = [RuntimeError("Zebulon Canary"), RuntimeError("Zebulon Canary")]

    async def flaky(connection: Connection, due: Due, now: datetime) -> bool:
        await connection.execute("INSERT INTO seen VALUES ($1, 1)", due.key)
        if due.key == "bad" and failures:
            raise failures.pop()
        return True

    async with running(settings_for(db, bootstrap), due={"flaky": flaky}) as (runtime, _):
        async with runtime.pool.acquire() as connection:
            early = datetime(1969, 1, 1, tzinfo=UTC)
            await schedule.plan(connection, [Due("flaky", key, early) for key in ("bad", "good")])
        runtime.wake()
        await eventually(lambda: _all_done(runtime), timeout=15)
        rows = await runtime.pool.fetch("SELECT person_id FROM seen ORDER BY 1")
        assert [row["person_id"] for row in rows] == ["bad", "good"]


async def test_due_work_that_has_failed_for_days_does_not_hold_up_the_rest(
    place: tuple[str, Database],
) -> None:
    bootstrap, db = place
    ran: list[str] = []

    async def hopeless(connection: Connection, due: Due, now: datetime) -> bool:
        ran.append(due.key)
        if due.key == "bad":
            raise RuntimeError
        return True

    async with running(settings_for(db, bootstrap), due={"hopeless": hopeless}) as (runtime, _):
        async with runtime.pool.acquire() as connection, connection.transaction():
            early = datetime(1969, 1, 1, tzinfo=UTC)
            dues = [Due("hopeless", key, early) for key in ("bad", "good")]
            await schedule.plan(connection, dues)
            await connection.execute("UPDATE due_work SET attempts = 2000 WHERE key = 'bad'")
        runtime.wake()
        await eventually(lambda: ran == ["bad", "good"])


async def _all_done(runtime: Runtime) -> bool:
    return not await runtime.pool.fetchval("SELECT count(*) FROM due_work")


async def test_an_effect_is_made_once_per_event(place: tuple[str, Database]) -> None:
    _, db = place
    ids = [uuid4(), uuid4()]
    connection = await asyncpg.connect(db.app_dsn)
    try:
        assert await first_time(connection, "mailer", [*ids, ids[0]]) == set(ids)
        assert await first_time(connection, "mailer", ids) == set()
        assert await first_time(connection, "another", ids) == set(ids)
    finally:
        await connection.close()


def test_a_missing_setting_is_named_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setenv("HTTP_PORT", "many")
    with pytest.raises(SystemExit) as stopped:
        load(ServiceSettings)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "The environment variable KAFKA_BOOTSTRAP is not set." in said
    assert "The environment variable HTTP_PORT is wrong" in said
    assert "many" not in said
