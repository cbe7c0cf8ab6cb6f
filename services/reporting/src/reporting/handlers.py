"""What happens with each kind of event: it is folded into its projection, newest version first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from chassis.parsing import Record
from chassis.postgres import Connection
from reporting import editions
from reporting.store import projections
from schemas.envelope import Event
from schemas.rollout import CyclePublished, GroupReleased
from schemas.roster import ContactChanged

E = TypeVar("E", bound=Event)


def newest_of(events: Sequence[E]) -> list[E]:
    """The newest version of each aggregate, as one statement may touch a row only once."""
    found: dict[str, E] = {}
    for event in events:
        known = found.get(event.subject)
        if known is None or event.version > known.version:
            found[event.subject] = event
    return list(found.values())


def _events(records: Sequence[Record]) -> list[Any]:
    return [record.event for record in records]


async def take_people(connection: Connection, records: Sequence[Record]) -> None:
    """roster.person.v1."""
    await projections.put_people(connection, newest_of(_events(records)))


async def take_departments(connection: Connection, records: Sequence[Record]) -> None:
    """roster.department.v1."""
    await projections.put_departments(connection, newest_of(_events(records)))


async def take_roles(connection: Connection, records: Sequence[Record]) -> None:
    """roster.role.v1."""
    await projections.put_roles(connection, newest_of(_events(records)))


async def take_contacts(connection: Connection, records: Sequence[Record]) -> None:
    """roster.contact.v1: a tombstone erases what came before it; what comes after must be newer."""
    erased_at = {record.key: at for at, record in enumerate(records) if record.tombstone}
    before: list[ContactChanged] = []
    after: list[ContactChanged] = []
    for at, record in enumerate(records):
        if not record.tombstone:
            (before if at < erased_at.get(record.key, -1) else after).append(record.event)
    await projections.put_contacts(connection, newest_of(before))
    await projections.erase_contacts(connection, list(erased_at))
    await projections.put_contacts(connection, newest_of(after))


async def take_groups(connection: Connection, records: Sequence[Record]) -> None:
    """rollout.group.v1: cycles and releases. The first cycle ever starts the editions."""
    events = newest_of(_events(records))
    cycles = [event for event in events if isinstance(event, CyclePublished)]
    releases = [event for event in events if isinstance(event, GroupReleased)]
    if cycles:
        if not await projections.any_cycle(connection):
            await editions.plan_first(connection, min(cycle.received_at for cycle in cycles))
        await projections.put_cycles(connection, cycles)
    if releases:
        await projections.put_releases(connection, releases)


async def take_obligations(connection: Connection, records: Sequence[Record]) -> None:
    """rollout.obligation.v1: what stands now, and every version for reports as of a past day."""
    events = _events(records)
    named = {department_id for event in events for department_id in event.department_ids}
    await projections.name_departments(connection, named)
    await projections.put_obligations(connection, newest_of(events))
    await projections.add_history(connection, events)


async def take_mails(connection: Connection, records: Sequence[Record]) -> None:
    """notifier.mail.v1."""
    await projections.put_mails(connection, newest_of(_events(records)))


async def take_completions(connection: Connection, records: Sequence[Record]) -> None:
    """completion.module.v1."""
    await projections.put_completions(connection, newest_of(_events(records)))
