"""The roster's pages over real HTTP: a server on this machine, and people who sign in."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from chassis.service import Runtime, build_app
from embedded.ports import free_port
from roster.app import create_service
from roster.settings import RosterSettings
from support.databases import Database
from support.roster_service import MACHINE, TOKEN
from support.rosters import RECEIVED
from support.waiting import eventually

HIDDEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass
class Site:
    """A running roster, and a browser that keeps cookies and follows nothing by itself."""

    browser: httpx.AsyncClient
    bootstrap: str
    own_runtime: Runtime | None = None
    token: str = ""
    path: str = "/"

    @property
    def runtime(self) -> Runtime:
        """What runs it, when that is this process."""
        assert self.own_runtime is not None
        return self.own_runtime

    async def sign_in(self, role: str, person_id: str) -> None:
        """Become somebody; only office and auditor are granted, the rest the roster says."""
        self.browser.cookies.clear()
        drawn = await self.browser.get("/sign-in")
        form = {"role": role, "person_id": person_id, "token": HIDDEN.findall(drawn.text)[0]}
        answer = await self.browser.post("/sign-in", data=form)
        assert answer.status_code == 303, answer.text
        # Every page for somebody signed in has a form: the one to sign out.
        self.token = HIDDEN.findall((await self.browser.get("/audit")).text)[0]

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return answer.text

    async def post(self, path: str, status: int = 303, **form: str) -> str:
        """Send a form of ours; a redirect is followed, and gives the page it leads to."""
        answer = await self.browser.post(path, data={"token": self.token} | form)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return await self._after(answer)

    async def upload(self, content: bytes, status: int = 303, **form: str) -> str:
        """Send a file by the form; gives the page that follows."""
        files = {"file": ("people.csv", content, "text/csv")}
        data = {"token": self.token} | form
        answer = await self.browser.post("/files", data=data, files=files)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return await self._after(answer)

    async def _after(self, answer: httpx.Response) -> str:
        if answer.status_code != 303:
            return answer.text
        self.path = answer.headers["location"]
        return await self.get(self.path)

    async def settled(self) -> None:
        """Wait until nothing is due."""

        async def nothing_due() -> bool:
            answer = await self.browser.get("/progress")
            return bool(answer.json()["due"] == 0)

        await eventually(nothing_due, timeout=60, because="nothing is due")


@asynccontextmanager
async def site(database: Database, bootstrap: str, **changes: Any) -> AsyncIterator[Site]:
    """A roster with the demo's sign-in; the calendar stands at RECEIVED."""
    settings = RosterSettings.model_validate(
        {
            "database_url": database.app_dsn,
            "kafka_bootstrap": bootstrap,
            "machine_token": TOKEN,
            "calendar": "stepped",
            "demo_sign_in": True,
        }
        | changes
    )
    app = build_app(create_service(settings))
    runtime: Runtime = app.state.runtime
    port = free_port()
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        async with _browser(port) as browser:
            yield Site(browser, bootstrap, own_runtime=runtime)
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def process(database: Database, bootstrap: str, log: Path) -> AsyncIterator[Site]:
    """The same as a process of its own, logging everything into a file."""
    port = free_port()
    settings = {
        "ROSTER_DATABASE_URL": database.app_dsn,
        "ROSTER_KAFKA_BOOTSTRAP": bootstrap,
        "ROSTER_HTTP_PORT": str(port),
        "ROSTER_MACHINE_TOKEN": TOKEN,
        "ROSTER_CALENDAR": "stepped",
        "ROSTER_DEMO_SIGN_IN": "true",
        "ROSTER_LOG_LEVEL": "debug",
    }
    with log.open("wb") as stream:
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "roster", "run",
            env=os.environ | settings, stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        async with _browser(port) as browser:
            yield Site(browser, bootstrap)
    finally:
        running.terminate()
        await asyncio.wait_for(running.wait(), 30)


@asynccontextmanager
async def _browser(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as browser:

        async def ready() -> bool:
            try:
                return (await browser.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready, timeout=120, because="the roster is ready")
        now = {"now": RECEIVED.isoformat()}
        assert (await browser.post("/calendar", json=now, headers=MACHINE)).status_code == 200
        yield browser
