"""Topics emptied between tests; their names are part of the contract, so they are made anew."""

from collections.abc import Collection

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import TOPICS
from support.waiting import eventually


async def recreate_topics(bootstrap: str, names: Collection[str]) -> None:
    """Delete the topics that exist and create them all as the contract declares them, empty."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = set(await admin.list_topics()) & set(names)
        if existing:
            await admin.delete_topics(sorted(existing))
            await eventually(lambda: _are_gone(admin, existing), because="topics deleted")
        await admin.create_topics([_declared(name) for name in names])
        await eventually(lambda: _have_leaders(admin, names), because="topics created")
    finally:
        await admin.close()


def _declared(name: str) -> NewTopic:
    topic = TOPICS[name]
    return NewTopic(
        name,
        num_partitions=topic.partitions,
        replication_factor=1,
        topic_configs=topic.config,
    )


async def _are_gone(admin: AIOKafkaAdminClient, names: set[str]) -> bool:
    return not set(await admin.list_topics()) & names


async def _have_leaders(admin: AIOKafkaAdminClient, names: Collection[str]) -> bool:
    described = await admin.describe_topics(list(names))
    return all(
        topic["error_code"] == 0
        and len(topic["partitions"]) == TOPICS[topic["topic"]].partitions
        and all(partition["leader"] >= 0 for partition in topic["partitions"])
        for topic in described
    )
