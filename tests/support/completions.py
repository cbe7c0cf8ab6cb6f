"""The completion service over real HTTP, and a learning system that signs by hand."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvicorn
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.parsing import parse
from chassis.service import build_app
from completion.app import create_service
from completion.settings import CompletionSettings
from embedded.ports import LOOPBACK, free_port
from schemas.completion import CompletionState
from schemas.roster import ContactChanged, PersonOnboarded
from schemas.topics import TOPICS
from support.databases import Database
from support.events import send_events
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
COMPLETIONS = "completion.module.v1"
ROSTER = ("roster.person.v1", "roster.contact.v1")
NOW = datetime(2023, 10, 20, 12, tzinfo=UTC)

_numbers = itertools.count(1)


def new_person() -> str:
    """An institute id nobody has had in this session."""
    return f"9{next(_numbers):08d}"


def said(person: str, course: str = "psh23-b", **changes: Any) -> bytes:
    """The body of a message; `changes` replace fields of its data, `type` its type."""
    kind = changes.pop("type", f"module.{changes.get('status', 'completed')}")
    data = {
        "person": person,
        "module": course,
        "completed_at": "2023-10-02T09:00:00-04:00",
        "status": "completed",
        "attempt": 1,
    }
    message = {"type": kind, "timestamp": "2023-10-20T08:00:00-04:00", "data": data | changes}
    return json.dumps(message).encode()


@dataclass(frozen=True)
class LearningSystem:
    """A source: its name, the keys it is known by, and how it signs (spelled out, no library)."""

    name: str
    keys: tuple[bytes, ...]
    courses: dict[str, tuple[str, str]] = field(default_factory=dict)

    def headers(
        self, body: bytes, webhook_id: str, *, key: bytes | None = None, at: float | None = None
    ) -> dict[str, str]:
        """Signed headers, by the first key and as of now unless said otherwise."""
        timestamp = str(int(time.time() if at is None else at))
        content = f"{webhook_id}.{timestamp}.".encode() + body
        digest = hmac.new(key or self.keys[0], content, hashlib.sha256).digest()
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }

    def table(self) -> str:
        """Its part of the sources file."""
        secrets = [f"whsec_{base64.b64encode(key).decode()}" for key in self.keys]
        lines = [f"[sources.{self.name}]", f"secrets = {json.dumps(secrets)}"]
        lines.append(f"[sources.{self.name}.courses]")
        for course, (cycle, option) in self.courses.items():
            lines.append(f'{course} = {{ cycle = "{cycle}", option = "{option}" }}')
        return "\n".join(lines)


CAMPUS = LearningSystem(
    "campus-lms",
    (b"campus key, thirty-two bytes ok!", b"the key that comes after that..."),
    {"psh23-a": ("2023-24", "A"), "psh23-b": ("2023-24", "B")},
)
OTHER = LearningSystem(
    "other-lms", (b"another key of thirty-two bytes.",), {"o-1": ("2023-24", "C")}
)


def write_sources(path: Path, *systems: LearningSystem) -> Path:
    """A sources file with these learning systems."""
    path.write_text("\n".join(system.table() for system in systems or (CAMPUS, OTHER)))
    return path


def settings_for(
    database: Database, bootstrap: str, sources_file: Path, **changes: Any
) -> CompletionSettings:
    """Settings of a completion service on a stepped calendar."""
    known: dict[str, Any] = {
        "database_url": database.app_dsn,
        "kafka_bootstrap": bootstrap,
        "machine_token": TOKEN,
        "calendar": "stepped",
        "sources_file": sources_file,
        "http_port": free_port(),
    }
    return CompletionSettings(**known | changes)


@dataclass
class Completion:
    """A completion service to talk to; the same whether it runs here or in a process of its own."""

    base_url: str
    bootstrap: str
    dsn: str
    client: httpx.AsyncClient

    async def post(
        self,
        body: bytes,
        webhook_id: str | None = None,
        *,
        system: LearningSystem = CAMPUS,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a webhook, properly signed unless `headers` are given."""
        signed = headers or system.headers(body, webhook_id or f"msg_{next(_numbers)}")
        return await self.client.post(f"/webhooks/{system.name}", content=body, headers=signed)

    async def tell(self, person: str, course: str = "psh23-b", **changes: Any) -> None:
        """Send a message that must be accepted, and wait until it has been interpreted."""
        system = changes.pop("system", CAMPUS)
        answer = await self.post(said(person, course, **changes), system=system)
        assert answer.status_code == 202, answer.text
        await self.at_rest()

    async def step(self, to: datetime = NOW) -> None:
        """Move the calendar."""
        headers = {"authorization": f"Bearer {TOKEN}"}
        body = {"now": to.isoformat()}
        answer = await self.client.post("/calendar", json=body, headers=headers)
        assert answer.status_code in {200, 409}, answer.text

    async def progress(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.client.get("/progress")).json()
        return answer

    async def at_rest(self) -> None:
        """Wait until nothing is left to interpret or to publish."""

        async def resting() -> bool:
            progress = await self.progress()
            return (progress["pending"], progress["outbox"]) == ({"requests": 0}, 0)

        await eventually(resting, timeout=30)

    async def meet(
        self, person: str, *, login: str | None = None, email: str | None = None
    ) -> None:
        """Let the roster publish a person (and contact), and wait until the service has read it."""
        await send_events(self.bootstrap, [onboarded(person)])
        if login or email:
            await send_events(self.bootstrap, [contact(person, login=login, email=email)])
        table = "contact" if login or email else "person"

        async def met() -> bool:
            rows = await self.fetch(f"SELECT FROM {table} WHERE person_id = $1", person)
            return bool(rows)

        # After a kill the broker keeps the dead member's place for its session's 30 s.
        await eventually(met, timeout=60)
        await self.at_rest()

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Look into the service's database."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def facts(self, person: str) -> list[dict[str, Any]]:
        """The person's events so far, in order: type's last words, and the payload."""
        return [
            {"what": event.TYPE.split(".")[-2], **event.model_dump()}
            for event in await read_completions(self.bootstrap)
            if event.person_id == person
        ]


def onboarded(person: str) -> PersonOnboarded:
    return PersonOnboarded(
        person_id=person,
        version=1,
        effective_on=date(2020, 9, 1),
        received_at=NOW,
        onboarded_on=date(2020, 9, 1),
    )


def contact(
    person: str, *, version: int = 1, login: str | None = None, email: str | None = None
) -> ContactChanged:
    return ContactChanged(
        person_id=person,
        version=version,
        effective_on=date(2020, 9, 1),
        received_at=NOW,
        display_name="Canary Name",
        email=email,
        login=login,
    )


async def read_completions(bootstrap: str) -> list[CompletionState]:
    """Everything on `completion.module.v1`, by a fresh client from offset 0."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(COMPLETIONS, n) for n in range(TOPICS[COMPLETIONS].partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        events: list[CompletionState] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                events += [parse(record).event for record in records]
        return events
    finally:
        await consumer.stop()


async def completion_command(
    *arguments: str, service: Completion | None = None, **environment: str
) -> tuple[int | None, str, str]:
    """Exit status, standard output and standard error."""
    if service is not None:
        environment |= {
            "COMPLETION_DATABASE_URL": service.dsn,
            "COMPLETION_KAFKA_BOOTSTRAP": service.bootstrap,
            "COMPLETION_MACHINE_TOKEN": TOKEN,
            "COMPLETION_SOURCES_FILE": "unread.toml",
        }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "completion", *arguments),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


class _Server(uvicorn.Server):
    """Leaves the test runner's signal handlers alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running_here(settings: CompletionSettings) -> AsyncIterator[Completion]:
    """The whole service in this process, behind a real socket."""
    app = build_app(create_service(settings))
    config = uvicorn.Config(
        app, host=LOOPBACK, port=settings.http_port, log_config=None, access_log=False
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        async with talking_to(settings) as service:
            yield service
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def talking_to(settings: CompletionSettings) -> AsyncIterator[Completion]:
    """A client of the service with these settings, once that is ready."""
    base_url = f"http://{LOOPBACK}:{settings.http_port}"
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:

        async def ready() -> bool:
            try:
                return (await client.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready, timeout=60, because="the service is ready")
        dsn = settings.database_url.get_secret_value()
        yield Completion(base_url, settings.kafka_bootstrap, dsn, client)
