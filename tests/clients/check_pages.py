"""Axe, in a real browser, finds nothing wrong with any page of the office."""

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from support.databases import Database
from support.roster_pages import Site, site
from support.roster_service import TOPICS
from support.rosters import ADA, BEN, PHYSICS, people_csv, take_in, take_in_departments

PYTHON = Path(__file__).parents[2] / ".venv-clients" / "pages" / "bin" / "python"
DRIVER = Path(__file__).with_name("pages_driver.py")
LEAVE = {"leave_kind": "parental", "leave_start_on": "2023-10-01", "leave_end_on": "2024-02-01"}


async def fill(place: Database, office: Site) -> str:
    """Something of every kind on every page; gives the path of a file that waits."""
    crowd = [
        ADA | {"person_id": f"c{n}", "login": f"c{n}", "email": f"c{n}@example.edu"}
        for n in range(200)
    ]
    connection = await asyncpg.connect(place.app_dsn)
    try:
        await take_in_departments(connection, PHYSICS | {"area_id": "", "area_name": ""})
        await take_in(connection, *crowd, ADA, BEN | {"login": "ada"})
        await take_in(connection, ADA | LEAVE | {"email": "countess@example.edu"})
    finally:
        await connection.close()
    await office.settled()
    await office.sign_in("office", "900001")
    await office.post("/person/p2/hold", code="legal")
    seat = {"committee": "physics", "start_on": "2023-09-01", "end_on": "2025-08-31"}
    await office.post("/person/p1/seats", 303, reason="correction", **seat)
    await office.upload(people_csv(*(each | {"department_id": "alchemy"} for each in crowd)))
    return office.path


@pytest.mark.parametrize("role", ["office", "auditor"])
async def test_no_page_breaks_a_rule_of_wcag(
    database: Callable[[str], Awaitable[Database]],
    fresh_topics: Callable[..., Awaitable[str]],
    role: str,
) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "a Chromium is needed: name it in CHROMIUM"
    place = await database("roster")
    async with site(place, await fresh_topics(*TOPICS)) as office:
        waiting = await fill(place, office)
        paths = ["/people", "/person/p1?day=2023-09-01", "/person/p2", "/alarms", "/proposals"]
        paths += ["/holds", "/files", waiting]
        paths += ["/person/p1/erase"] if role == "office" else ["/audit"]
        process = await asyncio.create_subprocess_exec(
            str(PYTHON), str(DRIVER), str(office.browser.base_url).rstrip("/"), role, *paths,
            env=os.environ | {"CHROMIUM": chromium}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await asyncio.wait_for(process.communicate(), 600)
    found = json.loads(said)
    assert len(found) == 2 * (len(paths) + 1)
    assert {path: broken for path, broken in found.items() if broken} == {}
