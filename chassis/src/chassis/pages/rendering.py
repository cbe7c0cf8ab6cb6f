"""Templates, and how dates and moments are written for people."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from chassis import sessions
from chassis.identity import Identity, Role
from chassis.site import Link, Site

NOTHING = "\N{EN DASH}"

ROLE_NAMES = {
    Role.OFFICE: "Training office",
    Role.AUDITOR: "Auditor",
    Role.AREA_LEAD: "Area lead",
    Role.OFFICER: "Officer",
    Role.PERSON: "Person",
}


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


@lru_cache
def environment_of(package: str) -> Environment:
    """The templates of a service's package, over those of the chassis."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("chassis.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=day, short_day=short_day, moment=moment)
    environment.globals.update(role_names=ROLE_NAMES)
    return environment


@lru_cache
def style_of(package: str) -> bytes:
    """The stylesheet of every page, and behind it what a service's own pages need, if anything."""
    sheets = [files(each).joinpath("site.css") for each in ("chassis.pages", package)]
    return b"\n".join(sheet.read_bytes() for sheet in sheets if sheet.is_file())


def site_of(request: Request) -> Site:
    """What the service said of its pages."""
    site: Site | None = request.app.state.runtime.service.site
    assert site is not None, "a service with pages has a site"
    return site


def _links(site: Site, viewer: Identity) -> list[Link]:
    audit = [Link("Audit", "/audit")] if viewer.reads_audit else []
    return [*site.links(viewer), *audit]


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A page for whoever asks; gives the template the viewer, links, the zone and a form token.

    Every form holds it: `<input type="hidden" name="token" value="{{ form_token }}">`.
    """
    site, settings = site_of(request), request.app.state.runtime.settings
    viewer: Identity | None = getattr(request.state, "identity", None)
    nonce = sessions.form_nonce(request)
    html = (
        environment_of(site.templates)
        .get_template(template)
        .render(
            {
                **site.template_globals,
                "viewer": viewer,
                "links": _links(site, viewer) if viewer else (),
                "path": request.url.path,
                "zone": settings.timezone,
                "form_token": sessions.form_token(
                    request, nonce, viewer.person_id if viewer else ""
                ),
                "sign_out_url": settings.sign_out_url,
                "by_proxy": bool(settings.trusted_proxies),
                **context,
            }
        )
    )
    response = HTMLResponse(html, status)
    sessions.keep_nonce(request, response, nonce)
    return response
