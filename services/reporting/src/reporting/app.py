"""Where reporting is put together."""

from __future__ import annotations

from fastapi import FastAPI

from chassis.service import Service, build_app
from chassis.settings import load
from reporting import api, pages
from reporting.editions import EDITION, FIRST_EDITION, Editions
from reporting.settings import ReportingSettings
from reporting.subscribers import HANDLERS


def create_service(settings: ReportingSettings) -> Service:
    """Reporting with these settings."""
    editions = Editions(settings.timezone)
    return Service(
        name="reporting",
        settings=settings,
        handlers=HANDLERS,
        due={EDITION: editions.make, FIRST_EDITION: editions.first},
        routers=[api.router, *pages.ROUTERS],
        site=pages.SITE,
    )


def create_app() -> FastAPI:
    """The ASGI application, configured from the environment."""
    return build_app(create_service(load(ReportingSettings)))
