"""Every topic, in one place: who writes it, who reads it, its key, partitions and retention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Service = Literal["roster", "rollout", "completion", "notifier", "reporting"]
SERVICES: tuple[Service, ...] = ("roster", "rollout", "completion", "notifier", "reporting")

KEEP_FOR_EVER = -1
DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Topic:
    """A Kafka topic.

    `retention_ms` of -1 keeps everything: rebuilds and as-of reports are promises, so only
    what is not a promise (the inbound door) may expire. A compacted topic keeps the last
    record per key and forgets a key on its tombstone.
    """

    name: str
    owner: Service
    key: str
    readers: tuple[Service, ...]
    description: str
    partitions: int = 6
    compacted: bool = False
    retention_ms: int = KEEP_FOR_EVER
    outside_writers: bool = False

    @property
    def config(self) -> dict[str, str]:
        """Topic configuration as Kafka spells it."""
        if self.compacted:
            # Personal data leaves the log within two days of its tombstone, which is said twice.
            return {
                "cleanup.policy": "compact",
                "max.compaction.lag.ms": str(DAY_MS),
                "delete.retention.ms": str(DAY_MS),
                "segment.ms": str(DAY_MS),
            }
        return {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}


_ALL = (
    Topic(
        "roster.person.v1",
        owner="roster",
        key="person id",
        readers=("rollout", "completion", "notifier", "reporting"),
        description="Who is a member: appointments, leave (never its kind), holds. Ids only.",
    ),
    Topic(
        "roster.department.v1",
        owner="roster",
        key="department id",
        readers=("rollout", "notifier", "reporting"),
        description="Departments, the areas they roll up to, and their officers.",
        partitions=1,
    ),
    Topic(
        "roster.contact.v1",
        owner="roster",
        key="person id",
        readers=("completion", "notifier", "reporting"),
        description="The only topic with personal data: names, address, login. "
        "A tombstone erases the person everywhere.",
        compacted=True,
    ),
    Topic(
        "roster.role.v1",
        owner="roster",
        key="person id",
        readers=("reporting",),
        description="Who works in the training office, who audits.",
        partitions=1,
    ),
    Topic(
        "roster.inbound.v1",
        owner="roster",
        key="institute id",
        readers=("roster",),
        description="Door for HR and identity systems that publish to Kafka.",
        retention_ms=30 * DAY_MS,
        outside_writers=True,
    ),
    Topic(
        "rollout.group.v1",
        owner="rollout",
        key="cycle",
        readers=("notifier", "reporting", "completion"),
        description="Cycles as published, and each wave's daily batch as it is released.",
        partitions=1,
    ),
    Topic(
        "rollout.obligation.v1",
        owner="rollout",
        key="person id",
        readers=("notifier", "reporting"),
        description="What one person owes in one cycle, and its status; the full state each time.",
    ),
    Topic(
        "rollout.reminder.v1",
        owner="rollout",
        key="person id",
        readers=("notifier",),
        description="A reminder has fallen due for one obligation.",
    ),
    Topic(
        "completion.module.v1",
        owner="completion",
        key="person id",
        readers=("completion", "rollout", "reporting"),
        description="Facts from learning systems: a module completed, or revoked again.",
    ),
    Topic(
        "notifier.mail.v1",
        owner="notifier",
        key="person id",
        readers=("notifier", "reporting"),
        description="The mail ledger: what became of every intended mail. No address, no text.",
    ),
    Topic(
        "reporting.report.v1",
        owner="reporting",
        key="department id",
        readers=("notifier",),
        description="A department's nightly edition: counts, cut-off and digest.",
        partitions=1,
    ),
)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in _ALL}


def topics_read_by(service: str) -> tuple[Topic, ...]:
    """Topics that `service` consumes, in declaration order."""
    return tuple(topic for topic in _ALL if service in topic.readers)


def topics_written_by(service: str) -> tuple[Topic, ...]:
    """Topics that `service` owns and publishes to, in declaration order."""
    return tuple(t for t in _ALL if t.owner == service and not t.outside_writers)
