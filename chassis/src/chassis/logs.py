"""Logs: JSON lines on stderr with allow-listed fields, never a name or an address."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

# A field gets in by being added here, after asking whether it could hold personal data.
ALLOWED = frozenset(
    {
        *("event", "level", "logger", "timestamp", "service", "trace_id", "span_id", "task"),
        *("error", "reason", "where", "phase", "sqlstate", "attempts", "retry_in_s", "state"),
        *("consumer", "topic", "partition", "offset", "count", "lag_s", "outbox_s", "version"),
        *("kind", "key", "cycle", "group", "business_date", "department_id", "mail_id", "people"),
        *("source", "request_id", "status", "path", "port", "signal", "file", "line", "role"),
        *("viewer_id", "dropped_fields"),
    }
)

# Libraries whose messages speak of brokers and sockets; of others only the place is kept.
QUOTED = ("aiokafka", "uvicorn", "faststream")


def configure(service: str, level: str = "info") -> None:
    """Send structlog and the standard library's logging through the same allow-list."""
    shared = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service(service),
        _trace,
        allow_list,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *shared,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[_foreign],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def allow_list(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not allowed, and say how many."""
    refused = [name for name in event if name not in ALLOWED]
    for name in refused:
        del event[name]
    if refused:
        event["dropped_fields"] = len(refused)
    return event


def _service(service: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return add


def _trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def _foreign(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    if not record.name.startswith(QUOTED):
        event["event"] = f"{record.name} logged at {record.filename}:{record.lineno}"
    if record.exc_info and record.exc_info[0]:
        event["error"] = record.exc_info[0].__name__
    return event
