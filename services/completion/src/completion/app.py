"""The composition root of the completion service."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from chassis.postgres import Connection
from chassis.service import Service, build_app
from chassis.settings import ServiceSettings, load
from completion import api
from completion.handlers import FORGET_REQUESTS, Institution, forget_requests
from completion.intake.route import Intake
from completion.settings import CompletionSettings
from completion.sources import SourcesError, load_sources
from completion.store import webhooks
from completion.subscribers import Interpreter, handlers_by_topic


def create_service(settings: ServiceSettings) -> Service:
    """The service's parts; leaves with status 2 and a sentence per mistake of the sources file."""
    assert isinstance(settings, CompletionSettings)
    try:
        sources = load_sources(settings.sources_file)
    except SourcesError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    intake = Intake(settings, sources)
    institution = Institution(sources, settings.timezone)
    interpreter = Interpreter(institution, lambda: intake.stored)
    intake.after_commit = interpreter.wake
    return Service(
        "completion",
        settings,
        handlers=handlers_by_topic(institution),
        due={FORGET_REQUESTS: partial(forget_requests, keep=timedelta(days=settings.request_days))},
        routers=[api.router],
        routes=[intake.route],
        tasks=[intake.commit_groups, interpreter.run],
        pending=_pending,
    )


def create_app() -> FastAPI:
    """The ASGI app, with settings from the environment."""
    return build_app(create_service(load(CompletionSettings)))


async def _pending(connection: Connection) -> Mapping[str, int]:
    return {"requests": await webhooks.count_waiting(connection)}
