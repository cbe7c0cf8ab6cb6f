"""What is kept of webhooks: not for ever, and of the erased nothing that names them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from chassis.parsing import Record
from chassis.postgres import Connection
from chassis.schedule import Due
from completion.domain import Target
from completion.handlers import (
    FORGET_REQUESTS,
    Institution,
    contacts_changed,
    forget_requests,
    people_changed,
)
from completion.sources import Source
from support.completions import (
    CAMPUS,
    NOW,
    Completion,
    contact,
    new_person,
    onboarded,
    said,
)
from support.waiting import eventually

KEEP = timedelta(days=400)
OLD, RECENT = NOW - timedelta(days=401), NOW - timedelta(days=399)
INSTITUTION = Institution(
    {CAMPUS.name: Source(CAMPUS.name, CAMPUS.keys, {"psh23-b": Target("2023-24", "B")})},
    "America/New_York",
)


@asynccontextmanager
async def undone(service: Completion) -> AsyncIterator[Connection]:
    """A transaction of the service's database that nobody else sees anything of."""
    connection = await asyncpg.connect(service.dsn)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


async def store(connection: Connection, webhook_id: str, body: bytes, **columns: Any) -> None:
    await connection.execute(
        """
        INSERT INTO webhook_request (source, webhook_id, webhook_timestamp, webhook_signature,
                                     received_at, body, outcome)
        VALUES ('campus-lms', $1, '1', 'v1,x', $2, $3, $4)
        """,
        webhook_id,
        columns.get("received_at", NOW),
        body,
        columns.get("outcome"),
    )


async def forget_all(connection: Connection) -> None:
    await connection.execute("DELETE FROM unmatched")
    await connection.execute("DELETE FROM webhook_request")


async def kept(connection: Connection, prefix: str) -> dict[str, tuple[str, bytes | None]]:
    rows = await connection.fetch(
        "SELECT webhook_id, outcome, body FROM webhook_request WHERE starts_with(webhook_id, $1)",
        prefix,
    )
    return {row["webhook_id"]: (row["outcome"], row["body"]) for row in rows}


def record(person: str, event: Any) -> Record:
    return Record(event, person, "", 0, 0, b"")


async def meet(connection: Connection, person: str, email: str) -> None:
    await people_changed(connection, [record(person, onboarded(person))])
    await contacts_changed(connection, INSTITUTION, [record(person, contact(person, email=email))])


async def test_what_came_before_an_erasure_counts_and_its_text_goes(
    completion: Completion,
) -> None:
    person = new_person()
    address = f"canary{person}@example.edu"
    async with undone(completion) as connection:
        await meet(connection, person, address)
        await store(connection, "erase_before", said(address))
        await contacts_changed(connection, INSTITUTION, [record(person, None)])
        assert await kept(connection, "erase_") == {"erase_before": ("changed", None)}
        assert not await connection.fetch("SELECT FROM unmatched WHERE reference = $1", address)
        assert await connection.fetchval(
            "SELECT count(*) FROM outbox WHERE aggregateid = $1", person
        )


async def test_the_text_of_what_comes_after_an_erasure_is_not_kept(
    completion: Completion,
) -> None:
    person = new_person()
    async with undone(completion) as connection:
        await meet(connection, person, f"canary{person}@example.edu")
        await contacts_changed(connection, INSTITUTION, [record(person, None)])
        await store(connection, "after_1", said(person, name="Canary Name"))
        # Any tombstone brings interpretation up to date.
        await contacts_changed(connection, INSTITUTION, [record("nobody", None)])
        assert await kept(connection, "after_") == {"after_1": ("changed", None)}

        await meet(connection, person, f"again{person}@example.edu")
        body = said(person, "psh23-a")
        await store(connection, "after_2", body)
        await contacts_changed(connection, INSTITUTION, [record("nobody", None)])
        assert (await kept(connection, "after_2"))["after_2"] == ("changed", body)


@pytest.mark.parametrize("outcome", ["changed", "unchanged", "unreadable"])
async def test_an_interpreted_request_is_forgotten_when_its_days_are_over(
    completion: Completion, outcome: str
) -> None:
    async with undone(completion) as connection:
        await forget_all(connection)
        for webhook_id, at in (("forget_old", OLD), ("forget_recent", RECENT)):
            await store(connection, webhook_id, b"{}", received_at=at, outcome=outcome)
        due = Due(FORGET_REQUESTS, "all", NOW)
        assert await forget_requests(connection, due, NOW, keep=KEEP)
        assert list(await kept(connection, "")) == ["forget_recent"]
        again = await connection.fetchval("SELECT due_at FROM due_work")
        assert again == NOW + timedelta(days=1)


async def test_what_nobody_was_matched_with_and_what_waits_is_kept(
    completion: Completion,
) -> None:
    async with undone(completion) as connection:
        await forget_all(connection)
        await store(connection, "unmatched", b"{}", received_at=OLD, outcome="unmatched")
        await store(connection, "waiting", b"{}", received_at=OLD)
        due = Due(FORGET_REQUESTS, "all", NOW)
        assert await forget_requests(connection, due, NOW, keep=KEEP)
        assert set(await kept(connection, "")) == {"unmatched", "waiting"}
        assert await connection.fetchval("SELECT due_at FROM due_work") == NOW + KEEP


async def test_a_full_chunk_means_that_more_is_left(
    completion: Completion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("completion.handlers.FORGET_CHUNK", 2)
    async with undone(completion) as connection:
        await forget_all(connection)
        for n in range(5):
            await store(connection, f"many_{n}", b"{}", received_at=OLD, outcome="changed")
        due = Due(FORGET_REQUESTS, "all", NOW)
        rounds = [await forget_requests(connection, due, NOW, keep=KEEP) for _ in range(3)]
        assert rounds == [False, False, True]
        assert await kept(connection, "") == {}


async def test_the_service_forgets_by_itself_and_the_fact_stays(completion: Completion) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person)
    await completion.fetch(
        "UPDATE webhook_request SET received_at = $1 WHERE person_id = $2", OLD, person
    )
    await completion.fetch("UPDATE due_work SET due_at = to_timestamp(0)")

    async def forgotten() -> bool:
        return not await completion.fetch(
            "SELECT FROM webhook_request WHERE person_id = $1", person
        )

    await eventually(forgotten, timeout=10)
    assert await completion.fetch("SELECT FROM module_statement WHERE person_id = $1", person)
    assert len(await completion.facts(person)) == 1
