"""What each service holds in memory after many events, beside what it held after few."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import webhook
from bench.fed import Fed
from bench.figure import Figure
from bench.ground import Ground
from bench.serving import serving
from chassis import collector
from embedded.demo.rest import Observer
from embedded.mailserver import MailServer
from embedded.ports import free_port
from embedded.services import Service
from schemas.topics import SERVICES, topics_read_by, topics_written_by
from support.topics import recreate_topics

FEW, MANY = 10_000, 300_000
GROWTH_MB = 20.0
LIMIT_MB = 150.0
TOKEN = "a-token-for-the-bench"
# What the database was made of stays, and the audit refuses to be emptied.
_TRUNCATE = """
SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('migration', 'audit_entry')
"""


async def ours(service: str, ground: Ground) -> float:
    """Megabytes resident once every event is settled and what they took is given back."""
    return await _resident_mb(service, ground, ground.events)


async def ceiling(service: str, ground: Ground) -> float:
    """What it may hold: that of the first 10,000 events and 20 MB more, and never over 150."""
    few = await _resident_mb(service, ground, min(FEW, ground.events))
    return min(LIMIT_MB, few + GROWTH_MB)


async def prepare(_: Ground) -> None:
    """Nothing: each half makes its own events."""


async def reset(service: str, ground: Ground) -> None:
    """Empty topics and tables."""
    topics = {t.name for t in (*topics_read_by(service), *topics_written_by(service))}
    await recreate_topics(ground.bootstrap, topics)
    connection = await asyncpg.connect(ground.owner_database_url)
    try:
        await connection.execute(await connection.fetchval(_TRUNCATE))
    finally:
        await connection.close()


@asynccontextmanager
async def digested(name: str, ground: Ground, events: int) -> AsyncIterator[int]:
    """The service once it has taken in so many events and come to rest; gives its process id."""
    from bench import feeds  # it imports half of every service

    feed, per_person = feeds.FEEDS[name]
    async with _running(name, ground) as (fed, pid):
        await feed(fed, -(-events // per_person))
        count = await fed.read() or await _published(name, ground)
        if count < events:
            raise RuntimeError(f"{name} was to have {events:,} events, and had {count:,}")
        yield pid


async def _resident_mb(name: str, ground: Ground, events: int) -> float:
    # Nothing is timed here: who feeds may use the other processors.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    async with digested(name, ground, events) as pid:
        await asyncio.sleep(2 * collector.TRIM_EVERY_S)
        resident, peak = _status_mb(pid, "VmRSS"), _status_mb(pid, "VmHWM")
    print(f"{name}, {events:,} events: {resident:.0f} MB, at most {peak:.0f}", file=sys.stderr)
    return resident


@asynccontextmanager
async def _running(name: str, ground: Ground) -> AsyncIterator[tuple[Fed, int]]:
    """The service by its own command, with a mail server beside it; and its process id."""
    service = Service(name, free_port())
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mail = MailServer(folder)
        stack.callback(mail.kill)
        mail.start()
        environment = _environment(service, ground, mail, folder)
        command = ["-m", name, "run"]
        pid = await stack.enter_async_context(
            serving(command, environment, service.port, "/health/ready")
        )
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=service.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=600
            )
        )
        observer = await stack.enter_async_context(Observer(client, [service], ground.bootstrap))
        yield Fed(service, ground.bootstrap, client, observer), pid


def _environment(
    service: Service, ground: Ground, mail: MailServer, folder: Path
) -> dict[str, str]:
    sources = folder / "sources.toml"
    sources.write_text(webhook.SOURCES)
    settings = {
        "DATABASE_URL": ground.database_url,
        "KAFKA_BOOTSTRAP": ground.bootstrap,
        "MACHINE_TOKEN": TOKEN,
        "HTTP_PORT": str(service.port),
        "CALENDAR": "stepped",
        "SMTP_HOST": mail.host,
        "SMTP_PORT": str(mail.port),
        "SOURCES_FILE": str(sources),
        "WEBHOOK_RATE_PER_S": "1000000",
    }
    return {f"{service.name.upper()}_{key}": value for key, value in settings.items()}


async def _published(service: str, ground: Ground) -> int:
    partitions = [
        TopicPartition(topic.name, number)
        for topic in topics_written_by(service)
        for number in range(topic.partitions)
    ]
    async with AIOKafkaConsumer(bootstrap_servers=ground.bootstrap) as consumer:
        return sum((await consumer.end_offsets(partitions)).values())


def _status_mb(pid: int, field: str) -> float:
    """A line of /proc/PID/status in MB of 2^20 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no {field}")


def _figure(service: str) -> Figure:
    return Figure(
        name=f"memory-{service}",
        unit="MB",
        goal=1.0,
        events=MANY,
        prepare=prepare,
        reset=partial(reset, service),
        ours=partial(ours, service),
        ceiling=partial(ceiling, service),
        service=service,
        at_most=True,
        rounds=1,
    )


FIGURES = tuple(map(_figure, SERVICES))
