"""The office's commands, on a real database."""

import asyncio
import json
import os
from dataclasses import replace

import pytest
from typer.testing import CliRunner, Result

from chassis.postgres import Connection
from roster.cli import app
from roster.domain import Contact
from support.databases import Database
from support.reports import ADA, BEN, report

AS = ("--actor", "office1")
WHY = ("--reason", "asked for in writing")


@pytest.fixture(autouse=True)
async def people(connection: Connection) -> None:
    """Ada, and Ben under two ids."""
    again = replace(BEN, person_id="p3")
    await report(connection, ADA, BEN)
    await report(connection, again)


async def roster(place: Database, *arguments: str) -> Result:
    """What the command printed, and its exit code."""
    env = os.environ | {
        "ROSTER_DATABASE_URL": place.app_dsn,
        "ROSTER_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "ROSTER_MACHINE_TOKEN": "a-token-for-tests-only",
        "ROSTER_CALENDAR": "stepped",
    }
    runner = CliRunner()
    return await asyncio.to_thread(lambda: runner.invoke(app, list(arguments), env=env))


async def test_a_hold_is_set_listed_and_lifted(place: Database) -> None:
    assert (await roster(place, "hold", "p1", "sensitive", *AS)).stdout == "p1 is on hold.\n"
    listed = json.loads((await roster(place, "holds", "--json")).stdout)
    assert [(each["person_id"], each["code"]) for each in listed] == [("p1", "sensitive")]
    assert (await roster(place, "lift", "p1", *WHY, *AS)).exit_code == 0
    assert (await roster(place, "holds")).stdout == "Nobody is on hold.\n"


async def test_who_acts_and_why_must_be_said(place: Database) -> None:
    assert (await roster(place, "hold", "p1", "sensitive")).exit_code == 2
    assert (await roster(place, "hold", "p1", "because I say so", *AS)).exit_code == 2
    assert (await roster(place, "lift", "p1", *AS)).exit_code == 2


async def test_a_merge_is_tried_made_and_undone(place: Database) -> None:
    merge = ("merge", "p3", "--into", "p2", *WHY, *AS)
    tried = await roster(place, *merge, "--dry-run")
    assert "Nothing was changed." in tried.stdout
    done = json.loads((await roster(place, *merge, "--json")).stdout)
    assert [each["person_id"] for each in done["people"]] == ["p2", "p3"]
    again = await roster(place, *merge)
    assert again.exit_code == 1
    assert "p3 is an alias: use p2." in again.stderr
    assert (await roster(place, "split", "p3", *WHY, *AS)).exit_code == 0


async def test_a_proposal_is_listed_and_decided(place: Database) -> None:
    (found,) = json.loads((await roster(place, "proposals", "list", "--json")).stdout)
    assert (found["person_id"], found["other_id"], found["cause"]) == ("p2", "p3", "login")
    number = str(found["id"])
    declined = await roster(place, "proposals", "decline", number, *WHY, *AS)
    assert declined.stdout == f"Declined {number}.\n"
    accepted = await roster(place, "proposals", "accept", number, "--keep", "p2", *WHY, *AS)
    assert "declined already" in accepted.stderr
    assert (await roster(place, "proposals", "list")).stdout == "No proposals.\n"


async def test_erasing_asks_first_and_can_be_said_again(place: Database) -> None:
    asked = await roster(place, "erase", "p1", *WHY, *AS)
    assert asked.exit_code == 1
    done = await roster(place, "erase", "p1", *WHY, *AS, "--yes")
    assert done.stdout == "Erased: p1.\n"
    again = await roster(place, "erase", "p1", *WHY, *AS, "--yes")
    assert again.stdout == "Erased again: p1.\n"
    said = await roster(place, "erasures", "republish", *WHY, *AS)
    assert said.stdout == "Erasures said again: 1.\n"


async def test_seats_are_given_renewed_and_resigned(place: Database) -> None:
    term = ("--until", "2025-08-31", "--nominated-by", "senate")
    given = await roster(place, "seats", "appoint", "p1", "cod", "2023-09-01", *term, *AS)
    assert given.stdout == "seat-1\n"
    renewed = await roster(place, "seats", "renew", "p1", "seat-1", "2027-08-31", *AS)
    assert renewed.stdout == "seat-2\n"
    resigned = await roster(place, "seats", "resign", "p1", "seat-2", "2026-01-31", *AS)
    assert resigned.stdout == "seat-2 of p1 ends on 2026-01-31.\n"
    table = (await roster(place, "person", "p1")).stdout
    assert "committee_member in cod, 2025-09-01 to 2026-01-31" in table


async def test_roles_are_granted_listed_and_revoked(place: Database) -> None:
    assert "has the role" in (await roster(place, "roles", "grant", "p1", "office", *AS)).stdout
    assert "already" in (await roster(place, "roles", "grant", "p1", "office", *AS)).stdout
    listed = json.loads((await roster(place, "roles", "list", "--json")).stdout)
    assert listed == [{"person_id": "p1", "roles": ["office"]}]
    assert "no longer" in (await roster(place, "roles", "revoke", "p1", "office", *AS)).stdout
    assert (await roster(place, "roles", "list")).stdout == "Nobody.\n"


async def test_a_person_is_shown_as_of_a_day_and_former_addresses_on_request(
    place: Database, connection: Connection
) -> None:
    await report(connection, replace(ADA, contact=Contact("Ada King", "king@example.edu")))
    then = await roster(place, "person", "p1", "--as-of", "2023-09-01")
    assert then.stdout == "staff in physics, 2020-01-15 to -\n"
    before = await roster(place, "person", "p1", "--as-of", "2023-08-31", "--json")
    assert before.stderr == "No such person.\n"
    known = ("--known-at", "2023-08-31T12:00:00")
    assert (await roster(place, "person", "p1", *known)).exit_code == 1
    earlier = await roster(place, "person", "p1", "--as-of", "2023-09-01", *known)
    assert earlier.exit_code == 1
    former = json.loads((await roster(place, "person", "p1", "--former", "--json")).stdout)
    assert sorted(each["value"] for each in former) == ["ada", "ada@example.edu"]
    assert "Ada" not in (await roster(place, "person", "p1")).stdout
