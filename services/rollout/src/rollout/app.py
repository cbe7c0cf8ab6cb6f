"""The composition root of the rollout service."""

from __future__ import annotations

from fastapi import FastAPI

from chassis.service import Service, build_app
from chassis.settings import ServiceSettings, load
from rollout import api
from rollout.handlers.due_work import DUE
from rollout.settings import RolloutSettings
from rollout.subscribers import subscriptions


def create_service(settings: ServiceSettings) -> Service:
    """The service's parts."""
    return Service(
        "rollout",
        settings,
        handlers=subscriptions(stepped=settings.calendar == "stepped"),
        due=DUE,
        routers=[api.router],
    )


def create_app() -> FastAPI:
    """The ASGI app, with settings from the environment."""
    return build_app(create_service(load(RolloutSettings)))
