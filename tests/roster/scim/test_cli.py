"""`roster scim token`: the token is shown once."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from roster.cli import app
from support.databases import Database
from support.scims import MACHINE


@pytest.fixture
def run(place: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ROSTER_DATABASE_URL", place.app_dsn)
    monkeypatch.setenv("ROSTER_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setenv("ROSTER_MACHINE_TOKEN", MACHINE)

    async def invoke(*arguments: str) -> Result:
        # The command has an event loop of its own.
        runner = CliRunner()
        return await asyncio.to_thread(runner.invoke, app, ["scim", "token", *arguments])

    return invoke


async def test_a_token_is_shown_once_and_never_again(run: Any) -> None:
    made = await run("create", "campus-idp", "--source", "identity", "--json")
    assert made.exit_code == 0, made.output
    shown = json.loads(made.stdout)
    assert shown["token"].startswith("rcscim_")
    assert shown["scopes"] == ["groups:read", "groups:write", "users:read", "users:write"]

    listed = await run("list", "--json")
    assert shown["token"] not in listed.output
    assert [each["name"] for each in json.loads(listed.stdout)] == ["campus-idp"]


async def test_a_token_is_revoked_once(run: Any) -> None:
    await run("create", "campus-idp", "--source", "identity", "--scope", "users:read")
    assert (await run("revoke", "campus-idp")).exit_code == 0
    assert (await run("revoke", "campus-idp")).exit_code == 1
    assert (await run("create", "campus-idp", "--source", "identity")).exit_code == 1
    (row,) = json.loads((await run("list", "--json")).stdout)
    assert row["revoked_at"] is not None
    assert row["scopes"] == ["users:read"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("Campus IdP", "--source", "identity"),
        ("campus-idp", "--source", "Identity"),
        ("campus-idp", "--source", "identity", "--scope", "everything"),
        ("campus-idp", "--source", "identity", "--login-domain", "not a domain"),
        ("campus-idp", "--source", "identity", "--person-id-from", "userName"),
        ("campus-idp",),
    ],
)
async def test_what_makes_no_sense_is_refused(run: Any, arguments: tuple[str, ...]) -> None:
    assert (await run("create", *arguments)).exit_code in {1, 2}
    assert json.loads((await run("list", "--json")).stdout) == []
