"""A made-up service with pages and an API, for the tests of signing in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Form
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from chassis import sessions
from chassis.identity import Role, Standing
from chassis.pages import ROUTERS, PageRoute
from chassis.postgres import Connection
from chassis.service import Service, build_app
from chassis.sign_in import Denied, ForOffice, SignedIn, SignInSettings, check_form
from chassis.site import Example, Site
from support.databases import Database
from support.runtimes import TOKEN
from support.waiting import eventually

PROXY = "10.1.2.3"
BEHIND = {"trusted_proxies": "10.1.2.0/24, fd00::1"}
HTML = APIRouter(route_class=PageRoute)
API = APIRouter(prefix="/api")


@HTML.get("/who")
@API.get("/who")
async def who(identity: SignedIn) -> dict[str, Any]:
    return {
        "person_id": identity.person_id,
        "roles": sorted(identity.roles),
        "departments": sorted(identity.departments),
    }


@HTML.get("/secret/{secret_id}")
@API.get("/secret/{secret_id}")
async def secret(_: SignedIn, secret_id: str) -> None:
    raise Denied("secret", secret_id)


@HTML.get("/form")
async def form(request: Request, identity: SignedIn) -> Response:
    nonce = sessions.form_nonce(request)
    response = PlainTextResponse(sessions.form_token(request, nonce, identity.person_id))
    sessions.keep_nonce(request, response, nonce)
    return response


@HTML.post("/act")
async def act(request: Request, identity: ForOffice, token: Annotated[str, Form()]) -> str:
    check_form(request, token)
    return identity.person_id


async def standing_of(connection: Connection, person_id: str, today: date) -> Standing:
    """A roster of four, read over the connection that every service would use."""
    assert await connection.fetchval("SELECT 1") == 1
    return {
        "officer": Standing(officer_of=frozenset({"maths"})),
        "lead": Standing(leads=frozenset({"maths", "physics"})),
        "office": Standing(roles=frozenset({"office"})),
        "auditor": Standing(roles=frozenset({"office", "auditor"})),
    }.get(person_id, Standing())


async def person_of_login(connection: Connection, login: str) -> str | None:
    return {"olive": "officer"}.get(login)


async def examples(_: Connection) -> list[Example]:
    return [Example(Role.OFFICER, "officer", "Maths"), Example(Role.PERSON, "p1", "released")]


SITE = Site(
    standing_of=standing_of,
    templates="chassis.pages",
    person_of_login=person_of_login,
    examples=examples,
)


@asynccontextmanager
async def serving(
    db: Database,
    kafka: str,
    *,
    peer: str = PROXY,
    host: str = "roster.example.edu",
    **changes: Any,
) -> AsyncIterator[httpx.AsyncClient]:
    """The service, asked by that peer under that name."""
    settings = SignInSettings.model_validate(
        {"database_url": db.app_dsn, "kafka_bootstrap": kafka, "machine_token": TOKEN} | changes
    )
    app = build_app(Service("chassis", settings, routers=[*ROUTERS, HTML, API], site=SITE))
    runtime = app.state.runtime
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(peer, 5000)), base_url=f"http://{host}"
        ) as client,
    ):
        await eventually(lambda: runtime.running, timeout=60)
        # Whoever stops a service in the middle of its first words leaves a connection open.
        await eventually(lambda: runtime.pool.fetchval("SELECT count(*) FROM lease"))
        yield client
        await asyncio.sleep(0)


def runtime_of(client: httpx.AsyncClient) -> Any:
    transport: Any = client._transport
    return transport.app.state.runtime


def named(person_id: str, **more: str) -> dict[str, str]:
    return {"X-Remote-User": person_id, **more}


def token_in(html: str) -> str:
    return html.split('name="token" value="')[1].split('"', maxsplit=1)[0]


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"{name}_total", labels) or 0.0
