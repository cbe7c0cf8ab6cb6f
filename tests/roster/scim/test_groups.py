"""Groups over SCIM: departments, and membership as an appointment in one."""

from datetime import timedelta
from typing import Any

import httpx

from roster.handlers.show import show_person
from roster.scim.models import ENTERPRISE_SCHEMA, ROSTER_SCHEMA
from support.rosters import PHYSICS, take_in_departments
from support.scims import NOON, Door, group, patch, user


async def added(scim: httpx.AsyncClient, number: Any = 1, **changes: Any) -> str:
    """A user; its id."""
    answer = await scim.post("/Users", json=user(number, **changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def formed(scim: httpx.AsyncClient, said: dict[str, Any]) -> dict[str, Any]:
    answer = await scim.post("/Groups", json=said)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def held(door: Door, person_id: str = "p1") -> list[tuple[str, str, str | None]]:
    """The person's appointments: department, first day, last day."""
    async with door.database() as connection:
        found: Any = await show_person(connection, person_id)
    return sorted(
        (each["department_id"], each["start_on"], each["end_on"])
        for each in found["current"]["appointments"]
    )


async def departments(door: Door) -> dict[str, tuple[str, str | None]]:
    """Name and area of every department."""
    async with door.database() as connection:
        rows = await connection.fetch("SELECT department_id, name, area_id FROM department")
    return {row["department_id"]: (row["name"], row["area_id"]) for row in rows}


def members(shown: dict[str, Any]) -> set[str]:
    return {each["value"] for each in shown.get("members", [])}


async def test_a_group_is_a_department_named_after_it(door: Door, scim: httpx.AsyncClient) -> None:
    made = await formed(scim, group("Earth & Sky", externalId="eaps"))
    await formed(scim, group("Café Studies"))
    assert await departments(door) == {
        "eaps": ("Earth & Sky", None),
        "cafe-studies": ("Café Studies", None),
    }
    renamed = patch({"op": "replace", "path": "displayName", "value": "Planets"})
    assert (await scim.patch(f"/Groups/{made['id']}", json=renamed)).status_code == 204
    assert (await departments(door))["eaps"] == ("Planets", None)


async def test_a_group_of_a_departments_name_is_that_department(
    door: Door, scim: httpx.AsyncClient
) -> None:
    async with door.database() as connection:
        await take_in_departments(connection, PHYSICS)
    ada = await added(scim)
    await formed(scim, group("physics", ada, externalId="0f7e-aa"))

    assert await departments(door) == {"physics": ("Physics", "school-science")}
    assert await held(door) == [("physics", "2023-09-01", None)]


async def test_joining_a_group_is_an_appointment_and_leaving_it_its_end(
    door: Door, scim: httpx.AsyncClient
) -> None:
    ada, ben = await added(scim), await added(scim, 2)
    made = await formed(scim, group("Physics", ada))
    path = f"/Groups/{made['id']}"

    both = patch({"op": "add", "path": "members", "value": [{"value": ben}]})
    assert (await scim.patch(path, json=both)).status_code == 204
    assert members((await scim.get(path)).json()) == {ada, ben}
    await door.step(NOON + timedelta(days=5))
    without = patch({"op": "remove", "path": f'members[value eq "{ada}"]'})
    assert (await scim.patch(path, json=without)).status_code == 204

    assert members((await scim.get(path)).json()) == {ben}
    assert await held(door, "p1") == [("physics", "2023-09-01", "2023-09-06")]
    assert await held(door, "p2") == [("physics", "2023-09-01", None)]


async def test_a_user_shows_its_groups(scim: httpx.AsyncClient) -> None:
    ada = await added(scim)
    made = await formed(scim, group("Physics", ada))
    (shown,) = (await scim.get(f"/Users/{ada}")).json()["groups"]
    assert shown["value"] == made["id"]
    assert shown["$ref"] == f"http://roster/scim/v2/Groups/{made['id']}"
    assert shown["display"] == "Physics"


async def test_whoever_has_an_appointment_in_the_department_is_a_member(
    door: Door, scim: httpx.AsyncClient
) -> None:
    by_appointment = await added(
        scim, 1, **{ROSTER_SCHEMA: {"appointments": [{"departmentId": "physics", "kind": "staff"}]}}
    )
    by_department = await added(scim, 2, **{ENTERPRISE_SCHEMA: {"department": "physics"}})
    made = await formed(scim, group("Physics"))
    path = f"/Groups/{made['id']}"
    assert members((await scim.get(path)).json()) == {by_appointment, by_department}

    await door.step(NOON + timedelta(days=5))
    assert (await scim.put(path, json=group("Physics"))).status_code == 200

    assert members((await scim.get(path)).json()) == set()
    assert await held(door, "p1") == [("physics", "2023-09-01", "2023-09-06")]
    assert await held(door, "p2") == [("physics", "2023-09-01", "2023-09-06")]
    assert "department" not in (await scim.get(f"/Users/{by_department}")).text


async def test_the_etag_of_a_group_moves_with_its_members(scim: httpx.AsyncClient) -> None:
    made = await formed(scim, group("Physics"))
    path = f"/Groups/{made['id']}"
    before = (await scim.get(path)).headers["etag"]
    ada = await added(scim, 1, **{ENTERPRISE_SCHEMA: {"department": "physics"}})
    assert (await scim.get(path)).headers["etag"] != before
    late = await scim.put(path, json=group("Physics", ada), headers={"if-match": before})
    assert late.status_code == 412


async def test_a_deleted_group_leaves_the_department_and_takes_everybody_out(
    door: Door, scim: httpx.AsyncClient
) -> None:
    ada = await added(scim)
    made = await formed(scim, group("Physics", ada))
    assert (await scim.delete(f"/Groups/{made['id']}")).status_code == 204
    assert (await scim.get(f"/Groups/{made['id']}")).status_code == 404
    assert await departments(door) == {"physics": ("Physics", None)}
    assert await held(door) == [("physics", "2023-09-01", "2023-09-01")]
    await formed(scim, group("Physics", ada))


async def test_a_second_group_for_the_same_department_is_refused(scim: httpx.AsyncClient) -> None:
    await formed(scim, group("Physics"))
    again = await scim.post("/Groups", json=group("PHYSICS"))
    assert again.status_code == 409
    assert again.json()["scimType"] == "uniqueness"


async def test_a_member_who_is_no_user_of_the_source_is_refused_and_nothing_is_written(
    door: Door, scim: httpx.AsyncClient
) -> None:
    theirs = await door.token("other-idp", source="other")
    stranger = await scim.post("/Users", json=user(), headers=theirs)
    for member in (stranger.json()["id"], "nobody", "00000000-0000-0000-0000-000000000000"):
        answer = await scim.post("/Groups", json=group("Physics", member))
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert await departments(door) == {}


async def test_groups_are_found_by_member(scim: httpx.AsyncClient) -> None:
    ada = await added(scim)
    made = await formed(scim, group("Physics", ada, externalId="e-1"))
    await formed(scim, group("Chemistry"))
    for expression in (
        f'members[value eq "{ada}"]',
        f'members.value eq "{ada}" and displayName sw "phy"',
        'externalId eq "e-1"',
        f'id eq "{made["id"]}" and members eq "{ada}"',
    ):
        found = (await scim.get("/Groups", params={"filter": expression})).json()
        assert [each["id"] for each in found["Resources"]] == [made["id"]], expression


async def test_members_can_be_left_out(scim: httpx.AsyncClient) -> None:
    ada = await added(scim)
    made = await formed(scim, group("Physics", ada))
    path = f"/Groups/{made['id']}"
    shown = (await scim.get(path, params={"excludedAttributes": "members"})).json()
    assert "members" not in shown
    assert shown["meta"]["version"] == (await scim.get(path)).json()["meta"]["version"]
