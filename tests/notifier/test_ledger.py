"""From events to the ledger, to the mail server, and onto the topic."""

import json
from email import message_from_bytes
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from fastapi import FastAPI

from chassis.http import install
from notifier.api import router
from notifier.handlers import read_balance, take_contacts
from schemas.notifier import MailChanged
from schemas.topics import TOPICS as DECLARED
from support.notifiers import (
    TOKEN,
    Sending,
    completed,
    contact,
    department,
    obligation,
    person,
    reminder,
)


async def published(bootstrap: str) -> list[dict[str, Any]]:
    """Every MailChanged on the topic, in order per partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    name = MailChanged.TOPIC
    partitions = [TopicPartition(name, n) for n in range(DECLARED[name].partitions)]
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[dict[str, Any]] = []
        for tp, end in ends.items():
            while await consumer.position(tp) < end:
                batch = await consumer.getmany(tp, timeout_ms=1000)
                found += [json.loads(r.value or b"") for rs in batch.values() for r in rs]
        return found
    finally:
        await consumer.stop()


async def test_one_person_gets_each_mail_once_along_a_whole_cycle(sending: Sending) -> None:
    notifier, who = sending.notifier, await sending.release()
    await notifier.becomes(who, release_1="accepted")
    await notifier.take(reminder(who), reminder(who, kind="due_soon"))
    await notifier.becomes(who, release_1="accepted", reminder_1="accepted", due_soon_1="accepted")
    await notifier.take(obligation(who, version=2, status="overdue"), reminder(who, kind="overdue"))
    await notifier.take(completed(who, version=3, status="completed_late"))
    await notifier.rest()

    expected = ["release", "reminder", "due_soon", "overdue", "confirmation"]
    kinds = [message_from_bytes(raw)["X-Rollcall-Kind"] for _, raw in sending.smtp.accepted]
    assert sorted(set(kinds) - {"overdue"}) == sorted(set(expected) - {"overdue"})
    assert len(kinds) == len(set(kinds))


async def test_every_step_is_published_with_a_dense_version(sending: Sending) -> None:
    who = await sending.release()
    await sending.notifier.becomes(who, release_1="accepted")
    await sending.notifier.rest()

    events = [e for e in await published(sending.notifier.bootstrap) if e["person_id"] == who]
    assert [(e["version"], e["state"]) for e in events] == [
        (1, "planned"),
        (2, "sending"),
        (3, "accepted"),
    ]
    assert not any("@" in json.dumps(event) for event in events)


async def test_a_completion_before_the_release_makes_the_release_say_so(sending: Sending) -> None:
    who, notifier = "early", sending.notifier
    early = completed(who, version=1, status="scheduled", released_at=None, due_on=None)
    await notifier.take(contact(who), early)
    await notifier.becomes(who, confirmation_1="accepted")
    await notifier.take(completed(who))
    await notifier.becomes(who, confirmation_1="accepted", release_1="accepted")

    subjects = [message_from_bytes(raw)["Subject"] for _, raw in sending.smtp.accepted]
    assert [subject.split(":")[0] for subject in subjects] == ["Completed", "Already done"]


async def test_a_completion_is_confirmed_once_though_the_person_becomes_exempt(
    sending: Sending,
) -> None:
    who, notifier = "exempted", sending.notifier
    first = completed(who, version=1, status="scheduled", released_at=None, due_on=None)
    await notifier.take(contact(who), first)
    await notifier.becomes(who, confirmation_1="accepted")
    await notifier.take(completed(who, status="exempt", released_at=None, due_on=None))
    await notifier.rest()

    await notifier.becomes(who, confirmation_1="accepted")


async def test_a_hold_keeps_mail_back_and_its_end_lets_it_go_once(sending: Sending) -> None:
    who, notifier = "held", sending.notifier
    await notifier.take(person(who, hold=True), contact(who))
    await notifier.rest()
    await notifier.take(obligation(who))
    await notifier.becomes(who, release_1="withheld")
    await notifier.take(person(who, version=2))
    await notifier.becomes(who, release_1="accepted")

    assert sending.recipients == [who]


async def test_an_erasure_deletes_the_copy_and_cancels_what_is_queued(
    sending: Sending, shared: Sending
) -> None:
    notifier = sending.notifier
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("INSERT INTO stop_switch VALUES ('all', '', 'test')")
    who = await sending.release()
    await notifier.becomes(who, release_1="planned")
    await notifier.erase(who)
    await notifier.rest()
    await notifier.resume_everything()

    await notifier.becomes(who, release_1="cancelled")
    assert (await notifier.mails(who))["release 1"].reason == "erased"
    async with notifier.runtime.pool.acquire() as connection:
        kept = await connection.fetchrow("SELECT * FROM contact WHERE person_id = $1", who)
    assert kept is not None
    assert (kept["display_name"], kept["email"]) == (None, None)


async def kept_contacts(sending: Sending, changes: list[Any]) -> list[tuple[Any, ...]]:
    """What is kept of a person after one batch of (person id, event or tombstone)."""
    async with sending.notifier.runtime.pool.acquire() as connection:
        await take_contacts(connection, changes)
        rows = await connection.fetch(
            "SELECT version, erased, email FROM contact WHERE person_id = $1", changes[0][0]
        )
    return [tuple(row) for row in rows]


async def test_an_older_address_after_a_newer_in_one_batch_is_passed_over(
    sending: Sending,
) -> None:
    newer, older = contact("moved", version=5), contact("moved", version=4, email="old@example.edu")
    kept = await kept_contacts(sending, [("moved", newer), ("moved", older)])
    assert kept == [(5, False, "moved@example.edu")]


async def test_a_tombstone_erases_although_a_new_address_follows_in_the_same_batch(
    sending: Sending,
) -> None:
    before = contact("returned", version=7, email="old@example.edu")
    await kept_contacts(sending, [("returned", before)])
    kept = await kept_contacts(sending, [("returned", None), ("returned", contact("returned"))])
    assert kept == [(1, False, "returned@example.edu")]
    assert await kept_contacts(sending, [("returned", before), ("returned", None)]) == [
        (0, True, None)
    ]


async def test_a_kind_of_mail_that_a_newer_version_planned_is_left_to_it(
    sending: Sending,
) -> None:
    notifier = sending.notifier
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO mail (mail_id, person_id, cycle, occurrence, kind, ordinal, version, state,
                              planned_at, changed_at)
            VALUES ($1, 'reader', '2023-24', '1', 'policy_copy', 1, 1, 'planned', now(), now())
            """,
            uuid4(),
        )
    who = await sending.release()
    await notifier.becomes(who, release_1="accepted")
    await notifier.becomes("reader", policy_copy_1="planned")
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("DELETE FROM mail WHERE person_id = 'reader'")


async def test_a_person_without_an_address_is_listed_with_the_reason(sending: Sending) -> None:
    await sending.notifier.take(contact("mute", email=None), obligation("mute"))
    await sending.notifier.becomes("mute", release_1="failed")
    await sending.notifier.take(obligation("unheard-of"))
    await sending.notifier.becomes("unheard-of", release_1="failed")

    for who in ("mute", "unheard-of"):
        assert (await sending.notifier.mails(who))["release 1"].reason == "no_address"


async def test_the_sender_is_that_of_the_persons_area(sending: Sending) -> None:
    notifier = sending.notifier
    await notifier.take(department("biology", area_id="school-science"), contact("biologist"))
    await notifier.rest()
    await notifier.take(obligation("biologist", department_ids=("biology",)))
    await notifier.becomes("biologist", release_1="accepted")

    message = message_from_bytes(sending.smtp.accepted[-1][1])
    assert "science@example.edu" in message["From"]


async def test_a_stop_holds_a_kind_back_within_seconds_and_resuming_repeats_nothing(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, await sending.release()
    await notifier.becomes(who, release_1="accepted")
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("INSERT INTO stop_switch VALUES ('kind', 'reminder', 'test')")
    await notifier.take(reminder(who))
    await notifier.becomes(who, release_1="accepted", reminder_1="planned")
    await notifier.take(completed(who, version=2))
    await notifier.becomes(
        who, release_1="accepted", reminder_1="cancelled", confirmation_1="accepted"
    )
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("DELETE FROM stop_switch")
    await notifier.rest()

    assert sending.recipients == [who, who]


async def test_machines_read_the_books_over_http(sending: Sending) -> None:
    app = FastAPI()
    app.state.runtime = sending.notifier.runtime
    install(app)
    app.include_router(router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notifier") as client:
        assert (await client.get("/ledger")).status_code == 401
        token = {"Authorization": f"Bearer {TOKEN}"}
        nul = await client.get("/ledger", params={"cycle": "\0"}, headers=token)
        assert nul.status_code == 422
        answer = await client.get("/ledger", params={"cycle": "1999"}, headers=token)
    assert answer.status_code == 200
    assert answer.json()["planned"] == 0


async def test_the_books_balance(sending: Sending) -> None:
    await sending.release()
    await sending.notifier.rest()
    async with sending.notifier.runtime.pool.acquire() as connection:
        balance = await read_balance(connection)

    places = ("accepted", "failed", "uncertain", "cancelled", "withheld", "open")
    assert balance["balanced"]
    assert balance["planned"] == sum(balance[place] for place in places)
    assert balance["open"] == 0
