"""The sending process is killed at each stage of a delivery; the next one takes over its ledger."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from embedded.mailserver import MailServer
from embedded.ports import free_port
from support.databases import Database
from support.events import send_events
from support.faulty_smtp import Fault, FaultySmtp, Stage
from support.notifiers import (
    TOKEN,
    TOPICS,
    contact,
    cycle,
    execute,
    obligation,
    running,
    settings_for,
)
from support.waiting import eventually


@asynccontextmanager
async def process(
    database: Database, bootstrap: str, smtp_port: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The notifier as a process of its own, killed with SIGKILL at the end."""
    environment = {
        "NOTIFIER_DATABASE_URL": database.app_dsn,
        "NOTIFIER_KAFKA_BOOTSTRAP": bootstrap,
        "NOTIFIER_MACHINE_TOKEN": TOKEN,
        "NOTIFIER_HTTP_PORT": str(free_port()),
        "NOTIFIER_SMTP_HOST": "127.0.0.1",
        "NOTIFIER_SMTP_PORT": str(smtp_port),
        "NOTIFIER_CALENDAR": "stepped",
        "NOTIFIER_LOG_LEVEL": "error",
    }
    command = (sys.executable, "-m", "notifier", "run")
    started = await asyncio.create_subprocess_exec(*command, env=os.environ | environment)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGKILL)
        await started.wait()


async def states(database: Database) -> dict[str, tuple[str, str | None]]:
    rows = await execute(database, "SELECT person_id, state, reason FROM mail")
    return {row["person_id"]: (row["state"], row["reason"]) for row in rows}


async def reaches(smtp: FaultySmtp, stage: Stage, times: int) -> None:
    await eventually(lambda: smtp.reached[stage] >= times, timeout=40)


async def test_a_killed_sender_repeats_nothing_and_lists_what_is_uncertain(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    smtp: FaultySmtp,
) -> None:
    bootstrap, ledger = await fresh_topics(*TOPICS), await database("notifier")
    stages: dict[str, Stage] = {
        "offered": "MAIL",
        "taken": "RCPT",
        "begun": "DATA",
        "transmitted": "DOT",
    }
    async with process(ledger, bootstrap, smtp.port):
        await send_events(bootstrap, [cycle()])
        for person_id, stage in stages.items():
            seen = smtp.reached[stage]
            smtp.fault(stage, Fault(until=asyncio.Event(), accept=True))
            await send_events(bootstrap, [contact(person_id), obligation(person_id)])
            await reaches(smtp, stage, seen + 1)
    smtp.heal()
    assert await states(ledger) == {
        "offered": ("planned", None),
        "taken": ("planned", None),
        "begun": ("sending", None),
        "transmitted": ("sending", None),
    }

    async with running(settings_for(ledger, bootstrap, smtp.port)) as second:
        await second.rest()

    assert await states(ledger) == {
        "offered": ("accepted", None),
        "taken": ("accepted", None),
        "begun": ("uncertain", "process_died"),
        "transmitted": ("uncertain", "process_died"),
    }
    recipients = sorted(address for address, _ in smtp.accepted)
    assert recipients == [f"{name}@example.edu" for name in ("offered", "taken", "transmitted")]


async def test_a_mail_server_that_is_killed_and_comes_back_gets_the_rest(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    tmp_path: Path,
) -> None:
    bootstrap, ledger = await fresh_topics(*TOPICS), await database("notifier")
    server = MailServer(tmp_path)
    people = [f"p{n}" for n in range(200)]
    server.start()
    try:
        async with running(settings_for(ledger, bootstrap, server.port)) as notifier:
            await notifier.take(cycle(), *map(contact, people), *map(obligation, people))
            await eventually(server.accepted, timeout=30)
            server.kill()
            await asyncio.sleep(0.5)
            server.start()
            await notifier.rest()
    finally:
        server.kill()

    found = await states(ledger)
    uncertain = {person for person, (state, _) in found.items() if state == "uncertain"}
    accepted = {person for person, (state, _) in found.items() if state == "accepted"}
    received = [mail.rcpt_to[0].partition("@")[0] for mail in server.accepted()]
    assert accepted | uncertain == set(people)
    assert len(received) == len(set(received))
    assert accepted <= set(received) <= accepted | uncertain
    assert len(uncertain) <= 2
