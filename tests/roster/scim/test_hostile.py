"""What somebody who means harm, or knows no better, may send, and what is never told."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from chassis.clock import SteppedCalendar
from roster.handlers.acts import Who
from roster.handlers.erasures import erase
from roster.scim.models import ROSTER_SCHEMA
from support.databases import Database
from support.scims import NOON, ROSTER_TOPICS, Door, door_of_its_own, patch, user

LEAVE = {"type": "leave", "value": "medical", "display": "2023-10-01/2024-01-31"}
CANARY = {
    "userName": "cbird",
    "displayName": "Canary Birdsong",
    "emails": [{"value": "canary@birdsong.edu"}],
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"externalId": None}, "externalId"),
        ({"externalId": ""}, "externalId"),
        ({"externalId": "ada@example.edu"}, "externalId"),
        ({"externalId": "x" * 65}, "externalId"),
        ({"externalId": 7}, "externalId"),
        ({"userName": None}, "userName"),
        ({"userName": "a\u0000b"}, "userName"),
        ({"userName": "x" * 255}, "userName"),
        ({"displayName": "Ada\nLovelace"}, "displayName"),
        ({"displayName": "Ada \u202eecalevoL"}, "displayName"),
        ({"displayName": "x" * 201}, "displayName"),
        ({"displayName": ["Ada"]}, "displayName"),
        ({"active": "perhaps"}, "active"),
        ({"emails": "ada@example.edu"}, "emails"),
        ({"emails": [{"value": "no address"}]}, "emails"),
        ({"emails": [{"value": f"a{n}@b.edu"} for n in range(101)]}, "emails"),
        ({ROSTER_SCHEMA: {"onboardedOn": "yesterday"}}, "onboardedOn"),
        ({ROSTER_SCHEMA: {"onboardedOn": "20230901"}}, "onboardedOn"),
        ({ROSTER_SCHEMA: {"onboardedOn": "0001-01-01"}}, "onboardedOn"),
        ({ROSTER_SCHEMA: {"effectiveOn": "2023-13-01"}}, "effectiveOn"),
        ({ROSTER_SCHEMA: {"appointments": [{"kind": "staff"}]}}, "departmentId"),
        ({ROSTER_SCHEMA: {"appointments": [{"departmentId": "a b"}]}}, "departmentId"),
        ({ROSTER_SCHEMA: {"appointments": [{"departmentId": "a", "kind": "king"}]}}, "kind"),
        ({ROSTER_SCHEMA: {"appointments": "none"}}, "appointments"),
        ({"entitlements": [LEAVE | {"value": "secret-illness"}]}, "entitlements"),
        ({"entitlements": [LEAVE | {"display": "soon"}]}, "entitlements"),
        ({"entitlements": [{"type": "leave"}]}, "entitlements"),
    ],
)
async def test_a_flaw_is_named_and_its_value_is_not(
    scim: httpx.AsyncClient, changes: dict[str, Any], named: str
) -> None:
    answer = await scim.post("/Users", json=user(1, **changes))
    assert answer.status_code == 400, answer.text
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert named.casefold() in answer.json()["detail"].casefold()
    for secret in ("secret-illness", "ada@example.edu", "perhaps", "yesterday", "king"):
        assert secret not in answer.text
    assert (await scim.get("/Users")).json()["totalResults"] == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"\xff\xfe{}", 400),
        (b'{"userName": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400),
        (b'{"userName": ' + b"9" * 5_000 + b"}", 400),
        (b" " * (1024 * 1024 + 1), 413),
    ],
)
async def test_what_is_no_resource_is_refused(
    scim: httpx.AsyncClient, content: bytes, status: int
) -> None:
    for path in ("/Users", "/Groups", "/Bulk"):
        answer = await scim.post(path, content=content)
        expected = 400 if path == "/Bulk" and status == 413 else status
        assert answer.status_code == expected, path
        assert len(answer.content) < 2_000


async def test_another_media_type_is_refused(scim: httpx.AsyncClient) -> None:
    answer = await scim.post("/Users", content=b"<xml/>", headers={"content-type": "text/xml"})
    assert answer.status_code == 415


@pytest.mark.parametrize("where", ["%00", "..%2f..", "%ff", "a" * 5_000, "1;drop table person"])
async def test_a_path_that_is_no_id_is_not_found(scim: httpx.AsyncClient, where: str) -> None:
    for method in ("GET", "DELETE"):
        assert (await scim.request(method, f"/Users/{where}")).status_code == 404


async def test_patches_that_make_no_sense_change_nothing(scim: httpx.AsyncClient) -> None:
    made = (await scim.post("/Users", json=user(1))).json()
    for operation in (
        {"op": "destroy", "path": "userName"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "replace", "path": "externalId", "value": "p2"},
        {"op": "remove", "path": "userName"},
        {"op": "remove"},
        {"op": "replace", "path": "emails[", "value": 1},
        {"op": "replace", "path": "displayName", "value": {"a": {"b": "c"}}},
        {"op": "replace", "path": "displayName", "value": "x" * 300},
    ):
        answer = await scim.patch(f"/Users/{made['id']}", json=patch(operation))
        assert answer.status_code == 400, (operation, answer.text)
    assert (await scim.get(f"/Users/{made['id']}")).json() == made


async def test_what_the_roster_does_not_want_is_dropped_and_counted(
    door: Door, scim: httpx.AsyncClient
) -> None:
    def dropped(attribute: str) -> float:
        return REGISTRY.get_sample_value("roster_scim_dropped_total", {"attribute": attribute}) or 0

    before = {name: dropped(name) for name in ("password", "phoneNumbers", "other")}
    said = user(
        1,
        password="hunter2",
        phoneNumbers=[{"value": "+1 555 0100"}],
        gender="female",
        birthDate="1815-12-10",
        **{"urn:example:demographics": {"ethnicity": "secret-group"}},
    )
    answer = await scim.post("/Users", json=said)

    assert answer.status_code == 201, answer.text
    read = (await scim.get(f"/Users/{answer.json()['id']}")).text
    async with door.database() as connection:
        rows = await connection.fetch("SELECT s::text AS row FROM scim_user s")
        sent = await connection.fetch("SELECT convert_from(payload, 'UTF8') AS row FROM outbox")
    everything = read + answer.text + "".join(row["row"] for row in [*rows, *sent])
    for secret in ("hunter2", "555 0100", "female", "1815", "secret-group"):
        assert secret not in everything
    assert {name: dropped(name) - count for name, count in before.items()} == {
        "password": 1,
        "phoneNumbers": 1,
        "other": 3,
    }


async def test_the_kind_of_leave_is_kept_for_the_rules_and_can_never_be_read(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await scim.post("/Users", json=user(1, entitlements=[LEAVE]))
    path = f"/Users/{made.json()['id']}"
    change = patch({"op": "replace", "path": "displayName", "value": "Ada L"})
    answers = [
        made,
        await scim.get(path),
        await scim.get(path, params={"attributes": "entitlements,userName"}),
        await scim.patch(path, json=change, params={"attributes": "entitlements"}),
        await scim.put(path, json=user(1)),
        await scim.get("/Users"),
        await scim.get("/Users", params={"attributes": "entitlements.value"}),
        await scim.get("/Users", params={"filter": 'entitlements.value sw "med"'}),
        await scim.get("/Users", params={"sortBy": "entitlements.value"}),
    ]
    assert not [
        each.text for each in answers if "medical" in each.text or "2024-01-31" in each.text
    ]
    async with door.database() as connection:
        kept = await connection.fetchval("SELECT resource -> 'entitlements' FROM scim_user")
        searched = await connection.fetchval("SELECT search::text FROM scim_user")
        sent = await connection.fetch("SELECT convert_from(payload, 'UTF8') AS row FROM outbox")
    assert json.loads(kept) == [LEAVE]
    assert "medical" not in searched
    assert not [row["row"] for row in sent if "medical" in row["row"]]


async def test_a_leave_goes_when_it_is_taken_back(door: Door, scim: httpx.AsyncClient) -> None:
    made = (await scim.post("/Users", json=user(1, entitlements=[LEAVE]))).json()
    gone = patch({"op": "remove", "path": "entitlements"})
    assert (await scim.patch(f"/Users/{made['id']}", json=gone)).status_code == 204
    async with door.database() as connection:
        assert await connection.fetchval("SELECT resource -> 'entitlements' FROM scim_user") is None


async def test_nothing_that_is_logged_names_anybody(
    place: Database, fresh_topics: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    log = tmp_path / "roster.log"
    async with door_of_its_own(place, await fresh_topics(*ROSTER_TOPICS), log) as door:
        headers, root = await door.token(), "/scim/v2/Users"
        scim = door.client
        made = await scim.post(root, json=user(1, **CANARY), headers=headers)
        path = f"{root}/{made.json()['id']}"
        await scim.post(root, json=user(2, **CANARY), headers=headers)
        for expression in ('userName eq "cbird"', 'userName ne "cbird', 'cbird eq "cbird"'):
            await scim.get(root, params={"filter": expression}, headers=headers)
        wrong = patch({"op": "replace", "path": "userName", "value": "cbird" * 90})
        await scim.patch(path, json=wrong, headers=headers)
        await scim.delete(path, headers=headers)
        metrics = (await scim.get("/metrics")).text
    said = log.read_text() + metrics
    assert "/scim/v2/{path" in metrics
    for secret in ("Canary", "Birdsong", "birdsong", "cbird"):
        assert secret not in said


async def test_an_erased_person_is_forgotten_here_and_does_not_come_back(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = (await scim.post("/Users", json=user(1, **CANARY))).json()
    async with door.database() as connection:
        await erase(connection, Who("office", SteppedCalendar(NOON), "America/New_York"), "p1")
        row = await connection.fetchval("SELECT s::text FROM scim_user s")

    assert "Birdsong" not in row
    assert "cbird" not in row
    assert (await scim.get(f"/Users/{made['id']}")).status_code == 404
    again = await scim.post("/Users", json=user(1, **CANARY))
    assert again.status_code == 409
    assert "Birdsong" not in again.text
