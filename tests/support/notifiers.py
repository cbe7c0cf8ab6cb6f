"""A small university's mail-making events, and the notifier itself running on real backends."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeVar

import asyncpg

from chassis.kafka import ends_of
from chassis.service import Runtime
from notifier.app import create_service
from notifier.domain import Kind, MailKey
from notifier.rendering import Outgoing
from notifier.settings import NotifierSettings
from notifier.store import switches
from schemas.envelope import Event
from schemas.rollout import CyclePublished, ObligationChanged, ReminderDue
from schemas.roster import ContactChanged, DepartmentChanged, PersonChanged
from schemas.topics import topics_read_by, topics_written_by
from support.databases import Database
from support.events import send_events, send_raw
from support.faulty_smtp import FaultySmtp
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
CYCLE = "2023-24"
RECEIVED = datetime(2023, 10, 25, 13, tzinfo=UTC)
DUE = date(2023, 12, 1)
TOPICS = list({t.name for t in (*topics_read_by("notifier"), *topics_written_by("notifier"))})

E = TypeVar("E", bound=Event)


def cycle(**changes: Any) -> CyclePublished:
    options = (
        ("A", "LBGTQ+ 101", "An entry-level course."),
        ("B", "Responding to Disclosures", "How to support someone who discloses to you."),
        ("C", "Power Dynamics", "Power in relation to our identities, experiences, and roles."),
    )
    senders = (
        {"area_id": "school-science", "name": "Dean's Office", "address": "science@example.edu"},
        {"area_id": None, "name": "Training Office", "address": "office@example.edu"},
    )
    group = {"group": "graduate", "title": "Graduate Students", "start_on": date(2023, 10, 25)}
    return _event(
        CyclePublished,
        changes,
        cycle=CYCLE,
        title="Training Initiative 2023-24",
        timezone="America/New_York",
        required_options=1,
        options=[dict(zip(("option", "title", "description"), o, strict=True)) for o in options],
        groups=[group | {"due_on": DUE}],
        contact="training@example.edu",
        senders=senders,
        policy_sha256="0" * 64,
    )


def contact(person_id: str, **changes: Any) -> ContactChanged:
    return _event(
        ContactChanged,
        changes,
        person_id=person_id,
        display_name=f"Name of {person_id}",
        email=f"{person_id}@example.edu",
    )


def department(department_id: str, **changes: Any) -> DepartmentChanged:
    return _event(DepartmentChanged, changes, department_id=department_id, name="Department")


def person(person_id: str, **changes: Any) -> PersonChanged:
    return _event(PersonChanged, changes, person_id=person_id, onboarded_on=date(2020, 1, 1))


def obligation(person_id: str, **changes: Any) -> ObligationChanged:
    """Released on 25 October, due on 1 December, open."""
    return _event(
        ObligationChanged,
        changes,
        person_id=person_id,
        cycle=CYCLE,
        status="released",
        group="graduate",
        released_at=RECEIVED,
        due_on=DUE,
        rule="graduate_third_year",
        policy_version=1,
        person_version=1,
    )


def completed(person_id: str, **changes: Any) -> ObligationChanged:
    """The same, completed; the second version unless said otherwise."""
    fields = {"version": 2, "status": "completed", "completed_at": RECEIVED}
    return obligation(person_id, **(fields | changes))


def reminder(person_id: str, **changes: Any) -> ReminderDue:
    return _event(
        ReminderDue,
        changes,
        person_id=person_id,
        cycle=CYCLE,
        kind="reminder",
        ordinal=1,
        due_on=DUE,
    )


def outgoing(kind: Kind = Kind.RELEASE, **changes: Any) -> Outgoing:
    """A mail to one person that may go out."""
    key = MailKey("900000001", CYCLE, "1", kind, 1)
    fields: dict[str, Any] = {
        "mail_id": key.mail_id,
        "person_id": key.person_id,
        "cycle": CYCLE,
        "occurrence": "1",
        "kind": kind,
        "ordinal": 1,
        "planned_at": RECEIVED,
        "due_on": DUE,
        "completed": False,
        "areas": (),
        "name": "Alex Example",
        "address": "alex@example.edu",
    }
    return Outgoing(**(fields | changes))


def _event(model: type[E], changes: dict[str, Any], **fields: Any) -> E:
    times = {"version": 1, "effective_on": date(2023, 10, 25), "received_at": RECEIVED}
    return model.model_validate(times | fields | changes)


class Standing(NamedTuple):
    """Where one mail stands."""

    state: str
    reason: str | None
    version: int


@dataclass
class Notifier:
    """A running notifier, or just its database when it does not run."""

    runtime: Runtime
    bootstrap: str

    async def take(self, *events: Event) -> None:
        """Publish events; nobody waits for them."""
        await send_events(self.bootstrap, events)

    async def erase(self, person_id: str) -> None:
        """Publish a person's tombstone."""
        await send_raw(
            self.bootstrap,
            ContactChanged.TOPIC,
            key=person_id.encode(),
            value=None,
            headers=[("ce_id", b"7b8e6a86-5a9c-4d0e-8f5e-0d8c8f1d2b3c")],
        )

    async def mails(self, person_id: str | None = None) -> dict[str, Standing]:
        """Where the person's mails stand, by kind and ordinal; everybody's by id too."""
        async with self.runtime.pool.acquire() as connection:
            rows = await connection.fetch("SELECT * FROM mail ORDER BY planned_at, kind, ordinal")
        return {
            f"{row['kind']} {row['ordinal']}"
            + ("" if person_id else f" {row['person_id']}"): Standing(
                row["state"], row["reason"], row["version"]
            )
            for row in rows
            if person_id in (None, row["person_id"])
        }

    async def becomes(self, person_id: str, **expected: str) -> None:
        """Wait until the person's mails are these: `release_1="accepted"`."""
        wanted = {name.replace("_", " "): state for name, state in expected.items()}

        async def as_wanted() -> bool:
            found = await self.mails(person_id)
            states = {name.replace("_", " "): mail.state for name, mail in found.items()}
            assert states == wanted, found
            return True

        await eventually(as_wanted, timeout=45)

    async def stopped(self) -> list[str]:
        """Why mail is stopped."""
        async with self.runtime.pool.acquire() as connection:
            return [row["reason"] for row in await switches.stopped(connection)]

    async def resume_everything(self) -> None:
        """Switch all mail on again."""
        async with self.runtime.pool.acquire() as connection:
            await switches.resume(connection, "all", "")

    async def rest(self) -> None:
        """Wait until every record is handled, every event published, and no mail under way."""
        await eventually(self._at_rest, timeout=60, because="the notifier at rest")

    async def _at_rest(self) -> bool:
        before = await self._everything_handled()
        async with self.runtime.pool.acquire() as connection:
            pending = dict(await self.runtime.service.pending(connection))
            outbox = await connection.fetchval("SELECT count(*) FROM outbox")
        # Handling a record may plan a mail, and a mail makes records: so look at them again.
        after = await self._everything_handled()
        return bool(before) and before == after and not outbox and not any(pending.values())

    async def _everything_handled(self) -> dict[Any, int]:
        """The ends of all topics once they are reached, else nothing."""
        consumer = self.runtime.consumer
        assert consumer is not None
        assert consumer.client is not None
        ends = await ends_of(consumer.client, consumer.client.assignment())
        return ends if consumer.assigned == ends else {}


@dataclass
class Sending:
    """A notifier, the server it sends to, and people nobody used before."""

    notifier: Notifier
    smtp: FaultySmtp
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def release(self) -> str:
        """Release the training to somebody new; gives the person's id."""
        person_id = f"p{next(self._numbers)}"
        await self.notifier.take(contact(person_id), obligation(person_id))
        return person_id

    @property
    def recipients(self) -> list[str]:
        """Whom the server accepted mail for, in order, as person ids."""
        return [address.partition("@")[0] for address, _ in self.smtp.accepted]


def settings_for(
    database: Database, bootstrap: str, smtp_port: int, **changes: Any
) -> NotifierSettings:
    fields = {
        "database_url": database.app_dsn,
        "kafka_bootstrap": bootstrap,
        "machine_token": TOKEN,
        "calendar": "stepped",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "connections": 2,
        "smtp_timeout_s": 2,
        "smtp_reply_timeout_s": 1,
        "retry_after_s": 0.1,
        "contact_wait_s": 0.5,
    }
    return NotifierSettings.model_validate(fields | changes)


@asynccontextmanager
async def running(settings: NotifierSettings) -> AsyncIterator[Notifier]:
    """The notifier in this process until the block ends; fails when it ended by itself."""
    ended: list[int] = []
    runtime = Runtime(create_service(settings), exit_process=ended.append)
    try:
        await runtime.start()
        yield Notifier(runtime, settings.kafka_bootstrap)
    finally:
        reason = runtime.phase
        await runtime.stop()
    assert not ended, reason


async def execute(database: Database, statement: str, *arguments: Any) -> list[Any]:
    """One statement on a notifier's database, as its owner."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()
