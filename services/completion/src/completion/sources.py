"""The sources file: which learning systems may speak, how each signs, what its courses count for.

[sources.campus-lms]
secrets = ["file:campus-lms.secret"]     # one per line, or whsec_... in place

[sources.campus-lms.courses]
psh23-a = { cycle = "2023-24", option = "A" }
"""

from __future__ import annotations

import base64
import binascii
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from completion.domain import Target

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SECRET_BYTES = range(24, 65)
PREFIX = "whsec_"
FILE = "file:"


class SourcesError(Exception):
    """The sources file cannot be used; `problems` are sentences with file and line or field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """A learning system. Any of `secrets` (raw key bytes) may sign, so that they can be rotated."""

    name: str
    secrets: tuple[bytes, ...] = field(repr=False)
    courses: Mapping[str, Target]


Sources = Mapping[str, Source]


def target_of(sources: Sources, source: str, course: str) -> Target | None:
    """What a course counts towards; None unless that very source lists it."""
    known = sources.get(source)
    return known.courses.get(course) if known else None


def load_sources(path: Path) -> dict[str, Source]:
    """Read and check the whole file.

    Raises:
        SourcesError: with every mistake of it, none of them quoting a secret.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourcesError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SourcesError([f"{path}: is not UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SourcesError([f"{path}: {error}"]) from None
    reader = _Reader(path)
    sources = {source.name: source for source in reader.sources(document)}
    if reader.problems:
        raise SourcesError(reader.problems)
    return sources


class _Reader:
    """Walks the document, noting each mistake under its field and going on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[str] = []

    def sources(self, document: dict[str, Any]) -> Iterator[Source]:
        self._only(document, "", {"sources"})
        tables = self._table(document.get("sources"), "sources")
        if not tables:
            self._wrong("sources", "must name at least one source")
        for name, table in tables.items():
            where = f"sources.{name}"
            if not NAME.fullmatch(name):
                self._wrong(where, "a source's name is of lower-case letters, digits and -")
            fields = self._table(table, where)
            self._only(fields, where, {"secrets", "courses"})
            yield Source(
                name,
                tuple(self._secrets(fields.get("secrets"), f"{where}.secrets")),
                dict(self._courses(fields.get("courses"), f"{where}.courses")),
            )

    def _secrets(self, value: object, where: str) -> Iterator[bytes]:
        if not isinstance(value, list) or not value:
            return self._wrong(where, 'must be a list such as ["file:PATH"], and not empty')
        for number, entry in enumerate(value):
            at = f"{where}[{number}]"
            if not isinstance(entry, str):
                self._wrong(at, "must be text")
            elif entry.startswith(FILE):
                yield from self._secret_file(entry.removeprefix(FILE), at)
            else:
                yield from self._secret(entry, at)

    def _secret_file(self, name: str, where: str) -> Iterator[bytes]:
        path = self._path.parent / name
        try:
            lines = path.read_text(encoding="ascii").split()
        except (OSError, ValueError) as error:
            return self._wrong(where, f"{path} cannot be read ({type(error).__name__})")
        if not lines:
            self._wrong(where, f"{path} is empty")
        for line in lines:
            yield from self._secret(line, where)

    def _secret(self, text: str, where: str) -> Iterator[bytes]:
        try:
            secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not text.startswith(PREFIX) or len(secret) not in SECRET_BYTES:
            return self._wrong(where, "must be whsec_ and 24 to 64 bytes in base64, or file:PATH")
        yield secret

    def _courses(self, value: object, where: str) -> Iterator[tuple[str, Target]]:
        for course, entry in self._table(value, where).items():
            at = f"{where}.{course}"
            fields = self._table(entry, at)
            self._only(fields, at, {"cycle", "option"})
            cycle = self._text(fields.get("cycle"), f"{at}.cycle")
            option = self._text(fields.get("option"), f"{at}.option")
            yield course, Target(cycle, option)

    def _table(self, value: object, where: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(where, "is missing" if value is None else "must be a table")
        return {}

    def _text(self, value: object, where: str) -> str:
        if isinstance(value, str) and value.strip():
            return value
        self._wrong(where, "must be text, and not empty")
        return ""

    def _only(self, table: dict[str, Any], where: str, known: set[str]) -> None:
        for name in sorted(set(table) - known):
            expected = ", ".join(sorted(known))
            self._wrong(f"{where}.{name}".lstrip("."), f"is not known here; expected {expected}")

    def _wrong(self, where: str, problem: str) -> None:
        self.problems.append(f"{self._path}: {where}: {problem}")
