"""Users over SCIM, and what becomes of them in the roster."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from roster.handlers.show import show_person
from roster.scim.models import ENTERPRISE_SCHEMA, ROSTER_SCHEMA
from support.scims import NOON, Door, patch, user


async def created(scim: httpx.AsyncClient, said: dict[str, Any]) -> dict[str, Any]:
    answer = await scim.post("/Users", json=said)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def shown(door: Door, person_id: str) -> dict[str, Any]:
    """The person as the roster shows it: `current`, and `history` with the newest first."""
    async with door.database() as connection:
        found = await show_person(connection, person_id)
    assert found is not None
    return found


async def facts(door: Door, person_id: str) -> dict[str, Any]:
    """The person as the roster publishes it now."""
    return (await shown(door, person_id))["current"]  # type: ignore[no-any-return]


async def contact(door: Door, person_id: str) -> tuple[Any, ...]:
    async with door.database() as connection:
        row = await connection.fetchrow(
            "SELECT display_name, email, login FROM contact WHERE person_id = $1", person_id
        )
    assert row is not None
    return tuple(row)


async def events(door: Door) -> list[str]:
    """What became of p1, oldest first."""
    return [each["change"] for each in reversed((await shown(door, "p1"))["history"])]


async def test_a_created_user_is_an_onboarded_person(door: Door, scim: httpx.AsyncClient) -> None:
    answer = await scim.post("/Users", json=user())

    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"http://roster/scim/v2/Users/{made['id']}"
    assert answer.headers["etag"] == made["meta"]["version"] == 'W/"1"'
    assert made["userName"] == "ada1"
    assert await contact(door, "p1") == ("Ada Lovelace 1", "ada1@example.edu", "ada1")
    assert (await facts(door, "p1"))["onboarded_on"] == "2023-09-01"
    assert await events(door) == ["onboarded"]


async def test_a_user_is_read_back_as_it_was_written(scim: httpx.AsyncClient) -> None:
    made = await created(scim, user(name={"givenName": "Ada", "familyName": "Lovelace"}))
    read = await scim.get(f"/Users/{made['id']}")
    assert read.status_code == 200
    assert read.json() == made
    assert read.json()["name"] == {"givenName": "Ada", "familyName": "Lovelace"}


async def test_appointments_of_the_extension_are_the_persons(
    door: Door, scim: httpx.AsyncClient
) -> None:
    said = {
        "onboardedOn": "2020-01-15",
        "appointments": [
            {"departmentId": "physics", "kind": "graduate_student", "yearOfStudy": "3"},
            {
                "departmentId": "chemistry",
                "kind": "staff",
                "supervisorId": "p9",
                "endOn": "2024-06-30",
            },
        ],
    }
    await created(scim, user(**{ROSTER_SCHEMA: said}))

    kept = await facts(door, "p1")
    assert kept["onboarded_on"] == "2020-01-15"
    chemistry, physics = sorted(kept["appointments"], key=lambda each: each["department_id"])
    assert (physics["kind"], physics["paid"], physics["year_of_study"]) == (
        "graduate_student",
        False,
        3,
    )
    assert (chemistry["paid"], chemistry["supervisor_id"], chemistry["end_on"]) == (
        True,
        "p9",
        "2024-06-30",
    )


async def test_the_enterprise_department_and_manager_make_an_appointment(
    door: Door, scim: httpx.AsyncClient
) -> None:
    boss = await created(scim, user("boss"))
    said = {"department": "Physics", "manager": {"value": boss["id"]}, "employeeNumber": "7"}
    await created(scim, user(userType="staff", **{ENTERPRISE_SCHEMA: said}))

    (appointment,) = (await facts(door, "p1"))["appointments"]
    assert appointment["department_id"] == "Physics"
    assert (appointment["kind"], appointment["paid"]) == ("staff", True)
    assert appointment["supervisor_id"] == "pboss"


async def test_a_put_replaces_and_what_it_leaves_out_is_gone(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user())
    put = await scim.put(f"/Users/{made['id']}", json=user(displayName="Ada L", emails=None))

    assert put.status_code == 200
    assert "emails" not in put.json()
    assert put.json()["meta"]["version"] == 'W/"2"'
    assert await contact(door, "p1") == ("Ada L", None, "ada1")


async def test_a_put_that_says_nothing_new_is_no_new_version(scim: httpx.AsyncClient) -> None:
    made = await created(scim, user())
    put = await scim.put(f"/Users/{made['id']}", json=user())
    assert put.json()["meta"] == made["meta"]


async def test_a_patch_changes_one_thing(door: Door, scim: httpx.AsyncClient) -> None:
    made = await created(scim, user())
    done = await scim.patch(
        f"/Users/{made['id']}",
        json=patch({"op": "replace", "path": "displayName", "value": "Countess"}),
    )
    assert done.status_code == 204
    assert done.headers["etag"] == 'W/"2"'
    assert await contact(door, "p1") == ("Countess", "ada1@example.edu", "ada1")


async def test_a_patch_as_entra_writes_it_is_understood(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user(emails=None))
    operations = [
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@example.edu"},
        {"op": "Replace", "value": {"displayName": "New Name", "name.givenName": "New"}},
        {"op": "Replace", "path": f"{ENTERPRISE_SCHEMA}:department", "value": "physics"},
    ]
    done = await scim.patch(f"/Users/{made['id']}", json=patch(*operations))

    assert done.status_code == 204, done.text
    assert await contact(door, "p1") == ("New Name", "new@example.edu", "ada1")
    assert (await facts(door, "p1"))["appointments"][0]["department_id"] == "physics"


async def test_inactive_separates_and_active_again_is_a_rehire(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user())
    off = patch({"op": "replace", "path": "active", "value": False})
    on = patch({"op": "replace", "path": "active", "value": True})

    await scim.patch(f"/Users/{made['id']}", json=off)
    assert (await facts(door, "p1"))["separated_on"] == "2023-09-01"
    await door.step(NOON + timedelta(days=30))
    await scim.patch(f"/Users/{made['id']}", json=on)

    kept = await facts(door, "p1")
    assert (kept["onboarded_on"], kept["separated_on"]) == ("2023-10-01", None)
    assert await events(door) == ["onboarded", "separated", "onboarded"]


async def test_a_deleted_user_is_gone_here_and_separated_there(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user())
    path = f"/Users/{made['id']}"

    assert (await scim.delete(path)).status_code == 204
    assert (await scim.get(path)).status_code == 404
    assert (await scim.delete(path)).status_code == 404
    assert (await scim.patch(path, json=patch())).status_code in {400, 404}
    assert (await scim.get("/Users")).json()["totalResults"] == 0
    assert (await facts(door, "p1"))["separated_on"] == "2023-09-01"


async def test_the_same_external_id_again_after_a_delete_is_a_rehire(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user())
    await scim.delete(f"/Users/{made['id']}")
    await door.step(NOON + timedelta(days=10))

    again = await created(scim, user())

    assert again["id"] != made["id"]
    kept = await facts(door, "p1")
    assert (kept["onboarded_on"], kept["separated_on"]) == ("2023-09-11", None)
    assert await events(door) == ["onboarded", "separated", "onboarded"]


async def test_a_deleted_row_keeps_ids_and_nothing_personal(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user())
    await scim.delete(f"/Users/{made['id']}")
    async with door.database() as connection:
        row = await connection.fetchrow("SELECT s::text AS row FROM scim_user s")
    assert "p1" in row["row"]
    assert "Ada" not in row["row"]
    assert "ada1" not in row["row"]


async def test_two_writes_while_the_calendar_stands_still_end_as_the_second(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user())
    for department in ("a", "b", "c", "d", "e"):
        value = {"op": "replace", "path": f"{ENTERPRISE_SCHEMA}:department", "value": department}
        assert (await scim.patch(f"/Users/{made['id']}", json=patch(value))).status_code == 204
    kept = (await facts(door, "p1"))["appointments"]
    assert [each["department_id"] for each in kept if each["end_on"] is None] == ["e"]


async def test_a_transfer_ends_the_appointment_it_came_from(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user(**{ENTERPRISE_SCHEMA: {"department": "physics"}}))
    await door.step(NOON + timedelta(days=10))
    moved = {"op": "replace", "path": f"{ENTERPRISE_SCHEMA}:department", "value": "chemistry"}
    await scim.patch(f"/Users/{made['id']}", json=patch(moved))

    kept = {each["department_id"]: each for each in (await facts(door, "p1"))["appointments"]}
    assert (kept["physics"]["start_on"], kept["physics"]["end_on"]) == ("2023-09-01", "2023-09-11")
    assert (kept["chemistry"]["start_on"], kept["chemistry"]["end_on"]) == ("2023-09-11", None)


async def test_effective_on_dates_one_write_and_no_later_one(
    door: Door, scim: httpx.AsyncClient
) -> None:
    made = await created(scim, user(**{ROSTER_SCHEMA: {"effectiveOn": "2023-08-01"}}))
    path = f"/Users/{made['id']}"
    value = {"op": "add", "path": f"{ENTERPRISE_SCHEMA}:department", "value": "physics"}
    assert (await scim.patch(path, json=patch(value))).status_code == 204

    days = [each["effective_on"] for each in (await shown(door, "p1"))["history"]]
    assert days == ["2023-09-01", "2023-08-01"]
    assert "effectiveOn" not in (await scim.get(path)).text


@pytest.mark.parametrize(
    ("user_name", "login_domain", "login"),
    [
        ("ada", None, "ada"),
        ("ada@example.edu", None, None),
        ("ada@example.edu", "example.edu", "ada"),
        ("ada@EXAMPLE.edu", "example.edu", "ada"),
        ("ada@elsewhere.org", "example.edu", None),
    ],
)
async def test_a_user_name_is_a_login_only_within_the_tokens_domain(
    door: Door,
    scim: httpx.AsyncClient,
    user_name: str,
    login_domain: str | None,
    login: str | None,
) -> None:
    headers = await door.token("other", login_domain=login_domain)
    answer = await scim.post("/Users", json=user(userName=user_name), headers=headers)
    assert answer.json()["userName"] == user_name
    assert (await contact(door, "p1"))[2] == login


async def test_a_token_may_read_the_institute_id_from_the_employee_number(
    door: Door, scim: httpx.AsyncClient
) -> None:
    headers = await door.token("other", person_id_from="employeeNumber")
    said = user(externalId="00u1abc", **{ENTERPRISE_SCHEMA: {"employeeNumber": "900123"}})
    answer = await scim.post("/Users", json=said, headers=headers)
    assert answer.status_code == 201
    assert await facts(door, "900123")

    without = await scim.post("/Users", json=user(2, externalId="00u2abc"), headers=headers)
    assert without.status_code == 400
    assert "employeeNumber" in without.json()["detail"]


async def test_each_source_sees_and_ends_only_what_it_said_itself(
    door: Door, scim: httpx.AsyncClient
) -> None:
    students = await door.token("students-idp", source="students")
    mine = await created(scim, user(**{ENTERPRISE_SCHEMA: {"department": "physics"}}))
    theirs = await scim.post(
        "/Users", json=user(**{ENTERPRISE_SCHEMA: {"department": "math"}}), headers=students
    )
    assert theirs.status_code == 201
    assert (await scim.get(f"/Users/{mine['id']}", headers=students)).status_code == 404

    await scim.delete(f"/Users/{mine['id']}")

    kept = await facts(door, "p1")
    assert kept["separated_on"] is None
