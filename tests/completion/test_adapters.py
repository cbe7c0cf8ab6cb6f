"""Reading a message: what is ambiguous is refused, with the field and never its value."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from completion.adapters import canonical
from completion.adapters.malformed import Malformed
from completion.adapters.strict_json import DEPTH_MAX, loads
from completion.domain import Kind, Report


def message(**data: Any) -> dict[str, Any]:
    said = {
        "person": "900001234",
        "module": "psh23-b",
        "completed_at": "2023-10-20T10:02:11-04:00",
        "status": "completed",
        "attempt": 1,
    }
    return {
        "type": "module.completed",
        "timestamp": "2023-10-20T14:03:00Z",
        "data": said | data,
    }


def read(document: dict[str, Any]) -> Report:
    return canonical.read(json.dumps(document).encode())


def test_a_completion_is_read_with_its_instant() -> None:
    at = datetime(2023, 10, 20, 14, 2, 11, tzinfo=UTC)
    assert read(message()) == Report("900001234", "psh23-b", Kind.COMPLETED, at)


def test_fields_nobody_asked_for_are_passed_over() -> None:
    assert read(message(gender="x") | {"extra": [1]}).kind is Kind.COMPLETED


def test_an_attempt_is_the_first_unless_said_otherwise() -> None:
    document = message()
    del document["data"]["attempt"]
    assert read(document).kind is Kind.COMPLETED


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("module.completed", "completed", Kind.COMPLETED),
        ("module.completed", "failed", Kind.FAILED),
        ("module.failed", "failed", Kind.FAILED),
        ("module.revoked", "revoked", Kind.REVOKED),
    ],
)
def test_type_and_status_together_say_what_happened(kind: str, status: str, expected: Kind) -> None:
    assert read(message(status=status) | {"type": kind}).kind is expected


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("module.completed", "revoked"),
        ("module.revoked", "completed"),
        ("module.failed", "completed"),
    ],
)
def test_a_status_that_contradicts_the_type_is_refused(kind: str, status: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(message(status=status) | {"type": kind})
    assert refused.value.field == "data.status"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("person", ""),
        ("person", "  "),
        ("person", 900001234),
        ("person", "x" * 255),
        ("person", "ada\u0000"),
        ("person", "ada\nbob"),
        ("module", None),
        ("module", "m" * 201),
        ("completed_at", "2023-10-20T10:02:11"),
        ("completed_at", "yesterday"),
        ("completed_at", 1697810531),
        ("completed_at", "1969-12-31T00:00:00Z"),
        ("completed_at", "9999-12-31T00:00:00Z"),
        ("status", "done"),
        ("attempt", 0),
        ("attempt", True),
        ("attempt", "1"),
        ("attempt", 10**30),
    ],
)
def test_a_field_that_is_wrong_is_named_and_not_quoted(field: str, value: Any) -> None:
    with pytest.raises(Malformed) as refused:
        read(message(**{field: value}))
    assert refused.value.field == f"data.{field}"
    assert len(str(refused.value)) < 200
    if value and len(str(value)) > 4:
        assert str(value) not in str(refused.value)


@pytest.mark.parametrize("field", ["type", "timestamp", "data"])
def test_a_part_that_is_missing_is_named(field: str) -> None:
    document = message()
    del document[field]
    with pytest.raises(Malformed) as refused:
        read(document)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"[1,2,]",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": ' + b"1" * 5_000 + b"}",
        b"[" * 60_000,
        b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
        b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1),
    ],
)
def test_json_that_two_readers_could_differ_on_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        loads(body)
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
        json.dumps(["[{" * 100 + '\\"' + "[" * 100]).encode(),
        json.dumps([[] for _ in range(200)]).encode(),
    ],
)
def test_many_brackets_alone_are_no_depth(body: bytes) -> None:
    assert loads(body) == json.loads(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null"])
def test_json_that_is_no_object_is_refused_as_a_message(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        canonical.read(body)
    assert refused.value.field == "body"


def test_half_a_surrogate_pair_is_refused() -> None:
    body = json.dumps(message()).replace("900001234", "\\ud800").encode()
    with pytest.raises(Malformed):
        canonical.read(body)
