"""The one place that decides who may read a page, and what everybody else is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from chassis.errors import describe, is_transient
from chassis.http import Problem, Running
from reporting import handlers
from reporting.domain import Viewer
from reporting.pages import sessions
from reporting.pages.rendering import page
from reporting.store.reports import Denied, Reports, reports_for

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


class NotSignedIn(Exception):
    """Nobody has signed in."""


class NotFound(Exception):
    """There is no such page for this viewer; the message says what is not there."""


async def signed_in(request: Request, runtime: Running) -> Viewer:
    """Dependency: who asks. An officer's departments are read anew for every request."""
    session = sessions.read_session(request, runtime.settings)
    if session is None:
        raise NotSignedIn
    async with runtime.pool.acquire() as connection:
        viewer = await handlers.viewer_of(connection, *session)
    request.state.viewer = viewer
    return viewer


SignedIn = Annotated[Viewer, Depends(signed_in)]


async def _open_reports(viewer: SignedIn, runtime: Running) -> AsyncIterator[Reports]:
    async with runtime.pool.acquire() as connection, reports_for(connection, viewer) as reports:
        yield reports


MyReports = Annotated[Reports, Depends(_open_reports)]
"""A parameter of this type is what the signed-in viewer may read of the reports."""


class PageRoute(APIRoute):
    """A route of pages: trouble becomes a page too, and every answer carries the same headers."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except NotSignedIn:
                response = _sign_in_first(request)
            except Denied as denied:
                response = _deny(request, denied)
            except NotFound as missing:
                response = _message(request, 404, "Not found", str(missing))
            except RequestValidationError:
                response = _message(request, 404, "Not found", "There is no such page.")
            except Problem as problem:
                response = _later(request, problem.status)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("page_unavailable", error=describe(error))
                response = _later(request, 503)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded


def _sign_in_first(request: Request) -> Response:
    if sessions.demo_sign_in_allowed(request, request.app.state.runtime.settings):
        return RedirectResponse(f"/sign-in?to={quote(request.url.path)}", 303)
    return _message(
        request, 401, "Sign-in needed", "Sign-in is not set up for where you are coming from."
    )


def _deny(request: Request, denied: Denied) -> Response:
    viewer: Viewer = request.state.viewer
    log.warning(
        "access_denied",
        viewer_id=viewer.person_id,
        role=viewer.role.value,
        department_id=denied.department_id,
    )
    # The same words as for what does not exist: an answer must not tell the two apart.
    return _message(request, 404, "Not found", "There is no such report, or it is not yours.")


def _later(request: Request, status: int) -> Response:
    text = "This page cannot be shown just now. Please try again in a few minutes."
    return _message(request, status, "Please come back later", text)


def _message(request: Request, status: int, title: str, text: str) -> Response:
    return page(request, "message.html", status=status, title=title, text=text)
