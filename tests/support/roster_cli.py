"""The roster's command line on a real database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from typer.testing import CliRunner, Result

from roster.cli import app
from support.databases import Database


def environment(place: Database, **changes: str) -> dict[str, str]:
    """The environment of a command."""
    settings = {
        "ROSTER_DATABASE_URL": place.app_dsn,
        "ROSTER_OWNER_DATABASE_URL": place.owner_dsn,
        "ROSTER_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "ROSTER_MACHINE_TOKEN": "a-token-for-tests-only",
    }
    return os.environ | settings | changes


async def roster(place: Database, *arguments: str | Path, **changes: str) -> Result:
    """What the command printed, and its exit code."""
    # In a thread, because a command runs a loop of its own.
    runner, env = CliRunner(), environment(place, **changes)
    return await asyncio.to_thread(lambda: runner.invoke(app, list(map(str, arguments)), env=env))
