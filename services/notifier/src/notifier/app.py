"""The notifier put together."""

from __future__ import annotations

import sys
import tomllib
from typing import TYPE_CHECKING

from fastapi import FastAPI

from chassis.gate import Gate
from chassis.service import Service, build_app
from chassis.settings import ServiceSettings, load
from notifier.api import router
from notifier.mailer.sender import Sender
from notifier.rendering import Renderer, load_institution
from notifier.settings import NotifierSettings
from notifier.store.sending import pending
from notifier.subscribers import handlers_by_topic

if TYPE_CHECKING:
    from chassis.service import Runtime


def create_renderer(settings: NotifierSettings) -> Renderer:
    """A renderer for the configured institution; exits with a sentence when its file is wrong."""
    try:
        institution = load_institution(settings.institution_file)
        return Renderer(institution, settings.envelope_domain, settings.code_key)
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        print(f"The file NOTIFIER_INSTITUTION_FILE names is wrong: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def create_service(settings: ServiceSettings) -> Service:
    """The notifier's parts."""
    assert isinstance(settings, NotifierSettings)
    mail = settings
    renderer = create_renderer(mail)

    async def mailer(runtime: Runtime) -> None:
        gate = Gate(runtime, runtime.service.handlers)
        await Sender(runtime, mail, renderer, gate.is_open).run()

    return Service(
        "notifier",
        settings,
        handlers=handlers_by_topic(settings.timezone),
        routers=[router],
        tasks=[mailer],
        pending=pending,
    )


def create_app() -> FastAPI:
    """The notifier as an ASGI application, configured from the environment."""
    return build_app(create_service(load(NotifierSettings)))
