"""The protocol: discovery, tokens and scopes, searching, paging, conditions, bulk."""

import asyncio
from typing import Any

import httpx
import pytest

from roster.scim.models import ENTERPRISE_SCHEMA, ROSTER_SCHEMA
from support.scims import Door, group, patch, user

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def bulk(*operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schemas": [BULK], "Operations": list(operations), **more}


async def many(scim: httpx.AsyncClient, count: int) -> list[str]:
    made = [await scim.post("/Users", json=user(number)) for number in range(count)]
    return [each.json()["id"] for each in made]


# Discovery


async def test_the_configuration_is_for_everybody_and_nothing_else_is(door: Door) -> None:
    root = "/scim/v2"
    config = await door.client.get(f"{root}/ServiceProviderConfig")
    assert config.status_code == 200
    assert config.json()["etag"]["supported"] is True
    for path in ("/Users", "/Groups", "/Schemas", "/ResourceTypes", "/", ""):
        refused = await door.client.get(root + path)
        assert refused.status_code == 401, path
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert refused.headers["content-type"] == "application/scim+json"


async def test_the_extension_is_published(scim: httpx.AsyncClient) -> None:
    schema = (await scim.get(f"/Schemas/{ROSTER_SCHEMA}")).json()
    names = [each["name"] for each in schema["attributes"]]
    assert names == ["appointments", "onboardedOn", "effectiveOn"]


async def test_unknown_places_and_methods_are_said_as_scim_errors(scim: httpx.AsyncClient) -> None:
    assert (await scim.get("/Printers")).status_code == 404
    assert (await scim.get("/Users/1/2/3")).status_code == 404
    wrong = await scim.delete("/Users")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert (await scim.get("/Me")).status_code == 501


# Tokens and scopes


@pytest.mark.parametrize(
    "sent", ["", "Basic YWRhOmFkYQ==", "Bearer", "Bearer wrong", "Bearer \xff"]
)
async def test_without_a_good_token_nothing_is_answered(door: Door, sent: str) -> None:
    answer = await door.client.get(
        "/scim/v2/Users", headers=[(b"authorization", sent.encode("latin-1"))]
    )
    assert answer.status_code == 401


async def test_a_revoked_token_is_refused_from_the_next_request_on(
    door: Door, scim: httpx.AsyncClient
) -> None:
    assert (await scim.get("/Users")).status_code == 200
    async with door.database() as connection:
        await connection.execute("UPDATE scim_token SET revoked_at = now()")
    assert (await scim.get("/Users")).status_code == 401


async def test_the_use_of_a_token_is_noted(door: Door, scim: httpx.AsyncClient) -> None:
    await scim.get("/Users")
    async with door.database() as connection:
        assert await connection.fetchval("SELECT last_used_at FROM scim_token") is not None


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("users:read", {("GET", "/Users"), ("GET", "/")}),
        ("users:write", {("POST", "/Users")}),
        ("groups:read", {("GET", "/Groups"), ("GET", "/")}),
        ("groups:write", {("POST", "/Groups")}),
    ],
)
async def test_a_scope_allows_what_it_says_and_nothing_else(
    door: Door, scope: str, allowed: set[tuple[str, str]]
) -> None:
    headers = await door.token(scopes=frozenset({scope}))
    bodies = {"/Users": user(), "/Groups": group("Physics")}
    reads = [("GET", "/"), ("GET", "/Users"), ("GET", "/Groups")]
    for method, path in [*reads, ("POST", "/Users"), ("POST", "/Groups")]:
        body = bodies[path] if method == "POST" else None
        answer = await door.client.request(method, f"/scim/v2{path}", json=body, headers=headers)
        assert (answer.status_code != 403) is ((method, path) in allowed), (method, path)


async def test_the_scope_is_asked_for_each_operation_of_a_bulk(door: Door) -> None:
    headers = await door.token(scopes=frozenset({"users:write"}))
    said = bulk(
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": user()},
        {"method": "POST", "path": "/Groups", "bulkId": "b", "data": group("Physics")},
    )
    answer = await door.client.post("/scim/v2/Bulk", json=said, headers=headers)
    assert [each["status"] for each in answer.json()["Operations"]] == ["201", "403"]


# Searching


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('userName eq "ADA1"', {"p1"}),
        ('externalId eq "p2"', {"p2"}),
        ('externalId eq "P2"', set()),
        ("active eq false", {"p2"}),
        ('emails.value eq "ada0@example.edu"', {"p0"}),
        ('emails[type eq "work" and value ew "2@example.edu"]', {"p2"}),
        (f'{ENTERPRISE_SCHEMA}:department eq "physics"', {"p1"}),
        (f'{ROSTER_SCHEMA}:appointments[departmentId eq "math" and kind eq "staff"]', {"p2"}),
        ('not (userName sw "ada") or displayName co "lace 0"', {"p0"}),
        ('meta.lastModified ge "2023-09-01T00:00:00Z"', {"p0", "p1", "p2"}),
        ('meta.lastModified lt "2023-09-01T00:00:00Z"', set()),
        ('id eq "not-an-id"', set()),
        ('userName eq "\' OR 1=1 --"', set()),
        ('userName co "%"', set()),
    ],
)
async def test_filters_find_what_they_say(
    scim: httpx.AsyncClient, expression: str, found: set[str]
) -> None:
    await scim.post("/Users", json=user(0))
    await scim.post("/Users", json=user(1, **{ENTERPRISE_SCHEMA: {"department": "physics"}}))
    role = {"departmentId": "math", "kind": "staff"}
    await scim.post(
        "/Users", json=user(2, active=False, **{ROSTER_SCHEMA: {"appointments": [role]}})
    )

    answer = (await scim.get("/Users", params={"filter": expression})).json()

    assert {each["externalId"] for each in answer.get("Resources", [])} == found
    assert answer["totalResults"] == len(found)


@pytest.mark.parametrize(
    "expression",
    [
        'entitlements.value eq "medical"',
        'entitlements[value eq "medical"]',
        "entitlements pr",
        'password eq "secret"',
        'nothing eq "x"',
        "userName",
        'userName eq "\\u0000"',
        " or ".join(['userName eq "a"'] * 50),
    ],
)
async def test_a_filter_that_cannot_be_answered_is_refused(
    scim: httpx.AsyncClient, expression: str
) -> None:
    await scim.post("/Users", json=user(1))
    answer = await scim.get("/Users", params={"filter": expression})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


async def test_a_filter_that_is_nested_without_end_is_refused(scim: httpx.AsyncClient) -> None:
    expression = "not (" * 5_000 + 'userName eq "a"' + ")" * 5_000
    said = {"schemas": [SEARCH], "filter": expression}
    answer = await scim.post("/Users/.search", json=said)
    assert answer.status_code == 400


async def test_pages_by_index_and_by_cursor_hold_everybody_once(scim: httpx.AsyncClient) -> None:
    made = set(await many(scim, 7))
    by_index: list[str] = []
    for start in (1, 4, 7):
        page = (await scim.get("/Users", params={"startIndex": start, "count": 3})).json()
        by_index += [each["id"] for each in page["Resources"]]
        assert page["totalResults"] == 7
    by_cursor: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await scim.get("/Users", params={"cursor": cursor, "count": 3})).json()
        by_cursor += [each["id"] for each in page["Resources"]]
        cursor = page.get("nextCursor")
    assert set(by_index) == set(by_cursor) == made
    assert len(by_index) == len(by_cursor) == 7


async def test_no_page_is_longer_than_two_hundred(door: Door, scim: httpx.AsyncClient) -> None:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": user(n)} for n in range(210)
    ]
    await scim.post("/Bulk", json=bulk(*operations), timeout=120)
    page = (await scim.get("/Users", params={"count": 100_000})).json()
    assert (page["totalResults"], page["itemsPerPage"]) == (210, 200)


async def test_a_forged_or_foreign_cursor_is_refused(scim: httpx.AsyncClient) -> None:
    await many(scim, 3)
    first = (await scim.get("/Users", params={"cursor": "", "count": 2})).json()
    other = await scim.get(
        "/Users", params={"cursor": first["nextCursor"], "count": 2, "sortBy": "userName"}
    )
    forged = await scim.get("/Users", params={"cursor": "abc", "count": 2})
    for answer in (other, forged):
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidCursor")


async def test_a_search_by_post_sorts_and_chooses_attributes(scim: httpx.AsyncClient) -> None:
    await many(scim, 3)
    said = {"schemas": [SEARCH], "sortBy": "userName", "sortOrder": "descending"}
    answer = await scim.post("/Users/.search", json=said | {"attributes": ["userName"]})
    found = answer.json()["Resources"]
    assert [each["userName"] for each in found] == ["ada2", "ada1", "ada0"]
    assert set(found[0]) == {"schemas", "id", "userName"}


# Conditions


async def test_an_outdated_if_match_is_refused_and_a_known_etag_saves_the_body(
    scim: httpx.AsyncClient,
) -> None:
    path = f"/Users/{(await many(scim, 1))[0]}"
    change = patch({"op": "replace", "path": "displayName", "value": "New"})
    assert (await scim.patch(path, json=change, headers={"if-match": 'W/"1"'})).status_code == 204
    for method in ("PATCH", "PUT", "DELETE"):
        body = {"PATCH": change, "PUT": user(0)}.get(method)
        late = await scim.request(method, path, json=body, headers={"if-match": 'W/"1"'})
        assert late.status_code == 412, method
    assert (await scim.get(path, headers={"if-none-match": 'W/"2"'})).status_code == 304


async def test_of_two_patches_at_once_that_saw_the_same_version_one_is_refused(
    scim: httpx.AsyncClient,
) -> None:
    path = f"/Users/{(await many(scim, 1))[0]}"
    for version in range(1, 6):
        headers = {"if-match": f'W/"{version}"'}
        changes = [
            patch({"op": "replace", "path": "displayName", "value": f"{who} {version}"})
            for who in ("Ada", "Ben")
        ]
        answers = await asyncio.gather(
            *(scim.patch(path, json=change, headers=headers) for change in changes)
        )
        assert sorted(each.status_code for each in answers) == [204, 412]


async def test_patches_at_once_without_a_condition_are_all_kept(
    scim: httpx.AsyncClient,
) -> None:
    path = f"/Users/{(await many(scim, 1))[0]}"
    changes = [
        patch({"op": "add", "path": "emails", "value": [{"value": f"m{n}@example.edu"}]})
        for n in range(8)
    ]
    answers = await asyncio.gather(*(scim.patch(path, json=change) for change in changes))
    assert {each.status_code for each in answers} == {204}
    assert len((await scim.get(path)).json()["emails"]) == 9


async def test_of_two_creations_at_once_of_the_same_person_one_is_refused(
    scim: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(scim.post("/Users", json=user(1)) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


# Bulk


async def test_what_fails_in_a_bulk_undoes_nothing_else(scim: httpx.AsyncClient) -> None:
    said = bulk(
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": user(1)},
        {"method": "POST", "path": "/Users", "bulkId": "twin", "data": user(1)},
        {"method": "POST", "path": "/Users", "bulkId": "nameless", "data": {"userName": "x"}},
        {"method": "DELETE", "path": "/Users/nobody"},
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "g",
            "data": group("Physics", "bulkId:ben"),
        },
        {"method": "POST", "path": "/Users", "bulkId": "ben", "data": user(2)},
    )
    answer = await scim.post("/Bulk", json=said)

    assert answer.status_code == 200
    statuses = [each["status"] for each in answer.json()["Operations"]]
    assert statuses == ["201", "409", "400", "404", "201", "201"]
    assert (await scim.get("/Users")).json()["totalResults"] == 2
    (physics,) = (await scim.get("/Groups")).json()["Resources"]
    assert len(physics["members"]) == 1


async def test_a_bulk_stops_at_the_errors_it_names(scim: httpx.AsyncClient) -> None:
    said = bulk(
        {"method": "DELETE", "path": "/Users/nobody"},
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": user(1)},
        failOnErrors=1,
    )
    answer = await scim.post("/Bulk", json=said)
    assert [each["status"] for each in answer.json()["Operations"]] == ["404"]
    assert (await scim.get("/Users")).json()["totalResults"] == 0


async def test_a_bulk_of_too_many_operations_is_refused(scim: httpx.AsyncClient) -> None:
    operations = [{"method": "DELETE", "path": "/Users/x"}] * 1001
    assert (await scim.post("/Bulk", json=bulk(*operations))).status_code == 413
