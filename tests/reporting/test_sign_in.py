"""What the roster's events make of somebody who signs in to the reports, over a real connection."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import pytest

from embedded.ports import LOOPBACK, free_port
from support.databases import Database
from support.reporting import (
    TOKEN,
    TOPICS,
    Reporting,
    University,
    crawl,
    names_in,
    populate,
    running,
)
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]
ALPHA = {"Canary Alpha", "Canary Both"}
BETA = {"Canary Beta", "Canary Both"}


@pytest.fixture
async def campus(reporting: Reporting) -> Reporting:
    """Two departments with canary names, after the edition of 2 October."""
    await populate(reporting)
    return reporting


async def seen_by(campus: Reporting, person_id: str) -> set[str]:
    return names_in(await crawl(campus, "person", person_id))


async def test_an_area_lead_sees_every_department_of_the_area_and_no_other(
    campus: Reporting, university: University
) -> None:
    await campus.take(
        university.department("alpha", version=2, area_lead_ids=("lead",)),
        university.department("beta", version=2, area_id="other"),
    )
    assert await seen_by(campus, "lead") == ALPHA
    await campus.take(university.department("beta", version=3))
    assert await seen_by(campus, "lead") == ALPHA | BETA
    assert "Area lead · lead" in await campus.page("/me")


async def test_a_department_without_an_area_has_no_other_under_its_lead(
    campus: Reporting, university: University
) -> None:
    nowhere = {"area_id": None, "area_name": None}
    await campus.take(
        university.department("alpha", version=2, area_lead_ids=("lead",), **nowhere),
        university.department("beta", version=2, **nowhere),
    )
    assert await seen_by(campus, "lead") == ALPHA


async def test_the_office_s_roles_come_and_go_with_the_roster_s_events(
    campus: Reporting, university: University
) -> None:
    everybody = ALPHA | BETA
    assert await seen_by(campus, "900001") == set()
    await campus.take(university.roles("900001", "office"))
    assert await seen_by(campus, "900001") == everybody
    await campus.take(university.roles("900001", "auditor", "office", version=2))
    assert await seen_by(campus, "900001") == everybody
    assert "Training office · 900001" in await campus.page("/me")
    await campus.take(university.roles("900001", version=3))
    assert await seen_by(campus, "900001") == set()
    # An older event that comes again gives nothing back.
    await campus.take(university.roles("900001", "office"))
    assert await seen_by(campus, "900001") == set()


async def test_who_has_left_sees_the_own_page_from_the_next_day_on(
    campus: Reporting, university: University
) -> None:
    await campus.take(
        university.roles("a1", "office"),
        university.person("a1", version=2, separated_on=date(2023, 10, 3)),
    )
    assert await seen_by(campus, "a1") == ALPHA | BETA
    await campus.take(university.person("a1", version=3, separated_on=date(2023, 10, 2)))
    assert await seen_by(campus, "a1") == {"Canary Alpha"}


async def test_the_demo_offers_officers_area_leads_and_one_person_of_every_kind(
    campus: Reporting, university: University
) -> None:
    await campus.take(university.department("alpha", version=2, area_lead_ids=("lead-1",)))
    drawn = await campus.page("/sign-in")
    assert '<option value="officer-beta">Department of Beta' in drawn
    assert '<option value="lead-1">Information Systems' in drawn
    assert '<option value="b1">exempt, recently_onboarded_employee' in drawn
    assert "held" not in drawn.split("<datalist")[1]


async def test_a_login_is_whose_it_is_case_aside_and_nobody_s_when_two_have_it(
    database: NewDatabase, fresh_topics: FreshTopics, university: University
) -> None:
    bootstrap = await fresh_topics(*TOPICS)
    behind: dict[str, Any] = {
        "demo_sign_in": False,
        "trusted_proxies": "10.1.2.3",
        "proxy_header_holds": "login",
    }
    async with running(
        await database("reporting"), bootstrap, peer="10.1.2.3", **behind
    ) as reporting:
        await reporting.take(
            university.contact("900001", login="Olive"),
            university.contact("900002", login="double"),
            university.contact("900003", login="DOUBLE"),
            university.contact("900004", login=None),
        )
        for login, status in (("olive", 200), ("double", 403), ("900001", 403), ("x", 403)):
            answer = await reporting.client.get("/me", headers={"X-Remote-User": login})
            assert answer.status_code == status, login
        answer = await reporting.client.get("/me", headers={"X-Remote-User": "OLIVE"})
        assert "Person · 900001" in answer.text


@asynccontextmanager
async def process(database: Database, bootstrap: str, **settings: str) -> AsyncIterator[str]:
    """`reporting run` as a process of its own; gives its URL."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.app_dsn,
        "KAFKA_BOOTSTRAP": bootstrap,
        "MACHINE_TOKEN": TOKEN,
        "HTTP_PORT": str(port),
        **settings,
    }
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reporting", "run"),
        env=os.environ | {f"REPORTING_{name}": value for name, value in environment.items()},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://{LOOPBACK}:{port}"

    async def ready() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{url}/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

    try:
        await eventually(ready, timeout=60, because="reporting is ready")
        yield url
    finally:
        started.terminate()
        await started.wait()


async def test_the_peer_is_that_of_the_connection_whatever_a_request_says_of_itself(
    database: NewDatabase, fresh_topics: FreshTopics
) -> None:
    bootstrap = await fresh_topics(*TOPICS)
    who = {"X-Remote-User": "900001"}
    claims: list[dict[str, Any]] = [
        {"X-Forwarded-For": "10.1.2.3"},
        {"Forwarded": "for=10.1.2.3"},
        {"X-Real-IP": "10.1.2.3"},
    ]
    db = await database("reporting")
    async with process(db, bootstrap, TRUSTED_PROXIES="10.1.2.3") as url, httpx.AsyncClient() as c:
        for claim in claims:
            assert (await c.get(f"{url}/me", headers=who | claim)).status_code == 401, claim
    async with process(db, bootstrap, TRUSTED_PROXIES=LOOPBACK) as url, httpx.AsyncClient() as c:
        for claim in [{}, {"X-Forwarded-For": "192.0.2.1"}]:
            answer = await c.get(f"{url}/me", headers=who | claim)
            assert answer.status_code == 200, claim
            assert "Person · 900001" in answer.text
