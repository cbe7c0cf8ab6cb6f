"""A FastAPI app whose plain routes are tried first, past FastAPI's own middleware and routing.

Those cost twice what a whole plain handler does (docs/performance.md). A plain route keeps what
every route has: the metric, the trace, problem details, and an answer when its handler fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from chassis.http import Observed, Problem


class PlainFirst(FastAPI):
    """FastAPI, but `plain` routes that fit a request whole answer it themselves."""

    def __init__(self, plain: Sequence[Route], **options: Any) -> None:
        super().__init__(**options)
        self._plain = tuple(plain)
        self._observed = Observed(_handle)
        # For what fits by half: FastAPI's router knows how to refuse a wrong method.
        self.router.routes.extend(plain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on to FastAPI."""
        if scope["type"] == "http":
            for route in self._plain:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found, app=self, route=route)
                    return await self._observed(scope, receive, send)
        return await super().__call__(scope, receive, send)


async def _handle(scope: Scope, receive: Receive, send: Send) -> None:
    route: Route = scope["route"]
    try:
        await route.app(scope, receive, send)
    except Problem as problem:
        await problem.response()(scope, receive, send)
