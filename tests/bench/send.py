"""Publishes any number of events without holding them all."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from schemas.envelope import Event
from support.events import headers_for


async def send(bootstrap: str, events: Iterable[Event]) -> int:
    """Publish events with the headers of the platform's relay; returns how many."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        linger_ms=20,
        max_batch_size=256 * 1024,
    )
    await producer.start()
    count = 0
    try:
        for event in events:
            value, key = event.model_dump_json().encode(), event.key.encode()
            await producer.send(event.TOPIC, key=key, value=value, headers=headers_for(event))
            count += 1
        await producer.flush()
    finally:
        await producer.stop()
    return count
