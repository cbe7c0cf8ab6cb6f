"""What every service's HTTP side shares: problem details, the machine token, limits, metrics."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry import propagate, trace
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from chassis import metrics
from chassis.errors import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from chassis.service import Runtime

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger(__name__)


class Problem(Exception):
    """An RFC 9457 problem: `title` is constant per kind, `detail` and `extra` tell this case."""

    def __init__(self, status: int, title: str, detail: str | None = None, **extra: Any) -> None:
        super().__init__(title)
        self.status = status
        self.body = {
            "title": title,
            "status": status,
            **({"detail": detail} if detail else {}),
            **extra,
        }

    def note(self, request: Request) -> None:
        """What is to be logged and counted when this becomes an answer; nothing, mostly."""

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        return JSONResponse(
            self.body, self.status, headers=headers, media_type="application/problem+json"
        )


def running(request: Request) -> Runtime:
    """Dependency: the runtime, once it runs; 503 with what it waits for until then."""
    runtime: Runtime = request.app.state.runtime
    if not runtime.running:
        raise Problem(503, "Not ready", runtime.phase)
    return runtime


Running = Annotated[Any, Depends(running)]
"""A parameter of this type is the `chassis.service.Runtime`; 503 while it does not run."""


def require_machine(request: Request) -> None:
    """Dependency: the bearer token of machine endpoints, compared in constant time."""
    runtime: Runtime = request.app.state.runtime
    given = request.headers.get("authorization", "")
    wanted = f"Bearer {runtime.settings.machine_token.get_secret_value()}"
    if not secrets.compare_digest(given.encode(), wanted.encode()):
        raise Problem(401, "Unauthorized")


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused with 413 as soon as it passes `limit` bytes."""
    return await receive_body(request.scope, request.receive, limit)


async def receive_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """`read_body` for a plain ASGI handler."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size, more = size + len(chunk), message.get("more_body", False)
        if size > limit or (more and _declared_size(scope) > limit):
            raise Problem(413, "Content too large", f"at most {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _declared_size(scope: Scope) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"")
    return int(declared) if declared.isdigit() else 0


def install(app: FastAPI) -> None:
    """Problem details for every error, and the metrics and tracing middleware."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Observed)


class Observed:
    """Times each request by route template, and continues the caller's trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._timings: dict[tuple[str, ...], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status: str | None = None

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        started = time.perf_counter()
        try:
            if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
                await self._app(scope, receive, observed)
            else:
                await self._traced(scope, receive, observed)
        except Exception as error:
            log.error("request_failed", path=_route(scope), error=describe(error))
            if status is None:
                await Problem(500, "Internal error").response()(scope, receive, observed)
        finally:
            elapsed = time.perf_counter() - started
            self._timing(_method(scope), _route(scope), status or "none").observe(elapsed)

    def _timing(self, *labels: str) -> Histogram:
        # `labels()` locks and copies; there are few combinations.
        timing = self._timings.get(labels)
        if timing is None:
            timing = self._timings[labels] = metrics.HTTP.labels(*labels)
        return timing

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        parent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        with trace.get_tracer("rollcall").start_as_current_span(
            _method(scope),
            context=propagate.extract({"traceparent": parent}),
            kind=trace.SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,  # it would quote the exception
        ) as span:
            try:
                await self._app(scope, receive, send)
            except Exception as error:
                span.set_status(trace.StatusCode.ERROR, describe(error))
                raise
            finally:
                span.update_name(f"{_method(scope)} {_route(scope)}")


def _method(scope: Scope) -> str:
    # Anybody may invent a method, and every label is kept for ever.
    method: str = scope["method"]
    return method if method in METHODS else "other"


def _route(scope: Scope) -> str:
    # The template, never the path: a path may hold a person id, and labels must stay few.
    return getattr(scope.get("route"), "path", "unmatched")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    error.note(request)
    return error.response()


async def _http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, str(error.detail)).response(error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
    return Problem(422, "Invalid request", errors=problems).response()
