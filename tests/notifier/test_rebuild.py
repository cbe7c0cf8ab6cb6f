"""Topics read again, databases lost or restored, a second sender: nothing is mailed twice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chassis import positions
from chassis.gate import Gate
from support.databases import Database, Databases
from support.faulty_smtp import Fault, FaultySmtp, faulty_smtp
from support.notifiers import (
    TOPICS,
    Notifier,
    completed,
    contact,
    cycle,
    execute,
    obligation,
    reminder,
    running,
    settings_for,
)
from support.waiting import eventually


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


async def test_an_empty_database_revives_what_is_called_for_and_nothing_else(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    smtp: FaultySmtp,
) -> None:
    bootstrap = await fresh_topics(*TOPICS)
    async with running(settings_for(await database("notifier"), bootstrap, smtp.port)) as first:
        await first.take(cycle(), *map(contact, "abc"))
        async with first.runtime.pool.acquire() as connection:
            await connection.execute("INSERT INTO stop_switch VALUES ('all', '', 'test')")
        await first.take(*map(obligation, "abc"))
        await first.rest()
        await first.take(*(obligation(who, version=2, status="ended") for who in "abc"))
        for who in "abc":
            await first.becomes(who, release_1="cancelled")
        await first.take(obligation("b", version=3), obligation("c", version=3))
        await first.becomes("c", release_1="planned")
        await first.resume_everything()
        await first.becomes("b", release_1="accepted")
        await first.becomes("c", release_1="accepted")
        await first.rest()
        known, accepted = await first.mails(), smtp.ids()

    settings = settings_for(await database("notifier"), bootstrap, smtp.port)
    async with running(settings) as second:
        await second.rest()
        assert await second.mails() == known
        assert smtp.ids() == accepted
        await second.take(obligation("a", version=3))
        await second.becomes("a", release_1="accepted")


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


async def test_a_database_that_falls_back_under_a_running_sender_shuts_the_gate(
    notifier: Notifier, smtp: FaultySmtp
) -> None:
    await notifier.take(contact("p1"), obligation("p1"))
    await notifier.becomes("p1", release_1="accepted")
    await notifier.rest()
    async with notifier.runtime.pool.acquire() as connection, connection.transaction():
        # What a restore leaves behind: an older ledger, and older positions.
        await connection.execute("UPDATE mail SET state = 'planned', version = 1")
        await connection.execute("UPDATE consumer_position SET next_offset = 0")
    await notifier.take(contact("p2"), obligation("p2"))

    await notifier.becomes("p2", release_1="accepted")
    await notifier.becomes("p1", release_1="accepted")
    assert len(smtp.accepted) == 2


async def test_after_a_fall_back_what_was_sent_since_the_last_look_counts_too(
    notifier: Notifier,
) -> None:
    gate = Gate(notifier.runtime, TOPICS)
    await notifier.rest()
    async with notifier.runtime.pool.acquire() as connection:
        looked_at = await positions.read_all(connection, "notifier")
        assert await gate.is_open(connection)
    await notifier.take(contact("p1"), obligation("p1"))
    await notifier.becomes("p1", release_1="accepted")
    await notifier.rest()
    async with notifier.runtime.pool.acquire() as connection:
        restored = connection.transaction()
        await restored.start()
        await connection.execute("UPDATE consumer_position SET next_offset = 0")
        assert not await gate.is_open(connection)
        reached = await positions.read_all(connection, "notifier")
        await positions.advance(connection, "notifier", reached, looked_at)
        assert not await gate.is_open(connection)
        await restored.rollback()
        assert await gate.is_open(connection)


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
        "OWNER notifier_owner STRATEGY file_copy",
        f'GRANT CONNECT ON DATABASE "{name}" TO notifier',
    )
    return Database(
        name,
        original.owner_dsn.replace(original.name, name),
        original.app_dsn.replace(original.name, name),
    )
