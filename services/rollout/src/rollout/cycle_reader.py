"""Typed reading of a YAML document that goes on after an error and remembers the line."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, time
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node

T = TypeVar("T")

MAX_BYTES = 256 * 1024
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
# What a wrong value is read as, so that reading goes on; a file with an error is never used.
_DAY = date(2000, 1, 1)
# Beyond these somebody has mistyped, and counting days would not end.
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


@dataclass(frozen=True, slots=True)
class FileError:
    """One error: where it is and what was expected there. Lines count from 1."""

    file: str
    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: expected {self.expected}"

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class CycleFileError(ValueError):
    """A cycle file that cannot be used; `errors` are all that were found, by line."""

    def __init__(self, errors: list[FileError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.line, error.field)))
        super().__init__("\n".join(map(str, self.errors)))


class Reader:
    """Collects the errors of one file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._errors: list[FileError] = []

    def error(self, line: int, field: str, expected: str) -> None:
        self._errors.append(FileError(self._name, line, field, expected))

    def stop(self, line: int, field: str, expected: str) -> NoReturn:
        """One error after which nothing more can be read."""
        self.error(line, field, expected)
        raise CycleFileError(self._errors)

    def stop_on_errors(self) -> None:
        if self._errors:
            raise CycleFileError(self._errors)


class _Constructor(RoundTripConstructor):
    """Leaves dates as text: a wrong one is an error like any other, with its line."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))


class _Composer(Composer):
    """Refuses aliases: a few lines of them stand for more than any memory holds."""

    def return_alias(self, a: Node) -> Node:
        raise ComposerError(None, None, "without anchors that are referred to", a.start_mark)


def parse_yaml(reader: Reader, source: str) -> CommentedMap:
    """The document's mapping, which knows the line of everything in it."""
    if len(source.encode()) > MAX_BYTES:
        reader.stop(1, "file", f"at most {MAX_BYTES} bytes")
    try:
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        yaml.Composer = _Composer
        root = yaml.load(source)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        reader.stop(line, "file", f"YAML ({error.problem or 'unreadable'})")
    except (YAMLError, ValueError, RecursionError):
        reader.stop(1, "file", "YAML in UTF-8")
    if not isinstance(root, CommentedMap):
        reader.stop(1, "file", "a mapping of fields")
    return root


class Fields:
    """The fields of one mapping; each reader method takes a field, `done` reports the rest."""

    def __init__(self, reader: Reader, node: CommentedMap, path: str) -> None:
        self._reader = reader
        self._node = node
        self._path = path
        self._read: set[str] = set()

    def error(self, field: str, expected: str) -> None:
        """Report `field` of this mapping, at its line or, when absent, the mapping's."""
        self._reader.error(line_of(self._node, field), self._name(field), expected)

    def has(self, field: str) -> bool:
        return field in self._node

    def done(self) -> None:
        """Report every field that nothing asked for."""
        for field in self._node:
            if field not in self._read:
                known = ", ".join(sorted(self._read))
                self.error(str(field), f"no such field; known here: {known}")

    def text(self, field: str, default: str | None = None) -> str:
        value = self._take(field, "a text", default)
        if isinstance(value, str) and (value.strip() or default is not None):
            return value
        return self._wrong(field, value, "a text that is not empty", "")

    def optional_text(self, field: str) -> str | None:
        return None if self._absent(field) else self.text(field)

    def identifier(self, field: str) -> str:
        value = self._take(field, "an identifier")
        if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
            return value
        return self._wrong(field, value, "an identifier: letters, digits, '_', '-', '.'", "")

    def choice(self, field: str, allowed: tuple[str, ...]) -> str:
        wanted = f"one of {', '.join(allowed)}"
        value = self._take(field, wanted)
        return str(value) if value in allowed else self._wrong(field, value, wanted, allowed[-1])

    def names(
        self, field: str, allowed: tuple[str, ...] | None = None, *, required: bool = False
    ) -> frozenset[str]:
        """A list of names that is not empty; absent is the empty set unless `required`."""
        if not required and field not in self._node:
            self._read.add(field)
            return frozenset()
        wanted = f"a list of {', '.join(allowed)}" if allowed else "a list of identifiers"
        value = self._take(field, wanted)
        if (
            not isinstance(value, CommentedSeq)
            or not value
            or len(set(map(str, value))) < len(value)
        ):
            return self._wrong(field, value, f"{wanted}, each once", frozenset())
        for place, name in enumerate(value):
            fine = isinstance(name, str) and _IDENTIFIER.fullmatch(name)
            if not fine or (allowed and name not in allowed):
                self._reader.error(line_of(value, place), f"{self._name(field)}[{place}]", wanted)
        return frozenset(map(str, value))

    def integer(self, field: str, *, most: int) -> int:
        """A whole number from 1 to `most`."""
        wanted = f"a whole number from 1 to {most}"
        value = self._take(field, wanted)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return int(value)
        return self._wrong(field, value, wanted, 1)

    def optional_integer(self, field: str, *, most: int) -> int | None:
        return None if self._absent(field) else self.integer(field, most=most)

    def flag(self, field: str, *, default: bool) -> bool:
        value = self._take(field, "true or false", default)
        return (
            value if isinstance(value, bool) else self._wrong(field, value, "true or false", False)
        )

    def optional_flag(self, field: str) -> bool | None:
        return None if self._absent(field) else self.flag(field, default=False)

    def day(self, field: str) -> date:
        wanted = f"a date such as 2023-09-11, from {EARLIEST.year} to {LATEST.year}"
        value = self._take(field, wanted)
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
                day = date.fromisoformat(str(value))
                if EARLIEST <= day <= LATEST:
                    return day
        except ValueError:
            pass
        return self._wrong(field, value, wanted, _DAY)

    def optional_day(self, field: str) -> date | None:
        return None if self._absent(field) else self.day(field)

    def clock(self, field: str) -> time:
        wanted = 'a time of day in quotes, such as "09:00"'
        value = self._take(field, wanted)
        if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            return time.fromisoformat(value)
        return self._wrong(field, value, wanted, time())

    def zone(self, field: str) -> str:
        wanted = "an IANA time zone such as America/New_York"
        value = self._take(field, wanted)
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, TypeError, AttributeError, OSError):
            return self._wrong(field, value, wanted, "UTC")

    def address(self, field: str) -> str:
        value = self._take(field, "a mail address")
        if isinstance(value, str) and _ADDRESS.fullmatch(value):
            return value
        return self._wrong(field, value, "a mail address", "")

    def link(self, field: str) -> str | None:
        if self._absent(field):
            return None
        value = self._take(field, "a link")
        if isinstance(value, str) and urlsplit(value).scheme == "https" and urlsplit(value).netloc:
            return value
        return self._wrong(field, value, "null or a link that begins with https://", None)

    def mapping(self, field: str) -> Fields:
        """The mapping in `field`; its errors name `field` before theirs."""
        value = self._take(field, "a mapping")
        if not isinstance(value, CommentedMap):
            nothing = self._wrong(field, value, "a mapping", CommentedMap())
            return _Silent(self._reader, nothing, self._name(field))
        return Fields(self._reader, value, self._name(field))

    def items(self, field: str, *, unique: str | None = None) -> Iterator[Fields]:
        """The mappings of a list; `unique` names the field no two of them may share."""
        value = self._take(field, "a list")
        if not isinstance(value, CommentedSeq):
            value = self._wrong(field, value, "a list of mappings", CommentedSeq())
        seen: dict[Hashable, int] = {}
        for place, node in enumerate(value):
            path = f"{self._name(field)}[{place}]"
            if not isinstance(node, CommentedMap):
                self._reader.error(line_of(value, place), path, "a mapping")
                continue
            if unique is not None:
                self._check_unique(node, unique, path, seen)
            yield Fields(self._reader, node, path)

    def _check_unique(
        self, node: CommentedMap, unique: str, path: str, seen: dict[Hashable, int]
    ) -> None:
        name = str(node.get(unique))
        line = line_of(node, unique)
        if name in seen:
            expected = f"one that is not used yet; {name!r} is on line {seen[name]}"
            self._reader.error(line, f"{path}.{unique}", expected)
        seen.setdefault(name, line)

    def _absent(self, field: str) -> bool:
        self._read.add(field)
        return self._node.get(field) is None

    def _take(self, field: str, wanted: str, default: object = None) -> Any:
        self._read.add(field)
        if field not in self._node:
            if default is None:
                self.error(field, f"{wanted}; the field is missing")
            return default
        return self._node[field]

    def _wrong(self, field: str, value: object, expected: str, instead: T) -> T:
        if field in self._node:
            shown = "nothing" if value is None else repr(str(value))[:60]
            self.error(field, f"{expected}, not {shown}")
        return instead

    def _name(self, field: str) -> str:
        return f"{self._path}.{field}" if self._path else field


class _Silent(Fields):
    """Stands in for a mapping that is not there; that alone is the error."""

    def error(self, field: str, expected: str) -> None:
        """Nothing more to say."""

    def done(self) -> None:
        """Nothing more to say."""


def line_of(node: CommentedMap | CommentedSeq, key: str | int) -> int:
    """The line (from 1) of a key or place; of the collection itself when it has no such."""
    try:
        return int(node.lc.data[key][0]) + 1
    except (KeyError, TypeError):
        return int(node.lc.line or 0) + 1
