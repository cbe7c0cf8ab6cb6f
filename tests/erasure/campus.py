"""A small university on a platform of its own, with one person whom nobody else resembles."""

import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from standardwebhooks import Webhook

from embedded.binaries import POSTGRES_BINARIES
from embedded.demo.calendar import ZONE
from embedded.demo.patience import persist
from embedded.demo.rest import Observer
from embedded.fleet import Fleet
from embedded.platform import Platform
from embedded.services import SERVICES, Service, on_free_ports

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCES = f"""
[sources.campus-lms]
secrets = ["{WEBHOOK_SECRET}"]
[sources.campus-lms.courses]
psh23-b = {{ cycle = "2023-24", option = "B" }}
"""
STRICT = 'extends = "rollcall"\n[brake]\npercent = 0\nat_least = 0\n'
# In earnest a day; here what is superseded is to go while somebody waits.
SOON = {
    "cleanup.policy": "compact",
    "segment.ms": "10",
    "max.compaction.lag.ms": "10",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "10",
    "file.delete.delay.ms": "100",
}


def moment(text: str) -> datetime:
    """A civil moment of the institution, as 2023-09-08T08:00."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


BEGINS = moment("2023-09-01T00:00")


@dataclass
class Campus:
    """The platform with its five services as processes, and those who speak to it."""

    platform: Platform
    fleet: Fleet
    client: httpx.AsyncClient
    observer: Observer
    producer: AIOKafkaProducer
    now: datetime = BEGINS

    @property
    def machine(self) -> dict[str, str]:
        """The machine token as a header."""
        return {"Authorization": f"Bearer {self.platform.secrets.of('machine token')}"}

    def service(self, name: str) -> Service:
        """How that service is reached and started."""
        return next(each for each in self.fleet.services if each.name == name)

    def command(self, name: str, *arguments: str) -> str:
        """Run a service's own command; returns what it printed."""
        service = self.service(name)
        done = subprocess.run(
            service.command(*arguments),
            env=self.fleet.environment(service),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def call(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Call a service and give its answer back, whatever it is."""
        given = {"headers": self.machine, **more}
        url = f"{self.service(name).url}{path}"
        return await self.client.request(method, url, **given)

    async def upload(self, text: str, path: str = "/imports/people") -> dict[str, Any]:
        """Send a file to the roster."""
        headers = self.machine | {"Content-Type": "text/csv"}
        answer = await self.call("roster", "POST", path, content=text.encode(), headers=headers)
        assert answer.is_success, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def act(self, what: str, **more: Any) -> None:
        """The office acts on a person, or at a path of its own, through the machine API."""
        path = what if what.startswith("/") else f"/people/{what}"
        answer = await self.call("roster", "POST", path, json={"actor": "p7", **more})
        assert answer.is_success, answer.text

    async def page(self, name: str, path: str, who: str) -> str:
        """A page as that person sees it, signed in by a trusted proxy."""
        answer = await self.call(name, "GET", path, headers={"X-Remote-User": who})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def webhook(self, number: int, person: str, at: str, status: str = "completed") -> None:
        """A learning system says that somebody finished option B, or failed it."""
        said = {
            "type": "module.completed",
            "timestamp": moment(at).isoformat(),
            "data": {
                "person": person,
                "module": "psh23-b",
                "completed_at": moment(at).isoformat(),
                "status": status,
                "attempt": 1,
            },
        }
        body, now = json.dumps(said), datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(WEBHOOK_SECRET).sign(f"msg_{number}", now, body),
        }
        path = "/webhooks/campus-lms"
        answer = await self.call("completion", "POST", path, content=body, headers=headers)
        assert answer.is_success, answer.text

    async def record(self, record: dict[str, Any]) -> None:
        """An HR system publishes a record on roster.inbound.v1."""
        headers = [("ce_id", b"1"), ("ce_type", b"edu.rollcall.person.reported.v1")]
        await self.producer.send_and_wait(
            "roster.inbound.v1",
            json.dumps(record).encode(),
            key=record["person_id"].encode(),
            headers=headers,
        )

    async def until(self, text: str) -> None:
        """Step everybody's calendar from one due instant to the next, up to a moment."""
        end = moment(text)
        while True:
            due = [each.next_due for each in await self.observer.rest() if each.next_due]
            # What a service that begins anew finds due is long past for the others.
            self.now = max(self.now, min([*due, end]))
            for service in self.fleet.services:
                await persist(partial(self._step, service, self.now))
            if self.now >= end:
                await self.observer.rest()
                return

    async def _step(self, service: Service, now: datetime) -> httpx.Response:
        body = {"now": now.isoformat()}
        return await self.client.post(f"{service.url}/calendar", json=body, headers=self.machine)

    async def figures(self) -> Any:
        """The totals as reporting has them."""
        return (await self.call("reporting", "GET", "/figures/2023-24")).json()

    def url(self, database: str) -> str:
        """That database, as who may see everything in it."""
        return self.platform.postgres.admin_url.rsplit("/", 1)[0] + f"/{database}"

    def dump(self, database: str, path: Path) -> None:
        """Back a service's database up."""
        self._postgres("pg_dump", "--file", str(path), self.url(database))

    def replace_database(self, name: str, backup: Path | None) -> None:
        """Stop a service, drop its database, restore the backup or none, and start it again."""
        self.fleet.supervisor.stop(name)
        admin = self.platform.postgres.admin_url
        self._postgres("psql", "-qc", f'DROP DATABASE "{name}" WITH (FORCE)', admin)
        self.platform.postgres.create_service_databases([name])
        if backup is not None:
            self._postgres("psql", "-q", "-o", "/dev/null", "-f", str(backup), self.url(name))
        self.command(name, "migrate")
        service = self.service(name)
        environment = self.fleet.environment(service)
        self.fleet.supervisor.start(name, service.command("run"), env=environment)

    def _postgres(self, program: str, *arguments: str) -> None:
        command = [str(POSTGRES_BINARIES / program), *arguments]
        subprocess.run(command, check=True, capture_output=True)


@asynccontextmanager
async def campus_in(folder: Path) -> AsyncIterator[Campus]:
    """A platform of its own in that folder, its calendars stepped and its topics quick."""
    (folder / "mappings").mkdir()
    (folder / "mappings" / "strict.toml").write_text(STRICT)
    (folder / "sources.toml").write_text(SOURCES)
    signed_in = {"TRUSTED_PROXIES": "127.0.0.1"}
    extra = {
        "roster": {"MAPPINGS_FOLDER": str(folder / "mappings"), **signed_in},
        "completion": {"SOURCES_FILE": str(folder / "sources.toml")},
        "notifier": {"ENVELOPE_DOMAIN": "example.edu", "CONTACT_WAIT_S": "0"},
        "reporting": signed_in,
    }
    platform = Platform(folder, durable=False)
    services = [replace(each, extra=extra.get(each.name, {})) for each in on_free_ports(SERVICES)]
    fleet = Fleet(platform, services, stepped=True)
    async with AsyncExitStack() as stack:
        stack.callback(platform.stop)
        stack.callback(fleet.stop)
        platform.start(each.name for each in services)
        fleet.prepare()
        fleet.start()
        bootstrap = platform.broker.bootstrap
        await _hurry(bootstrap)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        observer = Observer(client, fleet.services, bootstrap)
        await stack.enter_async_context(observer)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        stack.push_async_callback(producer.stop)
        yield Campus(platform, fleet, client, observer, producer)


async def _hurry(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topic = ConfigResource(ConfigResourceType.TOPIC, "roster.contact.v1", SOON)
        await admin.alter_configs([topic])
    finally:
        await admin.close()
