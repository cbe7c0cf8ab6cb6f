"""Every rule of compatibility finds the change it is for, and lets harmless changes pass.

Each breaking change brings its witness: a value written under one schema that a model of the other
refuses, so that no rule is stricter or laxer in words than readers are in fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model

from schemas.compatibility import MEANING, NEW_READS_OLD, OLD_READS_NEW, breaks
from schemas.envelope import Contract
from schemas.jsonschema import payload_schema, schema_of
from schemas.registry import EVENTS, INBOUND

Fields = Mapping[str, Any]


class Kind(StrEnum):
    STAFF = "staff"
    FELLOW = "fellow"


class MoreKinds(StrEnum):
    STAFF = "staff"
    FELLOW = "fellow"
    TRAINEE = "trainee"


def model(fields: Fields) -> type[Contract]:
    """A contract with these fields; a bare type is required, `(type, default)` optional."""
    definitions: dict[str, Any] = {
        field_name: value if isinstance(value, tuple) else (value, ...)
        for field_name, value in fields.items()
    }
    return create_model("Payload", __base__=Contract, **definitions)


class Named(Contract):
    name: str


class Aged(Contract):
    name: str
    age: int


class PerhapsAged(Contract):
    name: str
    age: int | None = None


@dataclass(frozen=True)
class Change:
    """`old` fields become `new` ones; `witness` was written under `writer`, read by the other."""

    name: str
    old: Fields
    new: Fields
    where: str
    consequence: str
    witness: Fields = field(default_factory=dict)


BREAKING = [
    Change("an optional field is required", {"a": (str, "")}, {"a": str}, "a", NEW_READS_OLD),
    Change("a required field is added", {}, {"a": str}, "a", NEW_READS_OLD),
    Change("a required field is made optional", {"a": str}, {"a": (str, "")}, "a", OLD_READS_NEW),
    Change("a required field is removed", {"a": str}, {}, "a", OLD_READS_NEW),
    Change("a required field is renamed", {"a": str}, {"b": str}, "a", OLD_READS_NEW, {"b": ""}),
    Change("a type is changed", {"a": int}, {"a": str}, "a", OLD_READS_NEW, {"a": "x"}),
    Change("a type is narrowed", {"a": float}, {"a": int}, "a", NEW_READS_OLD, {"a": 0.5}),
    Change("a type is widened", {"a": int}, {"a": float}, "a", OLD_READS_NEW, {"a": 0.5}),
    Change("null is forbidden", {"a": int | None}, {"a": int}, "a", NEW_READS_OLD, {"a": None}),
    Change("null is allowed", {"a": int}, {"a": int | None}, "a", OLD_READS_NEW, {"a": None}),
    Change("a type is added", {"a": int}, {"a": int | str}, "a", OLD_READS_NEW, {"a": "x"}),
    Change("anything is allowed", {"a": int}, {"a": Any}, "a", OLD_READS_NEW, {"a": "x"}),
    Change("a value is added", {"a": Kind}, {"a": MoreKinds}, "a", OLD_READS_NEW, {"a": "trainee"}),
    Change("a value is gone", {"a": MoreKinds}, {"a": Kind}, "a", NEW_READS_OLD, {"a": "trainee"}),
    Change("any value is allowed", {"a": Kind}, {"a": str}, "a", OLD_READS_NEW, {"a": "x"}),
    Change(
        "a constant becomes another",
        {"a": Literal["x"]},
        {"a": Literal["y"]},
        "a",
        OLD_READS_NEW,
        {"a": "y"},
    ),
    Change("a format is asked for", {"a": str}, {"a": date}, "a", NEW_READS_OLD, {"a": "x"}),
    Change("a format is given up", {"a": date}, {"a": str}, "a", OLD_READS_NEW, {"a": "x"}),
    Change(
        "a list is of something else",
        {"a": tuple[int, ...]},
        {"a": tuple[str, ...]},
        "a[]",
        OLD_READS_NEW,
        {"a": ["x"]},
    ),
    Change(
        "a part gains a required field",
        {"a": tuple[Named, ...]},
        {"a": tuple[Aged, ...]},
        "a[].age",
        NEW_READS_OLD,
        {"a": [{"name": "x"}]},
    ),
    Change(
        "an optional part loses a field",
        {"a": Aged | None},
        {"a": Named | None},
        "a.age",
        OLD_READS_NEW,
        {"a": {"name": "x"}},
    ),
    Change(
        "a map is of something else",
        {"a": dict[str, int]},
        {"a": dict[str, str]},
        "a{}",
        OLD_READS_NEW,
        {"a": {"k": "x"}},
    ),
]
BOUNDS: list[tuple[str, dict[str, Any], dict[str, Any], Any, Any]] = [
    ("the least number", {"ge": 1}, {"ge": 2}, int, 1),
    ("the number it must pass", {"gt": 1}, {"gt": 2}, int, 2),
    ("the greatest number", {"le": 9}, {"le": 8}, int, 9),
    ("the number it must stay under", {"lt": 9}, {"lt": 8}, int, 8),
    ("the least length", {"min_length": 1}, {"min_length": 2}, str, "x"),
    ("the greatest length", {"max_length": 3}, {"max_length": 2}, str, "xxx"),
    ("the least count", {"min_length": 1}, {"min_length": 2}, tuple[int, ...], [1]),
    ("the greatest count", {"max_length": 3}, {"max_length": 2}, tuple[int, ...], [1, 2, 3]),
    ("a pattern", {}, {"pattern": "^[a-z]$"}, str, "X"),
    ("a factor", {}, {"multiple_of": 5}, int, 4),
    ("a first bound", {}, {"ge": 0}, int, -1),
]
TIGHTER = [
    Change(
        f"{name} is tightened",
        {"a": Annotated[kind, Field(**loose)]},
        {"a": Annotated[kind, Field(**tight)]},
        "a",
        NEW_READS_OLD,
        {"a": witness},
    )
    for name, loose, tight, kind, witness in BOUNDS
]
LOOSER = [
    Change(
        each.name.replace("tightened", "loosened"),
        each.new,
        each.old,
        each.where,
        OLD_READS_NEW,
        each.witness,
    )
    for each in TIGHTER
]


@pytest.mark.parametrize("change", [*BREAKING, *TIGHTER, *LOOSER], ids=lambda c: c.name)
def test_a_breaking_change_is_found_where_it_is(change: Change) -> None:
    found = breaks(payload_schema(model(change.old)), payload_schema(model(change.new)))
    assert (change.where, change.consequence) in {(each.where, each.consequence) for each in found}


@pytest.mark.parametrize("change", [*BREAKING, *TIGHTER, *LOOSER], ids=lambda c: c.name)
def test_a_breaking_change_breaks_a_reader(change: Change) -> None:
    sides = (model(change.old), model(change.new))
    writer, reader = sides if change.consequence == NEW_READS_OLD else sides[::-1]
    payload = TypeAdapter(dict[str, Any]).dump_json(dict(change.witness))
    writer.model_validate_json(payload)
    with pytest.raises(ValidationError):
        reader.model_validate_json(payload)


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ({"a": (str, "")}, {}, "a", "was removed"),
        ({"a": (int, 1)}, {"a": (int, 2)}, "a", "its default was 1 and is 2"),
        (
            {"a": (tuple[PerhapsAged, ...], ())},
            {"a": (tuple[Named, ...], ())},
            "a[].age",
            "was removed",
        ),
    ],
)
def test_a_change_that_readers_survive_but_that_says_something_else_is_found(
    old: Fields, new: Fields, where: str, what: str
) -> None:
    found = breaks(payload_schema(model(old)), payload_schema(model(new)))
    assert [str(each) for each in found] == [f"{where}: {what} ({MEANING})"]


def test_refusing_unknown_fields_is_found() -> None:
    class Strict(Contract):
        model_config = ConfigDict(extra="forbid")

        a: str

    found = breaks(payload_schema(model({"a": str, "b": (str, "")})), payload_schema(Strict))
    assert ("b", NEW_READS_OLD) in {(each.where, each.consequence) for each in found}


def test_a_keyword_nobody_has_thought_of_may_not_change() -> None:
    old = {"type": "object", "properties": {"a": {"type": "array", "contains": {"const": 1}}}}
    new = {"type": "object", "properties": {"a": {"type": "array", "contains": {"const": 2}}}}
    assert {each.consequence for each in breaks(old, new)} == {OLD_READS_NEW, NEW_READS_OLD}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": str}, {"a": str, "b": (str, "")}),
        ({"a": str}, {"a": str, "b": (int | None, None)}),
        ({"a": str}, {"a": Annotated[str, Field(description="Said better.")]}),
        ({"a": tuple[Named, ...]}, {"a": tuple[PerhapsAged, ...]}),
        ({"a": Named | None}, {"a": PerhapsAged | None}),
        ({"a": int | str}, {"a": str | int}),
        ({"a": (dict[str, int], {})}, {"a": (dict[str, int], {}), "b": (dict[str, str], {})}),
    ],
)
def test_a_harmless_change_passes(old: Fields, new: Fields) -> None:
    assert breaks(payload_schema(model(old)), payload_schema(model(new))) == []


@pytest.mark.parametrize("event_type", [*EVENTS, *INBOUND])
def test_a_schema_is_compatible_with_itself(event_type: str) -> None:
    assert breaks(schema_of(event_type), schema_of(event_type)) == []
