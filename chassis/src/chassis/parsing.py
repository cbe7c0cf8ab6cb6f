"""From a raw Kafka record to an event, without trusting a byte of it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from chassis.errors import Reject
from chassis.parked import Raw
from schemas.envelope import Event
from schemas.registry import EVENTS
from schemas.topics import TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 1_048_576
_NO_HEADER = "a CloudEvents header is missing: ce_type or ce_id"


class Record(NamedTuple):
    """A parsed record. `event` is None for a tombstone: `key` is to be erased."""

    event: Any
    key: str
    topic: str
    partition: int
    offset: int
    ce_id: bytes

    @property
    def tombstone(self) -> bool:
        return self.event is None

    @property
    def id(self) -> uuid.UUID:
        """`ce_id`; the same event published again has the same. Raises Reject when malformed."""
        try:
            return uuid.UUID(self.ce_id.decode())
        except ValueError:
            raise Reject("ce_id is not a UUID") from None

    @property
    def cause(self) -> str:
        """What to name as the cause of events that this record makes."""
        return f"{self.topic}/{self.ce_id.decode('latin-1')}"


# (topic, ce_type) -> validator of the JSON text
_VALIDATORS: dict[tuple[str, bytes | None], Callable[[bytes], Event]] = {
    (model.TOPIC, name.encode()): model.__pydantic_validator__.validate_json
    for name, model in EVENTS.items()
}
_new_record = partial(tuple.__new__, Record)  # half the price of calling a NamedTuple's class


def parse(raw: Raw) -> Record:
    """The record as an event; raises Reject with a reason that quotes nothing of its content."""
    ce_id = ce_type = None
    for name, header in raw.headers:  # the relay writes these two first
        if name == "ce_id":
            ce_id = header
        elif name == "ce_type":
            ce_type = header
        if ce_id and ce_type:
            break
    topic, value = raw.topic, raw.value
    if value is None:
        return _tombstone(raw, ce_id)
    validate = _VALIDATORS.get((topic, ce_type))
    if validate is None or not ce_id:
        missing = not (ce_type and ce_id)
        raise Reject(_NO_HEADER if missing else "unknown ce_type for this topic")
    if len(value) > MAX_BYTES:
        raise Reject("value larger than 1 MiB")
    try:
        event = validate(value)
    except ValidationError as error:
        raise Reject(_where(error)) from None
    key = event.key
    if raw.key != key.encode():
        raise Reject("the record's key is not the event's")
    return _new_record((event, key, topic, raw.partition, raw.offset, ce_id))


def _tombstone(raw: Raw, ce_id: bytes | None) -> Record:
    if not TOPICS[raw.topic].compacted:
        raise Reject("a tombstone on a topic that keeps everything")
    if raw.key is None:
        raise Reject("a tombstone without a key")
    try:
        key = raw.key.decode()
    except UnicodeDecodeError:
        raise Reject("the key is not UTF-8") from None
    return Record(None, key, raw.topic, raw.partition, raw.offset, ce_id or b"")


def _where(error: ValidationError) -> str:
    """Places and kinds of what is wrong, not the values."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    places = [f"{'.'.join(map(str, p['loc'])) or 'value'}: {p['type']}" for p in problems[:5]]
    return "does not fit its schema: " + "; ".join(places)
