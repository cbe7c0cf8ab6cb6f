"""From bytes to lines of text, in the encoding a file is said to have."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

from roster.csv_import.errors import Errors

BUFFER_BYTES = 64 * 1024
LINE_MAX_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_Buffered: TypeAlias = "io.BufferedReader[_Hashed]"
_SPOKEN = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


class Lines:
    """Decoded lines with their ends; LF, CRLF and CR end a line and may be mixed."""

    def __init__(self, stream: BinaryIO, encoding: str, errors: Errors) -> None:
        self._bytes = _Hashed(stream)
        self._encoding = encoding
        self._errors = errors
        self._undecodable: list[int] = []

    @property
    def sha256(self) -> str:
        """Digest of the bytes read so far."""
        return self._bytes.digest.hexdigest()

    def any_undecodable(self, last: int) -> bool:
        """Whether a line up to number `last` could not be decoded, since it was asked last."""
        if not self._undecodable:
            return False
        bad = any(line <= last for line in self._undecodable)
        self._undecodable = [line for line in self._undecodable if line > last]
        return bad

    def __iter__(self) -> Iterator[str]:
        buffered = io.BufferedReader(self._bytes, BUFFER_BYTES)
        return self._wide(buffered) if self._encoding == "utf-16" else self._narrow(buffered)

    def _narrow(self, stream: _Buffered) -> Iterator[str]:
        """Lines of an encoding in which a line feed is one byte that nothing else uses."""
        number = 0
        while raw := stream.readline(LINE_MAX_BYTES):
            if len(raw) == LINE_MAX_BYTES and not raw.endswith(b"\n"):
                self._too_long(number + 1)
                return
            if number == 0:
                if raw.startswith(_UTF_16) or b"\x00" in raw[:2]:
                    expected = f"text in {_SPOKEN[self._encoding]}, and this is UTF-16"
                    self._errors.add(1, None, expected, fatal=True)
                    return
                raw = raw.removeprefix(_BOM)
            text = self._decoded(raw, number + 1)
            alone = text.count("\r") == text.endswith("\r\n")
            lines = [text] if alone else _LINES.findall(text)
            number += len(lines)
            yield from lines

    def _wide(self, stream: _Buffered) -> Iterator[str]:
        """Lines of UTF-16; where two bytes do not fit, those behind them cannot be trusted."""
        text = io.TextIOWrapper(stream, "utf-16", newline="")
        number = 0
        while True:
            number += 1
            try:
                line = text.readline(LINE_MAX_BYTES)
            except UnicodeError:
                self._errors.add(number, None, "text in UTF-16, with a BOM", fatal=True)
                return
            if len(line) == LINE_MAX_BYTES:
                self._too_long(number)
                return
            if not line:
                return
            yield line

    def _too_long(self, line: int) -> None:
        expected = f"a line shorter than {LINE_MAX_BYTES} bytes"
        self._errors.add(line, None, expected, fatal=True)

    def _decoded(self, raw: bytes, line: int) -> str:
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError as error:
            at = line + raw[: error.start].replace(b"\r\n", b"\n").count(b"\r")
            self._errors.add(at, None, f"text in {_SPOKEN[self._encoding]}")
            self._undecodable.append(at)
            return raw.decode(self._encoding, errors="replace")


class _Hashed(io.RawIOBase):
    """A stream that keeps the digest of what was read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._stream.read(len(buffer))
        self.digest.update(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)
