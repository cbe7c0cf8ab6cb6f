"""Every example ever committed: today's models, the committed schemas and a foreign SDK read it."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from schemas.envelope import headers_of, source_of
from schemas.notifier import MailState
from schemas.registry import EVENTS, INBOUND
from schemas.rollout import ObligationStatus, ReminderKind
from schemas.topics import TOPICS
from support.events import producer
from support.examples import CONTRACTS, Example, event_examples, every_example
from support.waiting import eventually

Validate = Callable[..., list[dict[str, str]]]


@pytest.mark.parametrize("example", every_example(), ids=str)
def test_an_example_is_read_by_todays_model(example: Example) -> None:
    model: Any = (EVENTS | INBOUND)[example.event_type]
    read = model.model_validate_json(example.payload)
    written = read.model_dump_json()
    assert model.model_validate_json(written) == read


@pytest.mark.timeout(600)  # the first time npm fetches the validators
def test_every_example_fits_the_committed_schema(validate: Validate) -> None:
    instances = [
        {
            "schema": CONTRACTS / "jsonschema" / f"{example.event_type}.json",
            "value": example.value,
            "where": str(example),
        }
        for example in every_example()
    ]
    assert validate(instances=instances) == []


@pytest.mark.timeout(600)
def test_what_todays_models_write_fits_the_committed_schema(validate: Validate) -> None:
    instances = [
        {
            "schema": CONTRACTS / "jsonschema" / f"{example.event_type}.json",
            "value": EVENTS[example.event_type]
            .model_validate(example.value)
            .model_dump(mode="json"),
            "where": str(example),
        }
        for example in event_examples()
    ]
    assert validate(instances=instances) == []


def test_there_is_an_example_of_every_event_and_every_state() -> None:
    shown: dict[str, set[Any]] = {}
    for example in every_example():
        for field in ("status", "state", "kind"):
            shown.setdefault(f"{example.event_type}.{field}", set()).add(example.value.get(field))
    assert {example.event_type for example in every_example()} == set(EVENTS | INBOUND)
    assert shown["edu.rollcall.obligation.changed.v1.status"] == set(ObligationStatus)
    assert shown["edu.rollcall.reminder.due.v1.kind"] == set(ReminderKind)
    assert shown["edu.rollcall.mail.changed.v1.state"] == set(MailState)


@pytest.mark.parametrize("example", event_examples(), ids=str)
def test_key_and_headers_of_an_example_are_those_of_its_event(example: Example) -> None:
    event = EVENTS[example.event_type].model_validate(example.value)
    assert example.key == event.key
    expected = headers_of(
        event_id=uuid.UUID(example.headers["ce_id"]),
        source=source_of(TOPICS[event.TOPIC].owner),
        event_type=event.TYPE,
        subject=event.subject,
        sequence=event.version,
        time=event.received_at,
        traceparent=example.headers.get("traceparent"),
    )
    assert {name: value.decode() for name, value in expected} == example.headers


def test_no_two_examples_share_an_id() -> None:
    ids = [example.headers["ce_id"] for example in every_example()]
    assert len(set(ids)) == len(ids)


async def test_the_cloudevents_sdk_reads_every_example_from_a_real_topic(
    fresh_topics: Callable[..., Any],
) -> None:
    examples = every_example()
    topics = {(EVENTS | INBOUND)[example.event_type].TOPIC for example in examples}
    bootstrap = await fresh_topics(*topics)
    async with producer(bootstrap) as client:
        for example in examples:
            await client.send_and_wait(
                (EVENTS | INBOUND)[example.event_type].TOPIC,
                key=example.key.encode(),
                value=example.payload,
                headers=[(name, value.encode()) for name, value in example.headers.items()],
            )
    messages = await _read_all(bootstrap, topics, len(examples))
    read = {event.get_id(): event for event in map(from_binary_event, messages)}
    for example in examples:
        event = read[example.headers["ce_id"]]
        assert event.get_type() == example.event_type
        assert event.get_source() == example.headers["ce_source"]
        assert event.get_subject() == example.headers.get("ce_subject")
        assert event.get_dataschema() == example.headers.get("ce_dataschema")
        assert event.get_extension("sequence") == example.headers.get("ce_sequence")
        assert event.get_extension("partitionkey") == example.key
        assert event.get_datacontenttype() == "application/json"
        assert event.get_data() == example.value


async def _read_all(bootstrap: str, topics: set[str], count: int) -> list[KafkaMessage]:
    found: list[KafkaMessage] = []
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()

    async def drain() -> bool:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            found.extend(KafkaMessage(dict(r.headers), r.key, r.value or b"") for r in records)
        return len(found) >= count

    try:
        await eventually(drain, because=f"{count} records read")
    finally:
        await consumer.stop()
    return found


@pytest.mark.parametrize("example", every_example(), ids=str)
def test_unknown_fields_are_ignored_at_every_depth(example: Example) -> None:
    model: Any = (EVENTS | INBOUND)[example.event_type]
    decorated = json.dumps(_decorated(example.value))
    assert model.model_validate_json(decorated) == model.model_validate_json(example.payload)


def _decorated(value: Any) -> Any:
    if isinstance(value, list):
        return [_decorated(item) for item in value]
    if isinstance(value, dict):
        return {**{name: _decorated(item) for name, item in value.items()}, "of_tomorrow": [1]}
    return value
