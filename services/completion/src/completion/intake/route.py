"""`POST /webhooks/{source}`: a plain Starlette route, because FastAPI's own halve the rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.http import Problem, read_body
from chassis.service import Runtime
from completion import store
from completion.adapters import canonical
from completion.adapters.malformed import Malformed
from completion.intake.group_commit import GroupCommit, NotStored
from completion.intake.rate import RateLimit
from completion.intake.signature import HEADERS, Signatures, Signed
from completion.settings import CompletionSettings
from completion.sources import Sources
from completion.store import Arrival

PATH = "/webhooks/{source}"
HEADER_MAX = 512

WEBHOOKS = Counter("rollcall_webhooks", "Webhooks answered.", ["source", "status"])


class Intake:
    """Answers 2xx only after the request is committed; a refused one leaves only a count behind."""

    def __init__(self, settings: CompletionSettings, sources: Sources) -> None:
        self._sources = sources
        self._limit = settings.webhook_max_bytes
        self._rate = RateLimit(settings.webhook_rate_per_s)
        self._signatures = Signatures({s.name: s.secrets for s in sources.values()})
        self._commits = GroupCommit()
        self.after_commit: Callable[[], None] = lambda: None

    @property
    def route(self) -> Route:
        """The route, to be mounted in the service's app."""
        return Route(PATH, self.receive, methods=["POST"])

    async def commit_groups(self, runtime: Runtime) -> None:
        """The task that stores what arrives, until the service stops."""

        async def commit(arrivals: Sequence[Arrival]) -> None:
            async with runtime.pool.acquire(timeout=10) as connection:
                await store.add_requests(connection, arrivals)
            self.after_commit()

        await self._commits.run(commit)

    async def receive(self, request: Request) -> Response:
        """Handle one request and count the answer."""
        source = request.path_params["source"]
        known = "known" if source in self._sources else "unknown"
        try:
            response = await self._accept(request, source)
        except Problem as problem:
            response = problem.response()
            if problem.status in {429, 503}:
                response.headers["Retry-After"] = str(problem.body.get("retry_after_s", 1))
        WEBHOOKS.labels(known, str(response.status_code)).inc()
        return response

    async def _accept(self, request: Request, source: str) -> Response:
        runtime = request.app.state.runtime
        if not runtime.running:
            raise Problem(503, "Not ready", runtime.phase)
        body = await read_body(request, self._limit)
        # Strangers share one bucket: they may not fill memory with names, nor learn which exist.
        wait_s = self._rate.take(source if source in self._sources else "")
        if wait_s:
            raise Problem(429, "Too many requests", retry_after_s=wait_s)
        signed = Signed.of(request.headers)
        if not self._signatures.verify(source, signed, body):
            raise Problem(401, "Unauthorized")
        _require_form(signed, body)
        try:
            await self._commits.add(Arrival(source, *signed, runtime.calendar.now(), body))
        except NotStored:
            raise Problem(503, "Not stored", "send it again") from None
        return Response(status_code=202)


def _require_form(signed: Signed, body: bytes) -> None:
    try:
        for name, value in zip(HEADERS, signed, strict=True):
            if len(value) > HEADER_MAX:
                raise Malformed(name, f"is longer than {HEADER_MAX} characters")
        canonical.read(body)
    except Malformed as malformed:
        raise Problem(400, "Malformed webhook", str(malformed), field=malformed.field) from None
