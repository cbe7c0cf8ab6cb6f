"""What every event has in common, and the CloudEvents 1.0 Kafka binding (binary mode) around it.

The value of a record is the payload as JSON; everything else travels in headers.
Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from functools import lru_cache
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
NAMESPACE = uuid.UUID("6f1d1f0e-53f0-5c0a-9d1a-2f8f1c6f4b7e")

Header = tuple[str, bytes]


class Contract(BaseModel):
    """Base of everything that crosses a service's border: immutable, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Contract):
    """One thing that happened to one aggregate, carrying the aggregate's full state after it.

    `version` counts the aggregate's changes from 1 without a gap and becomes `ce_sequence`;
    a reader that has seen version n of an aggregate ignores every version <= n.
    `effective_on` is the civil day (institution's zone) from which the fact is true in the world,
    `received_at` the instant at which the publishing service came to know it.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]

    version: int = Field(ge=1, description="Version of the aggregate, dense from 1.")
    effective_on: date = Field(description="Civil day from which this is true in the world.")
    received_at: AwareDatetime = Field(description="Instant at which the publisher knew it.")

    @property
    def key(self) -> str:
        """Key of the Kafka record: what must stay in order, together, in one partition."""
        raise NotImplementedError

    @property
    def subject(self) -> str:
        """Identity of the aggregate (`ce_subject`); the key unless an aggregate is finer."""
        return self.key


def make_event_id(cause: str, event_type: str, subject: str) -> uuid.UUID:
    """Deterministic `ce_id`: the same cause makes the same event, however often it is handled."""
    return uuid.uuid5(NAMESPACE, f"{cause}\n{event_type}\n{subject}")


def source_of(service: str) -> str:
    """`ce_source` of a service."""
    return f"/rollcall/{service}"


def dataschema_of(event_type: str) -> str:
    """`ce_dataschema`: a stable, relative reference to the committed JSON Schema."""
    return f"/schemas/{event_type}.json"


def headers_of(
    *,
    event_id: uuid.UUID,
    source: str,
    event_type: str,
    subject: str,
    sequence: int,
    time: datetime,
    traceparent: str | None = None,
) -> list[Header]:
    """Headers of a record in binary mode; `time` must be aware."""
    headers = [
        ("ce_id", str(event_id).encode()),  # a reader looks at this and `ce_type` first
        *_headers_of_type(source, event_type),
        ("ce_subject", subject.encode()),
        ("ce_time", time.isoformat().encode()),
        ("ce_sequence", b"%d" % sequence),
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


@lru_cache(maxsize=256)
def _headers_of_type(source: str, event_type: str) -> tuple[Header, ...]:
    return (
        ("ce_type", event_type.encode()),
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_source", source.encode()),
        ("ce_dataschema", dataschema_of(event_type).encode()),
        ("content-type", CONTENT_TYPE.encode()),
    )
