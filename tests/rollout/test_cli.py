"""The command line: data on standard output, sentences on standard error, a status that tells."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rollout.cli import app
from support.databases import Database
from support.rollout_process import environment_of
from support.rollouts import Rollout, department_events, held, person_event, rollout_on
from support.training import at, shipped_text

Fresh = Callable[[str], Awaitable[Database]]
Command = Callable[..., Awaitable[Result]]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_check_shows_the_plan_of_a_shipped_cycle() -> None:
    result = run("cycle", "check", "2023-24", "--json")
    assert result.exit_code == 0
    plan = json.loads(result.stdout)
    assert plan["cycle"] == "2023-24"
    assert plan["groups"][0] == {
        "group": "pilot",
        "title": "HR and IS&T Pilot",
        "start_on": "2023-09-11",
        "due_on": "2023-10-06",
        "release_days": 10,
        "first": "2023-09-11",
        "last": "2023-09-22",
    }
    assert "HR and IS&T Pilot" in run("cycle", "check", "2023-24").stdout


def test_check_tells_every_error_of_a_broken_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    text = shipped_text().replace("outcome: exempt", "outcome: maybe")
    broken.write_text(text.replace("opens_on: 2023-09-01", "opens_on: soon"), encoding="utf-8")
    result = run("cycle", "check", str(broken))
    assert result.exit_code == 1
    assert result.stdout == ""
    first, second, last = result.stderr.strip().splitlines()
    assert first.startswith(f"{broken}:6: opens_on: expected a date")
    assert "rules[1].outcome: expected one of required" in second
    assert last == "Mistakes: 2. Nothing was applied."
    errors = json.loads(run("cycle", "check", str(broken), "--json").stdout)["errors"]
    assert [error["field"] for error in errors] == ["opens_on", "rules[1].outcome"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "cycle.yaml"
    if content is not None:
        file.write_bytes(content)
    result = run("cycle", "check", str(file))
    assert result.exit_code == 1
    assert str(file) in result.stderr.replace("\n", "")


def test_a_shipped_file_is_shown_without_a_database() -> None:
    assert run("cycle", "show", "2023-24").stdout == shipped_text()
    assert (
        run("cycle", "show", "1999").stderr == "1999 cannot be read: No such file or directory.\n"
    )


def test_a_command_without_settings_names_what_is_missing() -> None:
    result = run("cycle", "list", ROLLOUT_DATABASE_URL="")
    assert result.exit_code == 2


@pytest.fixture
async def place(database: Fresh) -> Database:
    return await database("rollout")


@pytest.fixture
def command(place: Database) -> Command:
    """Runs a command on the test's database, away from the test's own event loop."""
    import asyncio

    async def call(*arguments: str) -> Result:
        environment = environment_of(place, "127.0.0.1:9", 0) | {"ROLLCALL_ACTOR": "900001"}
        return await asyncio.to_thread(run, *arguments, **environment)

    return call


async def decided(rollout: Rollout) -> None:
    await rollout.tell(
        *department_events(),
        person_event("p1"),
        person_event("p2", held("d-lost")),
        person_event("p3", held("d-physics", "undergraduate", paid=False)),
    )
    await rollout.until("09-01")
    async with rollout.pool.acquire() as connection:
        await connection.execute("INSERT INTO calendar (now) VALUES ($1)", at("09-01"))


async def test_a_cycle_is_applied_once_and_listed(place: Database, command: Command) -> None:
    dry = await command("cycle", "apply", "2023-24", "--dry-run")
    assert dry.stdout == "Cycle 2023-24 would be published as policy version 1.\n"
    assert (await command("cycle", "list")).stdout == "No cycle is published.\n"
    applied = await command("cycle", "apply", "2023-24", "--json")
    assert json.loads(applied.stdout)["changed"] is True
    again = await command("cycle", "apply", "2023-24")
    assert again.stdout == "Cycle 2023-24 is unchanged as policy version 1.\n"
    (listed,) = json.loads((await command("cycle", "list", "--json")).stdout)
    assert listed["groups"][0]["group"] == "pilot"
    assert "central" in (await command("cycle", "list")).stdout
    (entry,) = json.loads((await command("audit", "list", "--json")).stdout)
    assert (entry["actor"], entry["action"], entry["subject"]) == (
        *("900001", "cycle.apply", "cycle/2023-24"),
    )
    assert entry["details"]["policy_version"] == 1


async def test_why_shows_the_rule_the_flip_and_the_tree(place: Database, command: Command) -> None:
    async with rollout_on(place) as rollout:
        await rollout.publish()
        await decided(rollout)
    shown = await command("why", "p1", "--cycle", "2023-24")
    assert shown.exit_code == 0, shown.stderr
    assert "p1 in 2023-24: scheduled" in shown.stdout
    assert "because of rule paid_staff, which says required" in shown.stdout
    assert "onboarded_on 2023-07-01 instead of 2015-09-01 would make it exempt" in shown.stdout
    assert "no  rule lincoln_laboratory" in shown.stdout
    assert "yes rule paid_staff" in shown.stdout
    card: dict[str, Any] = json.loads(
        (await command("why", "p3", "--cycle", "2023-24", "--json")).stdout
    )
    assert (card["rule"], card["other_programme"]) == ("undergraduate", True)
    assert card["obligation"]["status"] == "not_in_scope"


async def test_why_of_an_alias_is_that_of_the_person(place: Database, command: Command) -> None:
    async with rollout_on(place) as rollout:
        await rollout.publish()
        await decided(rollout)
        await rollout.tell(person_event("p1", version=2, aliases=("p0",)))
    shown = (await command("why", "p0")).stdout
    assert shown.startswith("p0 is an alias of p1\np1 in 2023-24: scheduled\n")
    assert "merged_from: p0" in shown
    assert json.loads((await command("why", "p0", "--json")).stdout)["alias"] == "p0"


async def test_exceptions_are_listed_by_id(place: Database, command: Command) -> None:
    async with rollout_on(place) as rollout:
        await rollout.publish()
        await decided(rollout)
    found = json.loads((await command("exceptions", "--cycle", "2023-24", "--json")).stdout)
    assert found["people_without_group"] == ["p2"]
    assert found["people_without_area"] == ["p2"]
    assert found["departments_without_area"] == ["d-lost"]
    listed = (await command("exceptions")).stdout
    assert "people without group" in listed
    assert "d-lost" in listed
    assert (await command("exceptions", "--limit", "0")).exit_code == 2


async def test_while_there_is_one_cycle_nobody_has_to_name_it(
    place: Database, command: Command
) -> None:
    assert (await command("why", "p1")).stderr == "No cycle has been published.\n"
    async with rollout_on(place) as rollout:
        await rollout.publish()
        await decided(rollout)
    assert "p1 in 2023-24: scheduled" in (await command("why", "p1")).stdout
    async with rollout_on(place) as rollout:
        await rollout.publish(shipped_text().replace('cycle: "2023-24"', "cycle: another"))
    several = await command("why", "p1")
    assert several.exit_code == 1
    assert several.stderr == "There are several cycles; name one: 2023-24, another.\n"


async def test_an_unknown_person_or_cycle_is_a_sentence(command: Command) -> None:
    unknown = await command("why", "p1", "--cycle", "2019")
    assert (unknown.exit_code, unknown.stderr) == (1, "No cycle '2019' has been published.\n")
    await command("cycle", "apply", "2023-24")
    nobody = await command("why", "nobody", "--cycle", "2023-24")
    assert nobody.stderr == "No person with id 'nobody' is known.\n"
    assert (await command("exceptions", "--cycle", "2019")).exit_code == 1


async def test_a_file_that_drops_a_group_is_refused_with_its_name(
    place: Database, command: Command, tmp_path: Path
) -> None:
    async with rollout_on(place) as rollout:
        await rollout.publish()
        await rollout.tell(*department_events(), person_event("p1"))
        await rollout.until("09-22")
    changed = tmp_path / "next.yaml"
    changed.write_text(shipped_text().replace("group: pilot", "group: beta"), encoding="utf-8")
    refused = await command("cycle", "apply", str(changed))
    assert refused.exit_code == 1
    assert "groups: expected group 'pilot'" in refused.stderr
