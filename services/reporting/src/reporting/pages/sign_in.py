"""The demo's sign-in, the front door, and the stylesheet."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from chassis.http import Running
from reporting.domain import Role
from reporting.pages import sessions
from reporting.pages.access import NotFound, PageRoute, SignedIn
from reporting.pages.rendering import STYLE, page
from reporting.store import reports

router = APIRouter(route_class=PageRoute, include_in_schema=False)


FORM_MAX_BYTES = 16 * 1024
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


class SignIn(BaseModel):
    """The sign-in form. An id is never a name or an address: it appears in logs."""

    role: str
    person_id: str
    token: str


@router.get("/")
async def front_door(viewer: SignedIn) -> Response:
    """People come to their own page, officers and the training office to departments."""
    return RedirectResponse("/departments" if viewer.reads_reports else "/me", 303)


@router.get("/site.css")
async def style() -> Response:
    """The one stylesheet; it may be kept, as nothing in it is about anybody."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=300"})


@router.get("/sign-in")
async def choose(request: Request, runtime: Running, to: str = "/") -> Response:
    """Who do you want to be? On this machine, in a demo."""
    _demo_only(request, runtime)
    return await _choose_page(request, runtime, to)


@router.post("/sign-in", max_body_size=FORM_MAX_BYTES)
async def sign_in(
    request: Request, runtime: Running, form: Annotated[SignIn, Form()], to: str = "/"
) -> Response:
    """Take the chosen role, if the form is ours."""
    _demo_only(request, runtime)
    trouble = None
    if not sessions.form_is_ours(request, runtime.settings, form.token):
        trouble = "This form had been open for too long, or came from elsewhere. Please try again."
    elif form.role not in sessions.SIGN_IN_ROLES or not _ID.fullmatch(form.person_id.strip()):
        trouble = "Choose a role and give an id: letters, digits or . _ : -"
    if trouble:
        return await _choose_page(request, runtime, to, trouble)
    response = RedirectResponse(_local(to), 303)
    sessions.write_session(
        request, response, runtime.settings, Role(form.role), form.person_id.strip()
    )
    return response


@router.post("/sign-out", max_body_size=FORM_MAX_BYTES)
async def sign_out(request: Request, runtime: Running, token: Annotated[str, Form()]) -> Response:
    """Forget who it was."""
    response = RedirectResponse("/", 303)
    if sessions.form_is_ours(request, runtime.settings, token):
        sessions.end_session(response)
    return response


async def _choose_page(
    request: Request, runtime: Running, to: str, trouble: str | None = None
) -> Response:
    async with runtime.pool.acquire() as connection:
        officers = await reports.officers(connection)
        examples = await reports.examples(connection)
    return page(
        request,
        "sign_in.html",
        status=400 if trouble else 200,
        officers=officers,
        examples=examples,
        to=_local(to),
        trouble=trouble,
    )


def _demo_only(request: Request, runtime: Running) -> None:
    if not sessions.demo_sign_in_allowed(request, runtime.settings):
        raise NotFound("There is no such page.")


def _local(to: str) -> str:
    """A path on this site, and nothing a browser could take for another one."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
