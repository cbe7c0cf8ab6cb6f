"""From records to handlers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chassis.consumer import Handler
from chassis.parsing import Record
from chassis.postgres import Connection
from notifier import handlers
from schemas.rollout import CyclePublished


async def people(connection: Connection, records: Sequence[Record]) -> None:
    """roster.person.v1."""
    await handlers.take_people(connection, [record.event for record in records])


async def departments(connection: Connection, records: Sequence[Record]) -> None:
    """roster.department.v1."""
    await handlers.take_departments(connection, [record.event for record in records])


async def contacts(connection: Connection, records: Sequence[Record]) -> None:
    """roster.contact.v1, tombstones included."""
    await handlers.take_contacts(connection, [(record.key, record.event) for record in records])


async def cycles(connection: Connection, records: Sequence[Record]) -> None:
    """rollout.group.v1; of daily batches nothing is kept."""
    published = [record.event for record in records if isinstance(record.event, CyclePublished)]
    await handlers.take_cycles(connection, published)


async def own_mail(connection: Connection, records: Sequence[Record]) -> None:
    """notifier.mail.v1: our own memory."""
    await handlers.take_own_mail(connection, [record.event for record in records])


def handlers_by_topic(zone: str) -> Mapping[str, Handler]:
    """Every topic the notifier reads, and who handles it; `zone` is the institution's."""

    async def obligations(connection: Connection, records: Sequence[Record]) -> None:
        await handlers.take_obligations(connection, [record.event for record in records], zone)

    async def reminders(connection: Connection, records: Sequence[Record]) -> None:
        await handlers.take_reminders(connection, [record.event for record in records], zone)

    return {
        "roster.person.v1": people,
        "roster.department.v1": departments,
        "roster.contact.v1": contacts,
        "rollout.group.v1": cycles,
        "rollout.obligation.v1": obligations,
        "rollout.reminder.v1": reminders,
        "notifier.mail.v1": own_mail,
    }
