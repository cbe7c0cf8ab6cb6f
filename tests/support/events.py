"""Events to publish and a producer that writes records as the platform's relay does, or badly."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from aiokafka import AIOKafkaProducer

from schemas.completion import ModuleCompleted
from schemas.envelope import Event, Header, headers_of, make_event_id, source_of
from schemas.topics import TOPICS

RECEIVED = datetime(2023, 9, 1, 12, tzinfo=UTC)


def completed(person_id: str, version: int = 1, **changes: object) -> ModuleCompleted:
    """A completion of option B by one person."""
    fields: dict[str, object] = {
        "person_id": person_id,
        "version": version,
        "effective_on": date(2023, 9, 1),
        "received_at": RECEIVED,
        "source": "campus-lms",
        "course": "psh23-b",
        "cycle": "2023-24",
        "option": "B",
        "completed_at": RECEIVED,
    }
    return ModuleCompleted.model_validate(fields | changes)


def headers_for(event: Event, cause: str = "test") -> list[Header]:
    """Headers as the relay writes them."""
    return headers_of(
        event_id=make_event_id(f"{cause}/{event.version}", event.TYPE, event.subject),
        source=source_of(TOPICS[event.TOPIC].owner),
        event_type=event.TYPE,
        subject=event.subject,
        sequence=event.version,
        time=event.received_at,
    )


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer, stopped at the end."""
    client = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def send_events(bootstrap: str, events: Iterable[Event]) -> None:
    """Publish events as the platform does, in order per key."""
    async with producer(bootstrap) as client:
        sent = [
            await client.send(
                event.TOPIC,
                key=event.key.encode(),
                value=event.model_dump_json().encode(),
                headers=headers_for(event),
            )
            for event in events
        ]
        for future in sent:
            await future


async def send_raw(
    bootstrap: str,
    topic: str,
    *,
    key: bytes | None,
    value: bytes | None,
    headers: list[tuple[str, bytes | None]],
    partition: int | None = None,
) -> None:
    """Publish any bytes at all."""
    async with producer(bootstrap) as client:
        await client.send_and_wait(
            topic, key=key, value=value, headers=headers, partition=partition
        )
