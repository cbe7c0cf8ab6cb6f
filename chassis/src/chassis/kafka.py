"""Kafka as this platform needs it: topics exist as declared, nothing is auto-created or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from faststream.kafka import KafkaBroker

from chassis.errors import NotReady, Stop
from schemas.topics import TOPICS, Topic

# How long the partitions of a killed process wait for another. A rebalance that was not needed,
# after a stall of the event loop, does no harm: positions are fenced in Postgres.
SESSION_TIMEOUT_MS = 10_000
BATCH_RECORDS = 2_000
# FastStream waits this long for records, and when none came sleeps as long again.
IDLE_POLL_MS = 20
# While one fetch waits at the broker, partitions that were being handled are in none: this is the
# longest a new record there waits before it is even asked for.
FETCH_WAIT_MS = 50


def broker_for(service: str, bootstrap: str) -> KafkaBroker:
    """FastStream's broker with none of the defaults that lose messages or trust strangers."""
    return KafkaBroker(
        bootstrap,
        client_id=service,
        allow_auto_create_topics=False,
        apply_types=False,
        acks="all",
        enable_idempotence=True,
        logger=None,
    )


async def create_topics(bootstrap: str, topics: Iterable[Topic] = TOPICS.values()) -> list[str]:
    """Create what is missing, as declared; returns the names created. Existing ones are left."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        wanted = [topic for topic in topics if topic.name not in existing]
        if not wanted:
            return []
        response: Any = await admin.create_topics([_new_topic(topic) for topic in wanted])
        for name, code, *_ in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise Stop(f"topic {name} could not be created: {error.__name__}")
        return [topic.name for topic in wanted]
    finally:
        await admin.close()


async def require_topics(bootstrap: str, topics: Iterable[Topic]) -> None:
    """Raise `NotReady` naming a topic that is missing, `Stop` where partitions differ.

    Another partition count would send a key's events to two partitions: order would be lost.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        wanted = list(topics)
        missing = sorted(topic.name for topic in wanted if topic.name not in existing)
        if missing:
            raise NotReady(f"Kafka topics missing: {', '.join(missing)}")
        described = await admin.describe_topics([topic.name for topic in wanted])
    finally:
        await admin.close()
    partitions = {entry["topic"]: len(entry["partitions"]) for entry in described}
    for topic in wanted:
        if partitions[topic.name] != topic.partitions:
            raise Stop(
                f"Kafka topic {topic.name} has {partitions[topic.name]} partitions, "
                f"not {topic.partitions} as declared"
            )


async def ends_of(
    consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition], *, timeout_s: float = 10.0
) -> dict[TopicPartition, int]:
    """End offsets of `partitions`, asked of the broker now."""
    async with asyncio.timeout(timeout_s):
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    return ends


def is_kafka_error(error: BaseException) -> bool:
    """Whether it came from Kafka or the way there."""
    return isinstance(error, KafkaError | OSError | TimeoutError)


def _new_topic(topic: Topic) -> NewTopic:
    new = NewTopic(topic.name, topic.partitions, 1, topic_configs=topic.config)
    new.replication_factor = -1  # the broker's default, which aiokafka's constructor refuses
    return new
