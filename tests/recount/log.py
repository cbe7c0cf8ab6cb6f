"""Every record of every topic from offset 0, read with a client of its own."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

PERSON = "roster.person.v1"
DEPARTMENT = "roster.department.v1"
CONTACT = "roster.contact.v1"
GROUP = "rollout.group.v1"
OBLIGATION = "rollout.obligation.v1"
REMINDER = "rollout.reminder.v1"
MODULE = "completion.module.v1"
MAIL = "notifier.mail.v1"
REPORT = "reporting.report.v1"
COMPACTED = frozenset({CONTACT})
TOPICS = (PERSON, DEPARTMENT, CONTACT, GROUP, OBLIGATION, REMINDER, MODULE, MAIL, REPORT)

_PATIENCE_MS = 30_000
_NEEDED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time")


@dataclass(frozen=True)
class Entry:
    """One CloudEvent and where it lies."""

    topic: str
    partition: int
    offset: int
    key: str
    id: str
    type: str
    subject: str
    version: int
    data: dict[str, Any]

    @property
    def place(self) -> str:
        """Coordinates for a human."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    @property
    def name(self) -> str:
        """The type without its namespace and version: `obligation.changed`."""
        return self.type.removeprefix("edu.rollcall.").rpartition(".")[0]

    def instant(self, field: str) -> datetime:
        """A field that is an instant."""
        return datetime.fromisoformat(self.data[field])

    def day(self, field: str) -> date | None:
        """A field that is a civil day or absent."""
        text = self.data.get(field)
        return date.fromisoformat(text) if text else None


@dataclass
class Log:
    """The entries without repetition, in the order of each partition, and what could not be read.

    A relay may publish twice; the same id with the same content counts once.
    """

    entries: list[Entry]
    unreadable: list[str]

    def on(self, topic: str) -> list[Entry]:
        """The entries of one topic."""
        return [entry for entry in self.entries if entry.topic == topic]


def sift(entries: Iterable[Entry | str]) -> Log:
    """De-duplicate by id; strings are complaints about records that are no CloudEvents."""
    log = Log([], [])
    seen: dict[str, Entry] = {}
    for entry in entries:
        if isinstance(entry, str):
            log.unreadable.append(entry)
        elif entry.id not in seen:
            seen[entry.id] = entry
            log.entries.append(entry)
        elif replace(first := seen[entry.id], offset=entry.offset) != entry:
            log.unreadable.append(f"{entry.place} repeats the id of {first.place} but not the rest")
    return log


async def read_log(bootstrap: str) -> Log:
    """Read every topic to its present end."""
    partitions = await _partitions(bootstrap)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="none"
    )
    await consumer.start()
    try:
        entries: list[Entry | str] = [
            f"{topic} does not exist" for topic in TOPICS if not partitions[topic]
        ]
        for topic in TOPICS:
            for number in partitions[topic]:
                place = TopicPartition(topic, number)
                entries += [entry async for entry in _read(consumer, place)]
        return sift(entries)
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str) -> dict[str, list[int]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(list(TOPICS))
    finally:
        await admin.close()
    return {
        each["topic"]: sorted(partition["partition"] for partition in each["partitions"])
        for each in described
    }


async def _read(consumer: AIOKafkaConsumer, place: TopicPartition) -> AsyncIterator[Entry | str]:
    consumer.assign([place])
    begin = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    if begin and place.topic not in COMPACTED:
        yield f"{place.topic}[{place.partition}] was cut before offset {begin}"
    consumer.seek(place, begin)
    async for record in _records(consumer, place, end):
        # A tombstone says that a person was erased; there is nothing left to count.
        if record.value is not None:
            yield entry_of(record)


async def _records(
    consumer: AIOKafkaConsumer, place: TopicPartition, end: int
) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    while await consumer.position(place) < end:
        batches = await consumer.getmany(place, timeout_ms=_PATIENCE_MS, max_records=5000)
        if not batches:
            raise TimeoutError(f"{place.topic}[{place.partition}] does not answer")
        for record in batches.get(place, ()):
            if record.offset < end:
                yield record


def entry_of(record: Any) -> Entry | str:
    """The CloudEvent in a record of binary mode, or a complaint."""
    place = f"{record.topic}[{record.partition}]@{record.offset}"
    try:
        headers = {name: value.decode() for name, value in record.headers}
        missing = [name for name in _NEEDED if not headers.get(name)]
        if missing:
            return f"{place} has no {', '.join(missing)}"
        data = json.loads(record.value)
        outside = int(headers["ce_sequence"])
        if data["version"] != outside:
            return f"{place} is version {data['version']} in its body and {outside} outside"
        return Entry(
            record.topic,
            record.partition,
            record.offset,
            (record.key or b"").decode(),
            headers["ce_id"],
            headers["ce_type"],
            headers["ce_subject"],
            data["version"],
            data,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"{place} is no CloudEvent: {error!r}"
