"""scim2-tester, through `scim test`, against the running service."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.databases import Database
from support.scims import ROSTER_TOPICS, door_of_its_own


@pytest.mark.timeout(300)
async def test_the_compliance_checker_finds_nothing_to_complain_of(
    place: Database, fresh_topics: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    bootstrap = await fresh_topics(*ROSTER_TOPICS)
    async with door_of_its_own(place, bootstrap, tmp_path / "roster.log") as door:
        headers = await door.token()
        scim = Path(sys.executable).with_name("scim")
        checker = await asyncio.create_subprocess_exec(
            str(scim),
            "--url",
            f"{door.client.base_url}/scim/v2",
            "--header",
            f"Authorization: {headers['authorization']}",
            "test",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await checker.communicate()
    lines = said.decode().splitlines()
    checks = [
        line for line in lines if line.startswith(("SUCCESS", "ERROR", "SKIPPED", "CRITICAL"))
    ]
    assert len(checks) > 100, said.decode()
    assert [line for line in checks if not line.startswith("SUCCESS")] == [], said.decode()
    assert checker.returncode == 0
