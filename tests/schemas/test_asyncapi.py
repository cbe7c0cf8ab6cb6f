"""The AsyncAPI documents, read by the official parser and held against what services do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.asyncapi import document_of
from schemas.registry import EVENTS, INBOUND
from schemas.topics import SERVICES, TOPICS, Service, topics_read_by, topics_written_by
from support.examples import CONTRACTS, every_example

pytestmark = pytest.mark.timeout(600)  # the first time npm fetches the parser

Validate = Callable[..., list[dict[str, str]]]


def _committed(service: str) -> Path:
    return CONTRACTS / "asyncapi" / f"{service}.json"


def test_the_official_parser_finds_nothing_wrong(validate: Validate) -> None:
    found = validate(asyncapi=[_committed(service) for service in SERVICES])
    # It would like the newest version; 3.0 is what tools read today.
    assert [each for each in found if each["code"] != "asyncapi-latest-version"] == []


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("channels", {"roster.person.v1": {"address": 7}}),
        ("operations", {"send": {"action": "send", "channel": {"$ref": "#/channels/none"}}}),
        ("asyncapi", "2.9.0"),
    ],
)
def test_the_official_parser_is_not_blind(
    validate: Validate, tmp_path: Path, part: str, value: object
) -> None:
    broken = {**json.loads(_committed("roster").read_text()), part: value}
    (tmp_path / "roster.json").write_text(json.dumps(broken))
    found = validate(asyncapi=[tmp_path / "roster.json"])
    assert "error" in {each["severity"] for each in found}


def test_the_headers_of_every_example_fit_the_documented_headers(validate: Validate) -> None:
    headers = [
        {
            "asyncapi": _committed((EVENTS | INBOUND)[example.event_type].TOPIC.partition(".")[0]),
            "message": example.event_type,
            "value": example.headers,
            "where": str(example),
        }
        for example in every_example()
    ]
    assert validate(headers=headers) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sends_its_own_topics_and_receives_what_it_reads(service: Service) -> None:
    operations = document_of(service)["operations"]
    assert _topics(operations, "send") == [topic.name for topic in topics_written_by(service)]
    assert _topics(operations, "receive") == [topic.name for topic in topics_read_by(service)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_channel_says_owner_readers_partitions_retention_and_key(service: Service) -> None:
    document = document_of(service)
    for name, channel in document["channels"].items():
        topic = TOPICS[name]
        assert (channel["x-owner"], channel["x-readers"]) == (topic.owner, list(topic.readers))
        kafka = channel["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"].keys() == topic.config.keys()
        for message in channel["messages"]:
            key = document["components"]["messages"][message]["bindings"]["kafka"]["key"]
            assert key["description"] == topic.key


def test_the_roster_documents_its_door_for_outside_writers() -> None:
    document = document_of("roster")
    assert "receive.roster.inbound.v1" in document["operations"]
    assert "send.roster.inbound.v1" not in document["operations"]
    message = document["components"]["messages"]["edu.rollcall.person.reported.v1"]
    assert "ce_sequence" not in message["headers"]["required"]


def test_erasure_is_documented_where_it_happens() -> None:
    for service in SERVICES:
        document = document_of(service)
        for name, channel in document["channels"].items():
            erasable = f"{name}.tombstone" in channel["messages"]
            assert erasable == TOPICS[name].compacted


def _topics(operations: dict[str, Any], action: str) -> list[str]:
    return [
        operation["channel"]["$ref"].removeprefix("#/channels/")
        for operation in operations.values()
        if operation["action"] == action
    ]
