from collections.abc import Awaitable, Callable, Iterator, Sequence

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis import http
from chassis.outbox import publish
from chassis.parsing import Record
from chassis.plain import PlainFirst
from chassis.postgres import Connection
from support.databases import Database
from support.events import completed
from support.runtimes import TOPIC, running, settings_for
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]


async def fail(_: Request) -> Response:
    raise ValueError("Zebulon Canary")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


async def test_a_trace_goes_on_through_the_outbox_and_kafka(
    database: NewDatabase, fresh_topics: FreshTopics, spans: InMemorySpanExporter
) -> None:
    bootstrap, db = await fresh_topics(TOPIC), await database("chassis")
    traces: list[int] = []

    async def note(connection: Connection, records: Sequence[Record]) -> None:
        traces.append(trace.get_current_span().get_span_context().trace_id)

    async with running(settings_for(db, bootstrap), handlers={TOPIC: note}) as (runtime, _):
        with trace.get_tracer("test").start_as_current_span("request") as request:
            async with runtime.pool.acquire() as connection:
                await publish(connection, [completed("p1")], cause="test")
        runtime.wake()
        await eventually(lambda: bool(traces))
    assert traces == [request.get_span_context().trace_id]
    assert {span.name for span in spans.get_finished_spans()} == {"request", "consume chassis"}


async def test_a_request_that_fails_is_traced_without_the_text_of_its_error(
    spans: InMemorySpanExporter,
) -> None:
    app = PlainFirst([Route("/fail/{person}", fail)])
    http.install(app)
    transport = httpx.ASGITransport(app)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/fail/p1", headers={"traceparent": parent})
    (span,) = spans.get_finished_spans()
    assert span.name == "GET /fail/{person}"
    assert f"{span.context.trace_id:032x}" in parent
    assert (span.status.is_ok, span.status.description) == (False, "ValueError")
    assert not span.events
