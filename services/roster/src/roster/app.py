"""The one place where the roster is put together."""

from __future__ import annotations

from datetime import timedelta

from fastapi import FastAPI

from chassis.service import Service, build_app
from chassis.settings import ServiceSettings, load
from roster import pages
from roster.api import create_router
from roster.api_imports import create_imports_router
from roster.handlers.alarms import alarm_due
from roster.handlers.erasures import erasure_due
from roster.handlers.import_decisions import import_due
from roster.scim.route import ScimDoor
from roster.settings import RosterSettings
from roster.subscribers import READERS, TOPIC, create_handler


def create_service(settings: ServiceSettings) -> Service:
    """The roster's parts: the doors for people and departments, over HTTP and Kafka."""
    assert isinstance(settings, RosterSettings)
    silent_after = {n: timedelta(hours=h) for n, h in settings.feeds_silent_after_h.items()}
    return Service(
        "roster",
        settings,
        handlers={TOPIC: create_handler(settings)},
        readers=READERS,
        due={
            **import_due(settings.timezone),
            **alarm_due(settings.timezone, silent_after),
            **erasure_due(),
        },
        routers=[create_router(), create_imports_router(), *pages.ROUTERS],
        routes=ScimDoor(settings).routes,
        site=pages.SITE,
    )


def create_app() -> FastAPI:
    """The roster as an ASGI application, from the environment."""
    return build_app(create_service(load(RosterSettings)))
