"""The demo's sign-in, signing out, and the stylesheet: what the pages of every service share."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from chassis import sessions
from chassis.http import Running
from chassis.identity import Role, is_id
from chassis.pages.access import NotFound, PageRoute
from chassis.pages.rendering import page, site_of, style_of
from chassis.sign_in import DEMO_ROLES, SignedIn, check_form, demo_sign_in_allowed

FORM_MAX_BYTES = 16 * 1024

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class SignIn(BaseModel):
    """The sign-in form. An id is never a name or an address: it appears in logs."""

    role: str
    person_id: str
    token: str


@router.get("/site.css")
async def style(request: Request) -> Response:
    """The one stylesheet; it may be kept, as nothing in it is about anybody."""
    sheet = style_of(site_of(request).templates)
    return Response(sheet, media_type="text/css", headers={"Cache-Control": "max-age=300"})


@router.get("/sign-in")
async def choose(request: Request, runtime: Running, to: str = "/") -> Response:
    """Who do you want to be? On this machine, in a demo."""
    _demo_only(request)
    return await _choose_page(request, runtime, to)


@router.post("/sign-in", max_body_size=FORM_MAX_BYTES)
async def sign_in(
    request: Request, runtime: Running, form: Annotated[SignIn, Form()], to: str = "/"
) -> Response:
    """Become whom the form names, if the form is ours.

    Only `office` and `auditor` are granted here, for a demo whose roster has nobody in them;
    everything else follows from the roster, whatever the form says.
    """
    _demo_only(request)
    person_id = form.person_id.strip()
    trouble = None
    if not sessions.form_is_ours(request, form.token, ""):
        trouble = "This form had been open for too long, or came from elsewhere. Please try again."
    elif form.role not in set(Role) or not is_id(person_id):
        trouble = "Choose a role and give an id: letters, digits or . _ : -"
    if trouble:
        return await _choose_page(request, runtime, to, trouble)
    response = RedirectResponse(_local(to), 303)
    granted = form.role if form.role in DEMO_ROLES else ""
    sessions.write_session(request, response, person_id, granted)
    return response


@router.post("/sign-out", max_body_size=FORM_MAX_BYTES)
async def sign_out(request: Request, _: SignedIn, token: Annotated[str, Form()]) -> Response:
    """Forget who it was."""
    check_form(request, token)
    response = RedirectResponse("/", 303)
    sessions.end_session(request, response)
    return response


async def _choose_page(
    request: Request, runtime: Running, to: str, trouble: str | None = None
) -> Response:
    async with runtime.pool.acquire() as connection:
        examples = await site_of(request).examples(connection)
    return page(
        request,
        "sign_in.html",
        status=400 if trouble else 200,
        examples={role: [each for each in examples if each.role == role] for role in Role},
        to=_local(to),
        trouble=trouble,
    )


def _demo_only(request: Request) -> None:
    if not demo_sign_in_allowed(request):
        raise NotFound("There is no such page.")


def _local(to: str) -> str:
    """A path on this site, and nothing a browser could take for another one."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
