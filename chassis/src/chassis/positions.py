"""How far a consumer has come: in Postgres, moved in the transaction that did the work.

Kafka's own offset is only a hint for lag tools. A process that lost its partition, or a second
one that believes it has it, fails the compare-and-set and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from chassis.errors import Fenced
from chassis.postgres import Connection

Positions = dict[TopicPartition, int]


async def load(
    connection: Connection, consumer: str, partitions: Iterable[TopicPartition]
) -> Positions:
    """Stored positions of `partitions`; one never seen starts at 0."""
    wanted = list(partitions)
    await connection.execute(
        """
        INSERT INTO consumer_position (consumer, topic, partition, next_offset)
        SELECT $1, topic, partition, 0 FROM unnest($2::text[], $3::int[]) AS t(topic, partition)
        ON CONFLICT DO NOTHING
        """,
        consumer,
        [tp.topic for tp in wanted],
        [tp.partition for tp in wanted],
    )
    everything = await read_all(connection, consumer)
    return {tp: everything[tp] for tp in wanted}


async def read_all(connection: Connection, consumer: str) -> Positions:
    """Every position this consumer has stored."""
    rows = await connection.fetch(
        "SELECT topic, partition, next_offset FROM consumer_position WHERE consumer = $1", consumer
    )
    return {TopicPartition(r["topic"], r["partition"]): r["next_offset"] for r in rows}


async def advance(
    connection: Connection, consumer: str, expected: Mapping[TopicPartition, int], to: Positions
) -> None:
    """Move positions from `expected` to `to` in the caller's transaction, or raise `Fenced`."""
    partitions = list(to)
    done = await connection.execute(
        """
        UPDATE consumer_position p SET next_offset = n.next
        FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
             AS n(topic, partition, expected, next)
        WHERE p.consumer = $1 AND p.topic = n.topic AND p.partition = n.partition
          AND p.next_offset = n.expected
        """,
        consumer,
        [tp.topic for tp in partitions],
        [tp.partition for tp in partitions],
        [expected[tp] for tp in partitions],
        [to[tp] for tp in partitions],
    )
    if done != f"UPDATE {len(partitions)}":
        raise Fenced("another process moved this consumer's position")
