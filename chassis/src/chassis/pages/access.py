"""Routes of pages: trouble becomes a page too, and every answer carries the same headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from chassis.errors import describe, is_transient
from chassis.http import Problem
from chassis.pages.rendering import page
from chassis.sign_in import Denied, NotSignedIn, SignInRefused, StaleForm, demo_sign_in_allowed

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


class NotFound(Exception):
    """There is no such page for this viewer; the message says what is not there."""


class PageRoute(APIRoute):
    """A route of pages, for `APIRouter(route_class=PageRoute, include_in_schema=False)`."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except Exception as error:
                response = _answer(request, error)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded


def _answer(request: Request, error: Exception) -> Response:
    """What people are told of an error; raises it again when it is a mistake of ours."""
    match error:
        case NotSignedIn():
            return _sign_in_first(request)
        case Denied() | SignInRefused() | StaleForm():
            error.note(request)
            return _message(request, error.status, error.body["title"], error.body["detail"])
        case NotFound():
            return _message(request, 404, "Not found", str(error))
        case RequestValidationError():
            return _message(request, 404, "Not found", "There is no such page.")
        case Problem():
            return _later(request, error.status)
    if not is_transient(error):
        raise error
    log.warning("page_unavailable", error=describe(error))
    return _later(request, 503)


def _sign_in_first(request: Request) -> Response:
    if demo_sign_in_allowed(request):
        return RedirectResponse(f"/sign-in?to={quote(request.url.path)}", 303)
    return _message(
        request, 401, "Sign-in needed", "Sign-in is not set up for where you are coming from."
    )


def _later(request: Request, status: int) -> Response:
    text = "This page cannot be shown just now. Please try again in a few minutes."
    return _message(request, status, "Please come back later", text)


def _message(request: Request, status: int, title: str, text: str) -> Response:
    return page(request, "message.html", status=status, title=title, text=text)
