"""The embedded broker is a real one: it keeps what it acknowledged, however it ends."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from embedded import jars
from embedded.kafka import Broker

TOPIC = "kept"


async def test_a_killed_broker_comes_back_at_the_same_address_with_its_records(
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path)
    try:
        broker.start()
        address, first = broker.bootstrap, broker.pid
        await _create_topic(address)
        await _send(address, b"before the crash")

        broker.kill()
        assert broker.pid is None
        broker.start()

        assert broker.bootstrap == address
        assert broker.pid != first
        assert await _read(address) == [b"before the crash"]
    finally:
        broker.kill()


async def test_a_topic_nobody_declared_is_not_created_by_using_it(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        described = await admin.describe_topics(["a-typing-mistake"])
        assert [topic["error_code"] for topic in described] == [UnknownTopicOrPartitionError.errno]
        assert "a-typing-mistake" not in await admin.list_topics()
    finally:
        await admin.close()


def test_two_brokers_cannot_use_one_folder(tmp_path: Path) -> None:
    first, second = Broker(tmp_path), Broker(tmp_path)
    first.prepare()
    with pytest.raises(RuntimeError, match="in use by another process"):
        second.prepare()

    first.stop()
    second.prepare()
    second.stop()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, kafka: str) -> None:
    taken = int(kafka.rsplit(":", 1)[1])
    broker = Broker(tmp_path, port=taken)
    try:
        with pytest.raises(RuntimeError, match="Address already in use"):
            broker.start()
    finally:
        broker.kill()


def test_a_jar_that_is_not_the_released_one_is_refused(tmp_path: Path) -> None:
    real = jars.kafka_classpath()
    forged = tmp_path / real[0].name
    forged.write_bytes(b"something else")

    with pytest.raises(RuntimeError, match=forged.name):
        jars._verify([forged, *real[1:]])


async def _create_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def _send(address: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait(TOPIC, value)


async def _read(address: str) -> list[bytes | None]:
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        records = await consumer.getmany(timeout_ms=10_000)
        return [record.value for record in records[partition]]
