"""From events to the ledger and back onto the topic: once each, whatever is replayed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from notifier.handlers import read_balance
from schemas.notifier import MailChanged
from schemas.topics import TOPICS as DECLARED
from support.databases import Database, Databases
from support.faulty_smtp import Fault, FaultySmtp, faulty_smtp
from support.notifiers import (
    TOPICS,
    Notifier,
    Sending,
    completed,
    contact,
    cycle,
    department,
    execute,
    obligation,
    person,
    reminder,
    running,
    settings_for,
)
from support.waiting import eventually


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
                found += [json.loads(r.value) for records in batch.values() for r in records]
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
    await notifier.take(reminder(who), completed(who, version=2))
    await notifier.becomes(
        who, release_1="accepted", reminder_1="planned", confirmation_1="accepted"
    )
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("DELETE FROM stop_switch")

    await notifier.becomes(
        who, release_1="accepted", reminder_1="cancelled", confirmation_1="accepted"
    )
    assert sending.recipients == [who, who]


async def test_the_books_balance(sending: Sending) -> None:
    await sending.release()
    await sending.notifier.rest()
    async with sending.notifier.runtime.pool.acquire() as connection:
        balance = await read_balance(connection)

    places = ("accepted", "failed", "uncertain", "cancelled", "withheld", "open")
    assert balance["balanced"]
    assert balance["planned"] == sum(balance[place] for place in places)
    assert balance["open"] == 0


async def test_redelivering_everything_sends_nothing(notifier: Notifier, smtp: FaultySmtp) -> None:
    history = [
        contact("p1"),
        obligation("p1"),
        reminder("p1"),
        completed("p1"),
        obligation("p1", version=3, reopened=1),
        completed("p1", version=4, reopened=1),
    ]
    for event in history:
        await notifier.take(event)
        await notifier.rest()
    before, accepted = await notifier.mails(), smtp.ids()

    await notifier.take(cycle(), *history, *reversed(history))
    await notifier.rest()

    assert len(accepted) == len(set(accepted)) == 4
    assert smtp.ids() == accepted
    assert await notifier.mails() == before


async def test_an_empty_database_learns_from_the_topics_and_sends_nothing_again(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    smtp: FaultySmtp,
) -> None:
    bootstrap = await fresh_topics(*TOPICS)
    async with running(settings_for(await database("notifier"), bootstrap, smtp.port)) as first:
        await first.take(cycle(), *map(contact, "abcd"))
        await first.take(obligation("a"), obligation("b"), reminder("b"), completed("b"))
        await first.rest()
        smtp.fault("DOT", Fault(drop=True, accept=True))
        await first.take(obligation("c"))
        await first.becomes("c", release_1="uncertain")
        await first.take(obligation("d", hold=True))
        await first.becomes("d", release_1="withheld")
        await first.rest()
        known, accepted = await first.mails(), smtp.ids()

    settings = settings_for(await database("notifier"), bootstrap, smtp.port)
    async with running(settings) as second:
        await second.rest()
        await eventually(lambda: _equal(second, known), timeout=10)

    assert smtp.ids() == accepted


async def test_a_database_restored_from_an_older_backup_sends_nothing_again(
    databases: Databases, fresh_topics: Callable[..., Awaitable[str]]
) -> None:
    bootstrap = await fresh_topics(*TOPICS)
    original = await databases.fresh("notifier")
    async with faulty_smtp() as smtp:
        settings = settings_for(original, bootstrap, smtp.port)
        await execute(original, "INSERT INTO stop_switch VALUES ('all', '', 'test')")
        async with running(settings) as notifier:
            await notifier.take(cycle(), contact("p1"), obligation("p1"))
            await notifier.becomes("p1", release_1="planned")
            await notifier.rest()
        backup = await _copy(databases, original)
        await execute(original, "DELETE FROM stop_switch")
        async with running(settings) as notifier:
            await notifier.becomes("p1", release_1="accepted")
            await notifier.rest()
        await execute(backup, "DELETE FROM stop_switch")
        async with running(settings_for(backup, bootstrap, smtp.port)) as restored:
            await restored.becomes("p1", release_1="accepted")
            await restored.rest()
        assert len(smtp.accepted) == 1
    await databases.drop(original)
    await databases.drop(backup)


async def test_two_notifiers_on_one_ledger_send_each_mail_once(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    smtp: FaultySmtp,
) -> None:
    bootstrap = await fresh_topics(*TOPICS)
    settings = settings_for(await database("notifier"), bootstrap, smtp.port)
    people = [f"p{n}" for n in range(300)]
    async with running(settings) as one, running(settings) as other:
        await one.take(cycle(), *map(contact, people), *map(obligation, people))
        await eventually(lambda: len(smtp.accepted), timeout=20)
        await eventually(lambda: len(smtp.accepted) >= len(people), timeout=60)
        await asyncio.gather(one.rest(), other.rest())

        states = {mail.state for mail in (await one.mails()).values()}
    assert states == {"accepted"}
    assert sorted(smtp.ids()) == sorted(set(smtp.ids()))
    assert len(smtp.ids()) == len(people)


async def _equal(notifier: Notifier, known: dict[str, Any]) -> bool:
    found = await notifier.mails()
    assert found == known
    return True


async def _copy(databases: Databases, original: Database) -> Database:
    name = f"{original.name}_copy"
    await databases._as_admin(
        f'CREATE DATABASE "{name}" TEMPLATE "{original.name}" '
        'OWNER notifier_owner STRATEGY file_copy',
        f'GRANT CONNECT ON DATABASE "{name}" TO notifier',
    )
    return Database(
        name,
        original.owner_dsn.replace(original.name, name),
        original.app_dsn.replace(original.name, name),
    )
