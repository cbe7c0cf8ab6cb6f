"""Mapping files: TOML, checked whole; every mistake with its line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from roster.csv_import.mapping import Mapping
from roster.csv_import.mapping_rules import Reader

_SECTION = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|[\w-]+))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_AT_LINE = re.compile(r"\(at line ([0-9]+)")


@dataclass(frozen=True, slots=True)
class MappingError:
    """One mistake: the line it is on and the key, as far as they are known."""

    file: str
    line: int | None
    key: str | None
    expected: str

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        key = f", {self.key}" if self.key else ""
        return f"{self.file}{line}{key}: expected {self.expected}"


class InvalidMapping(Exception):
    """The mapping cannot be used."""

    def __init__(self, errors: list[MappingError]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors

    def as_json(self) -> dict[str, Any]:
        """The mistakes as the API and `--json` show them."""
        return {"errors": [asdict(error) for error in self.errors], "more": 0}


def parse_mapping(text: str, file: str, preset_text: Callable[[str], str]) -> Mapping:
    """Check a mapping file and return what it says; `file` is its name in error messages.

    `extends` names a preset, whose keys hold where the file has none of its own.

    Raises:
        InvalidMapping: with every mistake.
    """
    tree = _parsed(text, file)
    lines = dict(_lines(text))
    base = tree.pop("extends", None)
    if base is not None:
        tree = _merged(_base(base, file, lines, preset_text), tree)
    reader = Reader(tree)
    mapping = reader.mapping(PurePath(file).stem)
    if reader.mistakes:
        errors = [
            MappingError(file, _line_of(key, lines), ".".join(key), expected)
            for key, expected in reader.mistakes
        ]
        raise InvalidMapping(sorted(errors, key=lambda error: error.line or 0))
    return mapping


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, last = _AT_LINE.search(str(error)), len(text.splitlines()) or 1
        raise InvalidMapping(
            [MappingError(file, int(line[1]) if line else last, None, f"TOML: {error}")]
        ) from None


def _base(
    name: object,
    file: str,
    lines: dict[tuple[str, ...], int],
    preset_text: Callable[[str], str],
) -> dict[str, Any]:
    try:
        return tomllib.loads(preset_text(str(name)))
    except KeyError:
        error = MappingError(file, lines.get(("extends",)), "extends", "the name of a preset")
        raise InvalidMapping([error]) from None


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key, two levels deep; a field's rule is replaced whole."""
    merged = dict(base)
    for key, value in own.items():
        inherited = base.get(key)
        both = isinstance(value, dict) and isinstance(inherited, dict)
        merged[key] = {**inherited, **value} if both else value  # type: ignore[dict-item]
    return merged


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Where each key stands, written the usual way: one a line."""
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if named := _SECTION.match(line):
            section = _parts(named[1])
            yield section, number
        elif keyed := _KEY.match(line):
            yield (*section, *_parts(keyed[1])), number


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple("".join(part) for part in _PART.findall(dotted))


def _line_of(key: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> int | None:
    """The line of the key, or else of the table it belongs to."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return None
