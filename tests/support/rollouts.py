"""A rollout on a real database: tell it facts, step its calendar, look at what it made of them."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection, Pool, open_pool
from chassis.schedule import DueWorker
from rollout.cycle_file import read_cycle
from rollout.handlers.due_work import DUE
from rollout.handlers.learn_facts import learn_completions, learn_departments, learn_people
from rollout.handlers.run_cycle import Published, publish_cycle
from schemas.completion import CompletionState, ModuleCompleted, ModuleRevoked
from schemas.envelope import Event
from schemas.roster import (
    Appointment,
    AppointmentKind,
    DepartmentChanged,
    PersonChanged,
    PersonState,
)
from support.databases import Database
from support.training import LONG_AGO, at, day, shipped_text

AREAS = {
    "d-physics": "school-science",
    "d-csail": "vp-research",
    "d-hr": "human-resources",
    "d-libraries": "libraries",
    "d-lincoln": "lincoln-laboratory",
}


def held(
    department_id: str = "d-hr", kind: str = "staff", name: str = "a1", **more: Any
) -> Appointment:
    """An appointment: paid, held since long ago and still held."""
    given: dict[str, Any] = {"paid": True, "start_on": LONG_AGO, **more}
    return Appointment(
        appointment_id=name, kind=AppointmentKind(kind), department_id=department_id, **given
    )


def person_event(
    person_id: str,
    *appointments: Appointment,
    version: int = 1,
    received: str = "08-15",
    **more: Any,
) -> PersonState:
    """A person as the roster publishes one; staff of human resources unless told otherwise."""
    given: dict[str, Any] = {"onboarded_on": LONG_AGO, "effective_on": LONG_AGO, **more}
    return PersonChanged(
        person_id=person_id,
        version=version,
        received_at=at(received, "12:00"),
        appointments=appointments or (held(),),
        **given,
    )


def department_events(areas: dict[str, str] | None = None) -> list[DepartmentChanged]:
    """The departments as the roster publishes them."""
    return [
        department_event(department_id, area_id)
        for department_id, area_id in (AREAS if areas is None else areas).items()
    ]


def department_event(
    department_id: str, area_id: str | None, version: int = 1, received: str = "08-15"
) -> DepartmentChanged:
    return DepartmentChanged(
        department_id=department_id,
        version=version,
        effective_on=LONG_AGO,
        received_at=at(received, "11:00"),
        name=department_id,
        area_id=area_id,
    )


def module_event(
    person_id: str, option: str = "B", on: str = "09-25", *, version: int = 1, revoked: bool = False
) -> CompletionState:
    """A completion received at noon of a day, or its revocation."""
    model = ModuleRevoked if revoked else ModuleCompleted
    return model(
        person_id=person_id,
        version=version,
        effective_on=day(on),
        received_at=at(on, "12:00"),
        source="campus-lms",
        course=f"psh23-{option.lower()}",
        cycle="2023-24",
        option=option,
        completed_at=at(on, "11:00"),
    )


Learn = Callable[[Connection, Sequence[Any], datetime], Awaitable[None]]

LEARN: dict[str, Learn] = {
    "roster.person.v1": learn_people,
    "roster.department.v1": learn_departments,
    "completion.module.v1": learn_completions,
}


@dataclass
class Rollout:
    """One rollout on its own database, without a broker."""

    pool: Pool
    calendar: SteppedCalendar

    def worker(self) -> DueWorker:
        return DueWorker(self.pool, self.calendar, DUE)

    async def tell(self, *events: Event) -> None:
        """Hand over events as one batch: each topic's in the order given, in one transaction."""
        async with self.pool.acquire() as connection, connection.transaction():
            for topic, learn in LEARN.items():
                batch: Sequence[Any] = [event for event in events if topic == event.TOPIC]
                if batch:
                    await learn(connection, batch, self.calendar.now())

    async def publish(self, text: str | None = None, *, dry_run: bool = False) -> Published:
        policy = read_cycle(text or shipped_text())
        async with self.pool.acquire() as connection, connection.transaction():
            return await publish_cycle(connection, policy, self.calendar.now(), dry_run=dry_run)

    async def until(self, last: str, clock: str = "09:00") -> None:
        """Step from one due instant to the next, doing the work of each, up to an instant."""
        end = at(last, clock)
        while (due_at := await self._next_due()) is not None and due_at <= end:
            self.calendar.step(max(due_at, self.calendar.now()))
            await self.work()
        self.calendar.step(max(end, self.calendar.now()))

    async def work(self) -> None:
        """Do everything that is due now."""
        worker = self.worker()
        while await worker.work_one():
            assert not await self.fetch("SELECT 1 FROM due_work WHERE last_error IS NOT NULL")

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        async with self.pool.acquire() as connection:
            return list(await connection.fetch(sql, *values))

    async def obligation(self, person_id: str) -> dict[str, Any]:
        (row,) = await self.fetch("SELECT * FROM obligation WHERE person_id = $1", person_id)
        return dict(row)

    async def obligations(self) -> dict[str, dict[str, Any]]:
        """All obligations by person, apart from how many versions it took to get there."""
        rows = await self.fetch("SELECT * FROM obligation ORDER BY person_id")
        return {
            row["person_id"]: {k: v for k, v in dict(row).items() if k != "version"} for row in rows
        }

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """Payloads waiting in the outbox whose type contains `kind`, in order."""
        rows = await self.fetch(
            "SELECT payload FROM outbox WHERE type LIKE '%' || $1 || '%' ORDER BY id", kind
        )
        return [json.loads(row["payload"]) for row in rows]

    async def _next_due(self) -> datetime | None:
        (row,) = await self.fetch("SELECT min(due_at) AS due_at FROM due_work")
        due_at: datetime | None = row["due_at"]
        return due_at


@asynccontextmanager
async def rollout_on(database: Database, today: str = "08-20") -> AsyncIterator[Rollout]:
    """A rollout on that database, its calendar at 9 o'clock of a day."""
    pool = await open_pool(database.app_dsn, name="rollout-test")
    try:
        yield Rollout(pool, SteppedCalendar(at(today)))
    finally:
        await pool.close()


def shuffled(events: Sequence[Event], dice: random.Random) -> list[Event]:
    """In another order, some twice; the order within a key stays, as Kafka keeps it."""
    queues: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        queues.setdefault((event.TOPIC, event.key), []).append(event)
    mixed: list[Event] = []
    while queues:
        name = dice.choice(sorted(queues))
        event = queues[name].pop(0)
        mixed.append(event)
        if dice.random() < 0.3:
            again = dice.choice([e for e in mixed if (e.TOPIC, e.key) == name])
            mixed.append(again)
        if not queues[name]:
            del queues[name]
    return mixed


def on_or_before(events: Sequence[Event], last: date) -> list[Event]:
    """The events received up to a civil day."""
    return [event for event in events if event.received_at.date() <= last]
