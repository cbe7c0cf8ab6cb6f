"""Each role on each page: who may not is told what is told of what does not exist."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.databases import Database
from support.roster_pages import Site, process
from support.rosters import PHYSICS, take_in_departments

READ = ("/", "/people", "/person/p1", "/holds", "/proposals", "/alarms", "/files")
FORMS: dict[str, dict[str, str]] = {
    "/person/p1/hold": {"code": "other"},
    "/person/p1/lift": {"reason": "correction"},
    "/person/p1/merge": {"into": "p2", "reason": "correction"},
    "/person/p1/split": {"reason": "correction"},
    "/person/p1/erase": {"confirm": "p1", "reason": "correction"},
    "/person/p1/seats": {
        "committee": "physics", "start_on": "2023-09-01", "end_on": "", "reason": "correction"
    },
    "/person/p1/seats/seat-1/resign": {"end_on": "2023-09-01", "reason": "correction"},
    "/person/p1/seats/seat-1/renew": {"end_on": "2023-09-01", "reason": "correction"},
    "/proposal/1/accept": {"keep": "p1", "reason": "correction"},
    "/proposal/1/decline": {"reason": "correction"},
    "/alarms/1/take": {"owner": "p1"},
    "/alarms/1/note": {"code": "expected"},
    f"/files/{UUID(int=1)}/approve": {"reason": "expected"},
    f"/files/{UUID(int=1)}/reject": {"reason": "wrong_file"},
}  # fmt: skip
NOBODYS = "There is no such page, or it is not yours."
WITHOUT = [("officer", "p7"), ("area_lead", "p8"), ("person", "p1"), ("person", "p999")]


async def facts(site: Site) -> list[Any]:
    """Everything a form could change."""
    async with site.runtime.pool.acquire() as connection:
        return [
            await connection.fetch(f"SELECT * FROM {table}")
            for table in ("person", "contact", "person_hold", "erasure", "audit_entry", "alarm")
        ]


@pytest.fixture
async def before(office: Site) -> list[Any]:
    async with office.runtime.pool.acquire() as connection:
        await take_in_departments(connection, PHYSICS)
    return await facts(office)


@pytest.mark.parametrize(("role", "person_id"), WITHOUT)
async def test_officers_leads_and_people_have_nothing_here(
    office: Site, before: list[Any], role: str, person_id: str
) -> None:
    await office.sign_in(role, person_id)
    for path in (*READ, "/person/p1/erase", f"/files/{UUID(int=1)}"):
        assert NOBODYS in await office.get(path, 404)
    assert NOBODYS in await office.post("/people", 404, q="p1")
    for path, form in FORMS.items():
        assert NOBODYS in await office.post(path, 404, **form)
    assert NOBODYS in await office.upload(b"person_id\n", 404)
    assert await facts(office) == before


async def test_an_auditor_reads_everything_and_changes_nothing(
    office: Site, before: list[Any]
) -> None:
    await office.sign_in("auditor", "800001")
    for path in READ[1:]:
        shown = await office.get(path)
        assert shown.count('method="post"') == 1 + (path == "/people"), path
    for path, form in FORMS.items():
        assert NOBODYS in await office.post(path, 404, **form)
    assert NOBODYS in await office.get("/person/p1/erase", 404)
    assert NOBODYS in await office.upload(b"person_id\n", 404)
    assert await facts(office) == before


async def test_who_has_not_signed_in_is_sent_to_the_door(office: Site) -> None:
    office.browser.cookies.clear()
    for path in READ:
        answer = await office.browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


async def test_what_does_not_exist_is_told_in_the_same_words(office: Site) -> None:
    for path in ("/person/p404", "/person/%3Cb%3E", f"/files/{UUID(int=1)}", "/person/p404/erase"):
        assert NOBODYS in await office.get(path, 404)
    assert NOBODYS in await office.post("/person/p404/hold", 404, code="other")


async def test_no_form_is_taken_that_we_did_not_draw_for_this_person(
    office: Site, before: list[Any]
) -> None:
    mine = office.token
    await office.sign_in("office", "900002")
    for token in ("forged", mine):
        office.token = token
        for path, form in FORMS.items():
            refused = await office.post(path, 400, **form)
            assert "This form had been open for too long." in refused, path
        await office.upload(b"person_id\n", 400)
    assert await facts(office) == before


async def test_a_form_without_a_reason_is_none(office: Site, before: list[Any]) -> None:
    for path, form in FORMS.items():
        if "reason" in form and path.startswith("/person"):
            await office.post(path, 404, **(form | {"reason": "because"}))
    assert await facts(office) == before


async def test_what_the_office_does_and_who_is_denied_is_logged_by_ids_alone(
    office: Site, place: Database, tmp_path: Path
) -> None:
    log = tmp_path / "roster.log"
    async with process(place, office.bootstrap, log) as alone:
        await alone.sign_in("office", "900001")
        await alone.post("/people", 200, q="Lovelace")
        await alone.get("/person/p1")
        await alone.post("/person/p1/hold", code="deceased")
        await alone.post("/person/p1/erase", confirm="p1", reason="correction")
        await alone.post("/person/p2/merge", 409, into="ben@example.edu", reason="correction")
        await alone.get("/person/Ada%20Lovelace", 404)
        await alone.sign_in("officer", "p7")
        await alone.get("/person/p2", 404)
        metrics = await alone.get("/metrics")
    assert 'rollcall_access_denied_total{kind="roster"} 1.0' in metrics
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    denied = [each for each in logged if each["event"] == "access_denied"]
    assert (denied[-1]["viewer_id"], denied[-1]["role"]) == ("p7", "officer")
    for secret in ("Lovelace", "ada@", "ben@", "deceased"):
        assert secret not in log.read_text() + metrics
