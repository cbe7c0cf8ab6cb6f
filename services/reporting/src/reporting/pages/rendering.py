"""Templates, and how dates and moments are written for people."""

from __future__ import annotations

from datetime import date, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from reporting.pages import sessions, words

STYLE = files("reporting.pages").joinpath("site.css").read_bytes()

NOTHING = "\N{EN DASH}"

_templates = Environment(
    loader=PackageLoader("reporting.pages", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def day(value: date | str | None) -> str:
    """`Friday 1 December 2023`; ISO text is taken too, and nothing is written as a dash."""
    if not value:
        return NOTHING
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found:%A} {found.day} {found:%B %Y}"


def short_day(value: date | str | None) -> str:
    """`1 Dec 2023`."""
    if not value:
        return NOTHING
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.day} {found:%b %Y}"


def moment(value: datetime, zone: str) -> str:
    """`Friday 1 December 2023, 09:00 EST`: local to the institution."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local.date())}, {local:%H:%M %Z}"


_templates.filters.update(day=day, short_day=short_day, moment=moment)
_templates.globals.update(words=words)


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A page for whoever asks; gives the template the viewer, the zone and a form token."""
    settings = request.app.state.runtime.settings
    nonce = sessions.form_nonce(request)
    html = _templates.get_template(template).render(
        viewer=getattr(request.state, "viewer", None),
        path=request.url.path,
        zone=settings.timezone,
        form_token=sessions.form_token(settings, nonce),
        **context,
    )
    response = HTMLResponse(html, status)
    sessions.keep_nonce(request, response, nonce)
    return response
