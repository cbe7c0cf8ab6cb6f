"""OpenTelemetry: a trace goes on through the outbox and Kafka. Off unless an exporter is set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from chassis.parked import Raw

LINKS_MAX = 128


def configure(service: str) -> None:
    """Export spans over OTLP/HTTP when OTEL_EXPORTER_OTLP_ENDPOINT is set; else do nothing."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    provider = TracerProvider(resource=Resource.create({"service.name": f"rollcall-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def span_of_batch(consumer: str, batch: Sequence[Raw]) -> AbstractContextManager[Any]:
    """A span around one poll: child of the only trace in it, or linked to each of several."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return nullcontext()
    parents = _parents(batch)
    contexts = [propagate.extract({"traceparent": parent}) for parent in parents]
    links = [trace.Link(trace.get_current_span(c).get_span_context()) for c in contexts]
    return trace.get_tracer("rollcall").start_as_current_span(
        f"consume {consumer}",
        context=contexts[0] if len(contexts) == 1 else None,
        kind=trace.SpanKind.CONSUMER,
        links=links if len(links) > 1 else [],
        attributes={"messaging.system": "kafka", "messaging.batch.message_count": len(batch)},
        record_exception=False,
        set_status_on_exception=False,  # it would quote the exception
    )


def _parents(batch: Sequence[Raw]) -> list[str]:
    found: dict[str, None] = {}
    for raw in batch:
        for name, value in raw.headers:
            if name == "traceparent" and value:
                found[value.decode("latin-1")] = None
        if len(found) >= LINKS_MAX:
            break
    return list(found)
