"""Canaille keeps the roster up to date through its own SCIM client."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from roster.handlers.show import show_person
from support.scims import Door

PYTHON = Path(__file__).parents[2] / ".venv-clients" / "canaille" / "bin" / "python"
DRIVER = Path(__file__).with_name("canaille_driver.py")


class Canaille:
    """A running Canaille that does what it is told."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, what: str, **how: Any) -> str:
        """Do it and wait until Canaille has pushed it; the id of what it was done to."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **how}).encode() + b"\n")
        return str((await self.answer()).get("id"))

    async def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert line, "Canaille ended"
        return json.loads(line)  # type: ignore[no-any-return]


@asynccontextmanager
async def canaille(door: Door) -> AsyncIterator[Canaille]:
    token = (await door.token(source="identity"))["authorization"].removeprefix("Bearer ")
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        str(DRIVER),
        f"{door.client.base_url}/scim/v2",
        env={"PATH": os.environ["PATH"], "TOKEN": token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        started = Canaille(process)
        assert await started.answer() == {"ready": True}
        yield started
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 20)


async def person(door: Door, person_id: str) -> dict[str, Any]:
    """The person as the roster publishes it now."""
    async with door.database() as connection:
        found: Any = await show_person(connection, person_id)
    assert found is not None, "the roster knows nobody of that id"
    return found["current"]  # type: ignore[no-any-return]


async def contact(door: Door, person_id: str) -> tuple[Any, ...]:
    async with door.database() as connection:
        row = await connection.fetchrow(
            "SELECT display_name, email, login FROM contact WHERE person_id = $1", person_id
        )
    return tuple(row)


async def departments(door: Door, person_id: str) -> dict[str, str | None]:
    """The departments of the person's appointments, each with its last day."""
    found = (await person(door, person_id))["appointments"]
    return {each["department_id"]: each["end_on"] for each in found}


ADA = {
    "user_name": "ada",
    "display_name": "Ada Lovelace",
    "formatted_name": "Ada Lovelace",
    "family_name": "Lovelace",
    "emails": ["ada@example.edu"],
    "phone_numbers": ["555 0100"],
    "password": "correct horse battery staple",
}


@pytest.mark.timeout(300)
async def test_users_are_created_changed_locked_unlocked_and_deleted(door: Door) -> None:
    async with canaille(door) as idp:
        ada = await idp.do("create_user", **ADA)
        assert await contact(door, ada) == ("Ada Lovelace", "ada@example.edu", "ada")
        assert (await person(door, ada))["separated_on"] is None

        await idp.do("change_user", user_id=ada, display_name="Countess", department="physics")
        assert (await contact(door, ada))[0] == "Countess"
        assert await departments(door, ada) == {"physics": None}

        await idp.do("lock_user", user_id=ada)
        assert (await person(door, ada))["separated_on"] == "2023-09-01"
        await idp.do("unlock_user", user_id=ada)
        assert (await person(door, ada))["separated_on"] is None

        await idp.do("delete_user", user_id=ada)
        assert (await person(door, ada))["separated_on"] == "2023-09-01"


@pytest.mark.timeout(300)
async def test_members_of_its_groups_get_appointments_and_lose_them(door: Door) -> None:
    async with canaille(door) as idp:
        ada = await idp.do("create_user", **ADA)
        ben = await idp.do("create_user", **ADA | {"user_name": "ben", "display_name": "Ben"})
        physics = await idp.do("create_group", name="Physics", members=[ada])
        (department,) = await departments(door, ada)
        assert department == physics
        assert await departments(door, ben) == {}

        await idp.do("set_members", group_id=physics, members=[ada, ben])
        assert await departments(door, ben) == {physics: None}

        await idp.do("set_members", group_id=physics, members=[ben])
        assert await departments(door, ada) == {physics: "2023-09-01"}
        assert await departments(door, ben) == {physics: None}
