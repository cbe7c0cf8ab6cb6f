"""A small university's events, and reporting itself running on real backends."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

import httpx

from chassis.kafka import ends_of
from chassis.pages import PageRoute
from chassis.parsing import Record
from chassis.service import Runtime, build_app
from reporting.app import create_service
from reporting.settings import ReportingSettings
from schemas.completion import ModuleCompleted
from schemas.envelope import Event
from schemas.notifier import MailChanged
from schemas.rollout import CyclePublished, GroupReleased, ObligationChanged
from schemas.roster import ContactChanged, DepartmentChanged, PersonOnboarded, RolesChanged
from schemas.topics import topics_read_by, topics_written_by
from support.databases import Database
from support.events import send_events, send_raw
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
CYCLE = "2023-24"
RECEIVED = datetime(2023, 10, 2, 13, tzinfo=UTC)
TOPICS = [t.name for t in (*topics_read_by("reporting"), *topics_written_by("reporting"))]

E = TypeVar("E", bound=Event)


class University:
    """Events as the other services publish them; every argument of a contract may be given."""

    def cycle(self, **changes: Any) -> CyclePublished:
        options = (
            ("A", "LBGTQ+ 101", "An entry-level course."),
            ("B", "Responding to Disclosures", "How to support someone."),
            ("C", "Power Dynamics", "Power in relation to our roles."),
        )
        groups = (
            ("pilot", "HR and IS&T Pilot", date(2023, 9, 11), date(2023, 10, 6)),
            ("graduate", "Graduate Students (3+ years)", date(2023, 10, 25), date(2023, 12, 1)),
        )
        return self._event(
            CyclePublished,
            changes,
            cycle=CYCLE,
            title="Training Initiative 2023-24",
            timezone="America/New_York",
            required_options=1,
            options=[
                dict(zip(("option", "title", "description"), o, strict=True)) for o in options
            ],
            groups=[
                dict(zip(("group", "title", "start_on", "due_on"), g, strict=True)) for g in groups
            ],
            contact="training@example.edu",
            policy_sha256="0" * 64,
        )

    def department(self, department_id: str, **changes: Any) -> DepartmentChanged:
        return self._event(
            DepartmentChanged,
            changes,
            department_id=department_id,
            name=f"Department of {department_id.title()}",
            area_id="ist",
            area_name="Information Systems",
            officer_ids=(f"officer-{department_id}",),
        )

    def person(self, person_id: str, **changes: Any) -> PersonOnboarded:
        return self._event(
            PersonOnboarded, changes, person_id=person_id, onboarded_on=date(2020, 1, 1)
        )

    def roles(self, person_id: str, *roles: str, **changes: Any) -> RolesChanged:
        return self._event(RolesChanged, changes, person_id=person_id, roles=roles)

    def contact(self, person_id: str, **changes: Any) -> ContactChanged:
        return self._event(
            ContactChanged,
            changes,
            person_id=person_id,
            display_name=f"Name of {person_id}",
            email=f"{person_id}@example.edu",
            login=person_id,
        )

    def obligation(self, person_id: str, *departments: str, **changes: Any) -> ObligationChanged:
        """Released on 12 September by the local calendar, due on 6 October."""
        return self._event(
            ObligationChanged,
            changes,
            person_id=person_id,
            cycle=CYCLE,
            status="released",
            group="pilot",
            department_ids=departments,
            released_at=datetime(2023, 9, 12, 13, tzinfo=UTC),
            due_on=date(2023, 10, 6),
            rule="paid_staff",
            policy_version=1,
            person_version=1,
        )

    def released(self, **changes: Any) -> GroupReleased:
        fields = {"cycle": CYCLE, "group": "pilot", "released_on": date(2023, 9, 12)}
        return self._event(GroupReleased, changes, **fields, people=5, total=8)

    def mail(self, person_id: str, kind: str = "release", **changes: Any) -> MailChanged:
        return self._event(
            MailChanged,
            changes,
            mail_id=uuid5(NAMESPACE_URL, f"{person_id}/{kind}"),
            person_id=person_id,
            cycle=CYCLE,
            kind=kind,
            ordinal=1,
            state="accepted",
        )

    def completed(
        self, person_id: str, option: str | None = "B", **changes: Any
    ) -> ModuleCompleted:
        return self._event(
            ModuleCompleted,
            changes,
            person_id=person_id,
            source="campus-lms",
            course=f"psh23-{option}",
            cycle=CYCLE,
            option=option,
            completed_at=datetime(2023, 9, 20, 14, tzinfo=UTC),
        )

    def _event(self, model: type[E], changes: dict[str, Any], **fields: Any) -> E:
        times = {"version": 1, "effective_on": date(2023, 9, 1), "received_at": RECEIVED}
        return model.model_validate(times | fields | changes)


def records(events: Sequence[Event]) -> list[Record]:
    """Events as the chassis hands them to a handler."""
    ids = [uuid5(NAMESPACE_URL, f"{event.subject}/{event.version}") for event in events]
    return [
        Record(event, event.key, event.TOPIC, 0, offset, str(id_).encode())
        for offset, (event, id_) in enumerate(zip(events, ids, strict=True))
    ]


def tombstone(person_id: str) -> Record:
    return Record(None, person_id, ContactChanged.TOPIC, 0, 0, b"")


def disturbed(events: Sequence[Event], seed: int) -> list[Event]:
    """The same events, some twice, in any order."""
    dice = random.Random(seed)
    found = [*events, *dice.sample(list(events), len(events) // 3)]
    dice.shuffle(found)
    return found


@dataclass
class Reporting:
    """A running service, and a client that speaks to it from this machine."""

    runtime: Runtime
    client: httpx.AsyncClient
    bootstrap: str

    async def take(self, *events: Event) -> None:
        """Publish events, and wait until they are handled."""
        await send_events(self.bootstrap, events)
        await eventually(self._at_rest, timeout=20, because="every record handled")

    async def erase(self, person_id: str) -> None:
        """Publish a person's tombstone, and wait until it is handled."""
        await send_raw(
            self.bootstrap, ContactChanged.TOPIC, key=person_id.encode(), value=None, headers=[]
        )
        await eventually(self._at_rest, timeout=20, because="the tombstone handled")

    async def step(self, now: datetime) -> None:
        """Move the calendar, and wait until nothing more is due."""
        answer = await self.client.post("/calendar", json={"now": now.isoformat()}, headers=MACHINE)
        assert answer.status_code == 200, answer.text
        await eventually(self._at_rest, timeout=20, because="nothing due")

    async def sign_in(self, role: str, person_id: str) -> None:
        self.client.cookies.clear()
        drawn = await self.client.get("/sign-in")
        token = drawn.text.split('name="token" value="')[1].split('"')[0]
        form = {"role": role, "person_id": person_id, "token": token}
        answer = await self.client.post("/sign-in", data=form)
        assert answer.status_code == 303, answer.text

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.text

    async def _at_rest(self) -> bool:
        consumer = self.runtime.consumer
        assert consumer is not None
        assert consumer.client is not None
        ends = await ends_of(consumer.client, consumer.client.assignment())
        progress = (await self.client.get("/progress")).json()
        assert not progress["parked"], progress
        return bool(ends) and consumer.assigned == ends and not progress["due"]


MACHINE = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def running(
    database: Database,
    bootstrap: str,
    *,
    peer: str = "127.0.0.1",
    host: str = "localhost",
    **changes: Any,
) -> AsyncIterator[Reporting]:
    settings = ReportingSettings.model_validate(
        {
            "database_url": database.app_dsn,
            "kafka_bootstrap": bootstrap,
            "machine_token": TOKEN,
            "calendar": "stepped",
            "demo_sign_in": True,
        }
        | changes
    )
    app = build_app(create_service(settings))
    runtime = app.state.runtime
    ended: list[int] = []
    runtime._exit = ended.append
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(peer, 5000)), base_url=f"http://{host}"
        ) as client,
    ):
        await eventually(lambda: runtime.running, timeout=30, because="reporting runs")
        yield Reporting(runtime, client, bootstrap)
        assert not ended, runtime.phase
        # The tasks of the last request end before the loop is asked to stop them.
        await asyncio.sleep(0)


PEOPLE = {"a1": "Canary Alpha", "b1": "Canary Beta", "ab": "Canary Both", "held": "Canary Held"}
DEPARTMENTS = ("alpha", "beta")
MIDNIGHT = datetime(2023, 10, 3, 4, tzinfo=UTC)


async def populate(reporting: Reporting) -> None:
    """Two departments with canary names, and the edition of 2 October."""
    university = University()
    await reporting.take(
        university.cycle(),
        university.released(),
        *[university.department(name) for name in DEPARTMENTS],
        *[university.person(person) for person in PEOPLE],
        *[university.contact(person, display_name=name) for person, name in PEOPLE.items()],
        university.obligation("a1", "alpha", status="completed", option="A", completed_at=RECEIVED),
        university.obligation("b1", "beta", status="exempt", rule="recently_onboarded_employee"),
        university.obligation("ab", "alpha", "beta", status="overdue"),
        university.obligation("held", "alpha", "beta", hold=True),
        university.completed("a1", "A"),
        university.mail("a1"),
        university.mail("b1", state="cancelled"),
    )
    await reporting.step(MIDNIGHT)


def paths(reporting: Reporting) -> list[str]:
    """Every page there is, for every department and date, with every filter."""
    templates = {
        route.path
        for router in reporting.runtime.service.routers
        for route in router.routes
        if isinstance(route, PageRoute) and "GET" in (route.methods or ())
    }
    found = []
    for template in sorted(templates - {"/site.css"}):
        for department_id in (*DEPARTMENTS, "nowhere"):
            for on in ("2023-10-02", "2023-10-01"):
                path = template.format(department_id=department_id, on=on)
                found += [path, f"{path}?cycle={CYCLE}", f"{path}?on={on}", f"{path}?cycle=none"]
    assert any("editions" in path for path in found)
    assert "/audit" in found
    return list(dict.fromkeys(found))


async def crawl(reporting: Reporting, role: str, person_id: str) -> dict[str, str]:
    """What every page says to somebody, by path."""
    await reporting.sign_in(role, person_id)
    said = {}
    for path in paths(reporting):
        answer = await reporting.client.get(path)
        assert answer.status_code in (200, 303, 404), (path, answer.status_code)
        said[path] = answer.text
    return said


def names_in(said: dict[str, str]) -> set[str]:
    """The canary names that these pages show."""
    return {name for name in PEOPLE.values() if any(name in text for text in said.values())}
