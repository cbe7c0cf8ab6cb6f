"""Uploads over HTTP: by a mapping, in the background, with a place to look at."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from chassis.service import Runtime, build_app
from roster.app import create_service
from roster.settings import RosterSettings
from support.databases import Database
from support.imports import crowd
from support.rosters import ADA, BEN, people_csv
from support.waiting import eventually

TOKEN = "a-token-for-tests-only"
TOPICS = (
    "roster.person.v1",
    "roster.department.v1",
    "roster.contact.v1",
    "roster.role.v1",
    "roster.inbound.v1",
)
CSV = {"content-type": "text/csv"}
BANNER = Path(__file__).parent / "extracts" / "banner.csv"


@pytest.fixture
async def client(
    place: Database, fresh_topics: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A running roster with a folder of mappings of its own."""
    (tmp_path / "whole.toml").write_text('extends = "rollcall"\nmode = "full"')
    (tmp_path / "broken.toml").write_text('mode = "half"')
    (tmp_path / "latin.toml").write_text('extends = "rollcall"\nencoding = "latin-1"')
    settings = RosterSettings(
        database_url=place.app_dsn,
        kafka_bootstrap=await fresh_topics(*TOPICS),
        machine_token=TOKEN,
        calendar="stepped",
        mappings_folder=tmp_path,
    )
    app = build_app(create_service(settings))
    runtime: Runtime = app.state.runtime
    transport = httpx.ASGITransport(app)
    headers = {"authorization": f"Bearer {TOKEN}"}
    try:
        await runtime.start()
        async with httpx.AsyncClient(
            transport=transport, base_url="http://roster", headers=headers, timeout=60
        ) as connected:
            await connected.post("/calendar", json={"now": "2023-09-01T12:00:00Z"})
            yield connected
    finally:
        await runtime.stop()


async def upload(client: httpx.AsyncClient, content: bytes, **query: str) -> httpx.Response:
    return await client.post("/imports", content=content, headers=CSV, params=query)


async def applied(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, object]:
    """The import at the end, once due work has applied it."""
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]
    await client.post("/calendar", json={"now": "2023-09-01T12:05:00Z"})

    async def done() -> bool:
        return bool((await client.get(place)).json()["state"] == "applied")

    await eventually(done, timeout=60, because="the import is applied")
    return dict((await client.get(place)).json())


async def test_an_extract_is_taken_in_by_its_preset_in_the_background(
    client: httpx.AsyncClient,
) -> None:
    answer = await upload(client, BANNER.read_bytes(), mapping="banner")
    done = await applied(client, answer)
    assert (done["onboarded"], done["mapping"], done["uploaded_by"]) == (2, "banner", "machine")
    assert done["file"] == {
        "people": 2, "rejected_rows": 0, "skipped_rows": 1, "dropped_cells": 16,
    }  # fmt: skip
    assert (await client.get("/people/A00012345")).status_code == 200


async def test_a_file_held_back_by_the_brake_is_202_and_shown_as_waiting(
    client: httpx.AsyncClient,
) -> None:
    await applied(client, await upload(client, people_csv(*crowd(100)), mapping="whole"))
    answer = await upload(client, people_csv(*crowd(50)), mapping="whole")
    assert answer.status_code == 202
    shown = (await client.get(answer.headers["location"])).json()
    assert (shown["state"], shown["difference"]["separated"]) == ("quarantined", 50)
    assert shown["applied"] == 0


async def test_a_dry_run_and_bad_rows_answer_at_once(client: httpx.AsyncClient) -> None:
    content = people_csv(ADA, BEN | {"paid": "yes"})
    refused = await upload(client, content)
    assert refused.status_code == 422
    dry = await upload(client, content, dry_run="true", skip_bad="true")
    assert dry.status_code == 200
    body = dry.json()
    assert (body["import_id"], body["onboarded"]) == (None, 1)
    assert [(each["line"], each["column"]) for each in body["mistakes"]["errors"]] == [(3, "paid")]


@pytest.mark.parametrize(
    ("mapping", "status"), [("sap", 422), ("broken", 422), ("../etc/passwd", 422), ("", 422)]
)
async def test_a_mapping_that_cannot_be_used_is_a_problem(
    client: httpx.AsyncClient, mapping: str, status: int
) -> None:
    answer = await upload(client, people_csv(ADA), mapping=mapping)
    assert answer.status_code == status


async def test_the_encoding_that_is_sent_must_be_the_mappings(client: httpx.AsyncClient) -> None:
    content = people_csv(ADA | {"display_name": "José"}).decode().encode("latin-1")
    for charset, status in (("iso-8859-1", 200), ("utf-8", 415), ("nonsense", 415)):
        answer = await client.post(
            "/imports",
            content=content,
            headers={"content-type": f"text/csv; charset={charset}"},
            params={"mapping": "latin", "dry_run": "true"},
        )
        assert answer.status_code == status


async def test_strangers_see_and_upload_nothing(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    stranger = {"authorization": "Bearer a-token-of-somebody-else"}
    assert (await client.get(f"/imports/{nobody}", headers=stranger)).status_code == 401
    answer = await client.post("/imports", content=b"", headers=CSV | stranger)
    assert answer.status_code == 401
    assert (await client.get(f"/imports/{nobody}")).status_code == 404
