"""`POST /webhooks/{source}`: a plain Starlette route, because FastAPI's own halve the rate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import Counter
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chassis.http import Problem, receive_body
from chassis.postgres import Connection
from chassis.service import Runtime
from completion.adapters import canonical
from completion.adapters.malformed import Malformed
from completion.intake.group_commit import Commit, GroupCommit, NotStored
from completion.intake.rate import RateLimit
from completion.intake.signature import Signatures, Signed
from completion.settings import CompletionSettings
from completion.sources import Sources
from completion.store import webhooks
from completion.store.webhooks import Arrival

PATH = "/webhooks/{source}"
ID_MAX = 512
AHEAD = timedelta(minutes=5)  # how far a sender's clock may be ahead of ours
BODY_S = 10.0  # real seconds a sender has for the whole of a body

WEBHOOKS = Counter("rollcall_webhooks", "Webhooks answered.", ["source", "status"])
ACCEPTED = Response(status_code=202)


class Intake:
    """Answers 2xx only after the request is committed; a refused one leaves only a count behind."""

    def __init__(self, settings: CompletionSettings, sources: Sources) -> None:
        self._sources = sources
        self._limit = settings.webhook_max_bytes
        self._rate = RateLimit(settings.webhook_rate_per_s)
        self._signatures = Signatures({s.name: s.secrets for s in sources.values()})
        self._commits = GroupCommit()
        self._counters: dict[tuple[bool, int], Counter] = {}
        self.stored = 0
        self.after_commit: Callable[[], None] = lambda: None

    @property
    def route(self) -> Route:
        """The route, to be mounted in the service's app."""
        return Route(PATH, self, methods=["POST"])

    async def commit_groups(self, runtime: Runtime) -> None:
        """The task that stores what arrives, until the service stops."""

        @asynccontextmanager
        async def session() -> AsyncIterator[Commit]:
            async with runtime.pool.acquire(timeout=10) as connection:
                yield partial(self._commit, connection)

        await self._commits.run(session)

    async def _commit(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        await webhooks.add_requests(connection, arrivals)
        self.stored += len(arrivals)
        self.after_commit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request and count the answer."""
        source: str = scope["path_params"]["source"]
        try:
            response = await self._accept(scope, receive, source)
        except Problem as problem:
            response = problem.response()
            if problem.status in {429, 503}:
                response.headers["Retry-After"] = str(problem.body.get("retry_after_s", 1))
            if problem.status in {408, 413}:
                response.headers["Connection"] = "close"  # the rest of the body is not wanted
        self._count(source in self._sources, response.status_code)
        await response(scope, receive, send)

    async def _accept(self, scope: Scope, receive: Receive, source: str) -> Response:
        runtime: Runtime = scope["app"].state.runtime
        if not runtime.running:
            raise Problem(503, "Not ready", runtime.phase)
        body = await self._receive(scope, receive)
        # Strangers share one bucket: they may not fill memory with names, nor learn which exist.
        wait_s = self._rate.take(source if source in self._sources else "")
        if wait_s:
            raise Problem(429, "Too many requests", retry_after_s=wait_s)
        signed = Signed.of(scope["headers"])
        if not self._signatures.verify(source, signed, body):
            raise Problem(401, "Unauthorized")
        now = runtime.calendar.now()
        _require_form(signed, body, now)
        try:
            await self._commits.add(Arrival(source, *signed, now, body))
        except NotStored:
            raise Problem(503, "Not stored", "send it again") from None
        return ACCEPTED

    async def _receive(self, scope: Scope, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(BODY_S):
                return await receive_body(scope, receive, self._limit)
        except TimeoutError:
            raise Problem(408, "Too slow", f"a body has {BODY_S:g} seconds") from None
        except ClientDisconnect:
            raise Problem(400, "Incomplete", "the connection ended within the body") from None

    def _count(self, known: bool, status: int) -> None:
        # `labels()` locks and copies; there are few combinations.
        counter = self._counters.get((known, status))
        if counter is None:
            labels = ("known" if known else "unknown", str(status))
            counter = self._counters[known, status] = WEBHOOKS.labels(*labels)
        counter.inc()


def _require_form(signed: Signed, body: bytes, now: datetime) -> None:
    try:
        if len(signed.webhook_id) > ID_MAX:
            raise Malformed("webhook-id", f"is longer than {ID_MAX} characters")
        if canonical.read(body).at > now + AHEAD:
            raise Malformed("data.completed_at", "lies in the future")
    except Malformed as malformed:
        raise Problem(400, "Malformed webhook", str(malformed), field=malformed.field) from None
