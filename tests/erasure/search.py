"""Looks for a text wherever the platform keeps anything, in every form that can be read."""

import base64
import json
import quopri
import re
import subprocess
import urllib.parse
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from embedded.binaries import POSTGRES_BINARIES

_BYTEA = re.compile(rb"\\\\x([0-9a-f]{16,})|\\x([0-9a-f]{16,})")

# Kafka's own indexes: numbers, in files of 10 MB that are mostly holes.
_OFFSETS_ONLY = frozenset({".index", ".timeindex"})


class Needles:
    """Some texts, each as UTF-8, JSON, URL, quoted-printable, hex and base64."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self._folded = {form.lower(): text for text in texts for form in _forms(text)}
        self._exact = {form: text for text in texts for form in _base64_forms(text)}

    def found_in(self, data: bytes) -> set[str]:
        """Which of the texts `data` shows; upper and lower case are one, except in base64."""
        folded = data.lower()
        return {text for form, text in self._folded.items() if form in folded} | {
            text for form, text in self._exact.items() if form in data
        }


def _forms(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield raw
    yield json.dumps(text)[1:-1].encode()
    yield urllib.parse.quote(text).encode()
    yield quopri.encodestring(raw)
    yield raw.hex().encode()


def _base64_forms(text: str) -> Iterator[bytes]:
    """The part that is the same whatever stands before and behind, for each of the three places."""
    for raw in {text.encode(), text.lower().encode(), json.dumps(text)[1:-1].encode()}:
        for shift in range(3):
            encoded = base64.b64encode(bytes(shift) + raw)
            yield encoded[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]


def in_database(needles: Needles, url: str) -> dict[str, set[str]]:
    """Tables with rows that show a text, by a dump of the database; bytes are unpacked too."""
    command = [str(POSTGRES_BINARIES / "pg_dump"), "--data-only", "--inserts", url]
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        texts = needles.found_in(line)
        for match in _BYTEA.finditer(line):
            packed = bytes.fromhex((match[1] or match[2]).decode())
            texts |= needles.found_in(packed) | needles.found_in(_unpacked(packed))
        if texts:
            found.setdefault(line.split(b" VALUES ")[0].decode(), set()).update(texts)
    return found


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(packed)
    except zlib.error:
        return b""


async def in_topics(needles: Needles, bootstrap: str) -> dict[str, set[str]]:
    """Topics with records, from their first one, that show a text in key, value or a header."""
    found: dict[str, set[str]] = {}
    async for record in _records(bootstrap, await _topics(bootstrap)):
        headers = b" ".join(value for _, value in record.headers)
        data = b" ".join((record.key or b"", record.value or b"", headers))
        if texts := needles.found_in(data):
            found.setdefault(record.topic, set()).update(texts)
    return found


async def keys_in(topic: str, bootstrap: str) -> set[bytes]:
    """The keys of all records that a topic still has, tombstones too."""
    return {record.key async for record in _records(bootstrap, [topic])}


async def _topics(bootstrap: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return sorted(await admin.list_topics())
    finally:
        await admin.close()


async def _records(bootstrap: str, topics: list[str]) -> AsyncIterator[Any]:
    """All that these topics hold, from their first record to what is their last one now."""
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = sorted(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        waiting = {each for each in partitions if starts[each] < ends[each]}
        for each in partitions:
            consumer.seek(each, starts[each])
        while waiting:
            for records in (await consumer.getmany(timeout_ms=50)).values():
                for record in records:
                    yield record
            # The last records may have been compacted away: the position says what was read.
            positions = {each: await consumer.position(each) for each in waiting}
            waiting = {each for each, position in positions.items() if position < ends[each]}
    finally:
        await consumer.stop()


def in_files(needles: Needles, folder: Path, but: Iterable[Path]) -> dict[str, set[str]]:
    """Files under a folder that show a text, apart from what is in `but`."""
    spared = tuple(but)
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        if path.suffix in _OFFSETS_ONLY or any(path.is_relative_to(each) for each in spared):
            continue
        if path.is_file():
            try:
                texts = needles.found_in(path.read_bytes())
            except FileNotFoundError:
                continue  # a segment that Kafka has just deleted
            if texts:
                found[str(path.relative_to(folder))] = texts
    return found
