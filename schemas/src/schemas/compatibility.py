"""What a change of a schema would break: pure functions over two JSON Schema documents.

A released major may only add optional fields. That is more than a style: services are deployed
one by one and logs are kept for ever, so at any time a reader of yesterday reads records of
tomorrow, and a reader of tomorrow those of years ago. Both ways are compared here, keyword by
keyword; a keyword this module does not know must stay as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
Refusal = tuple[str, str]
"""A place, and why what may be written there is not what is read there."""

OLD_READS_NEW = "readers in service would refuse new records"
NEW_READS_OLD = "new readers would refuse records already written"
MEANING = "records already written would say something else"

_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "default", "examples", "deprecated"}
)
_COMPARED = frozenset(
    {"type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items"}
) | {*_AT_LEAST, *_AT_MOST}


@dataclass(frozen=True)
class Break:
    """One reason why a schema may not replace another; `where` is a path like `leaves[].end_on`."""

    where: str
    what: str
    consequence: str

    def __str__(self) -> str:
        return f"{self.where or 'the payload'}: {self.what} ({self.consequence})"


def breaks(old: Schema, new: Schema) -> list[Break]:
    """Everything that forbids `new` to take the place of the released `old`; empty is good."""
    old, new = _resolved(old, old), _resolved(new, new)
    return [
        *(Break(where, what, MEANING) for where, what in _losses(old, new)),
        *(Break(*refusal, OLD_READS_NEW) for refusal in _refusals(old, new, "")),
        *(Break(*refusal, NEW_READS_OLD) for refusal in _refusals(new, old, "")),
    ]


def _resolved(schema: Any, document: Schema) -> Any:
    """The schema with every `$ref` replaced by what it names (RecursionError for a cycle)."""
    if isinstance(schema, list):
        return [_resolved(part, document) for part in schema]
    if not isinstance(schema, dict):
        return schema
    named: Schema = {}
    if "$ref" in schema:
        named = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    parts = {**named, **{k: v for k, v in schema.items() if k not in {"$ref", "$defs"}}}
    return {key: _resolved(part, document) for key, part in parts.items()}


def _losses(old: Schema, new: Schema) -> Iterator[Refusal]:
    fields = dict(_fields(new, ""))
    for where, before in _fields(old, ""):
        if where not in fields:
            yield where, "was removed"
        elif before.get("default") != fields[where].get("default"):
            now = fields[where].get("default")
            yield where, f"its default was {before.get('default')!r} and is {now!r}"


def _fields(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    for alternative in _alternatives(schema):
        for name, field in alternative.get("properties", {}).items():
            path = f"{where}.{name}" if where else name
            yield path, field
            yield from _fields(field, path)
        if "items" in alternative:
            yield from _fields(alternative["items"], f"{where}[]")
        if isinstance(alternative.get("additionalProperties"), dict):
            yield from _fields(alternative["additionalProperties"], f"{where}{{}}")


def _alternatives(schema: Schema) -> list[Schema]:
    alternatives: list[Schema] = schema.get("anyOf", [schema])
    return alternatives


def _refusals(reader: Schema, writer: Schema, where: str) -> list[Refusal]:
    """What `writer` allows to be written and `reader` does not accept."""
    found: list[Refusal] = []
    for written in _alternatives(writer):
        attempts = [
            (read.get("type") != written.get("type"), _refused(read, written, where))
            for read in _alternatives(reader)
        ]
        if all(refusals for _, refusals in attempts):
            # Of several alternatives the one of the same type tells the most.
            found += min(attempts, key=lambda attempt: attempt[0])[1]
    return found


def _refused(reader: Schema, writer: Schema, where: str) -> list[Refusal]:
    """As `_refusals`, for two schemas without alternatives."""
    if not _type_is_read(reader.get("type"), writer.get("type")):
        return [(where, f"may be {writer.get('type', 'anything')}, read as {reader['type']}")]
    return [
        *_values(reader, writer, where),
        *_limits(reader, writer, where),
        *_others(reader, writer, where),
        *_items(reader, writer, where),
        *_properties(reader, writer, where),
    ]


def _type_is_read(reader: Any, writer: Any) -> bool:
    return reader is None or reader == writer or (reader, writer) == ("number", "integer")


def _values(reader: Schema, writer: Schema, where: str) -> Iterator[Refusal]:
    known, given = (_enumerated(schema) for schema in (reader, writer))
    if known is None:
        return
    if given is None:
        yield where, f"may be any {writer.get('type', 'value')}, read as one of {known}"
        return
    for value in given:
        if value not in known:
            yield where, f"may be {value!r}, which is not known"


def _enumerated(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _limits(reader: Schema, writer: Schema, where: str) -> Iterator[Refusal]:
    for keyword in _AT_LEAST:
        if keyword in reader and writer.get(keyword, float("-inf")) < reader[keyword]:
            yield (
                where,
                f"{keyword} {writer.get(keyword, 'nothing')} is less than {reader[keyword]}",
            )
    for keyword in _AT_MOST:
        if keyword in reader and writer.get(keyword, float("inf")) > reader[keyword]:
            yield (
                where,
                f"{keyword} {writer.get(keyword, 'nothing')} is more than {reader[keyword]}",
            )


def _others(reader: Schema, writer: Schema, where: str) -> Iterator[Refusal]:
    for keyword in sorted(reader.keys() - _COMPARED - _ANNOTATIONS):
        if writer.get(keyword) != reader[keyword]:
            yield where, f"{keyword} {writer.get(keyword)!r} is not {reader[keyword]!r}"


def _items(reader: Schema, writer: Schema, where: str) -> list[Refusal]:
    if "items" not in reader:
        return []
    return _refusals(reader["items"], writer.get("items", {}), f"{where}[]")


def _properties(reader: Schema, writer: Schema, where: str) -> Iterator[Refusal]:
    prefix = f"{where}." if where else ""
    sure = set(writer.get("required", ()))
    for name in reader.get("required", ()):
        if name not in sure:
            yield f"{prefix}{name}", "may be missing, and is required"
    written = writer.get("properties", {})
    for name, field in reader.get("properties", {}).items():
        if name in written:
            yield from _refusals(field, written[name], f"{prefix}{name}")
    yield from _unnamed(reader, writer, where)


def _unnamed(reader: Schema, writer: Schema, where: str) -> Iterator[Refusal]:
    """Properties that the reader has no name for: ignored, unless it says what they must be."""
    taken = reader.get("additionalProperties", True)
    given = writer.get("additionalProperties", True)
    if taken is False:
        unknown = writer.get("properties", {}).keys() - reader.get("properties", {}).keys()
        for name in sorted(unknown):
            yield f"{where}.{name}".lstrip("."), "is not known, and unknown fields are refused"
    elif isinstance(taken, dict):
        yield from _refusals(taken, given if isinstance(given, dict) else {}, f"{where}{{}}")
