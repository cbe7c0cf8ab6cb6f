"""Forget how a person is called and reached, for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis import outbox, parked, schedule
from chassis.postgres import Connection
from chassis.schedule import Due, DueHandler
from roster.handlers.acts import Act, Refused, Who, acting
from roster.handlers.recompose import members_of, root_of
from roster.store import erasures, people
from schemas.roster import ContactChanged, PersonReported

CONSUMER = "roster"
AGAIN = "erasure.again"
# Kafka compacts no segment that is still written to, and begins a new one only with a record that
# comes more than a day after the first: this is that record.
AGAIN_AFTER = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Erased:
    """The ids of the person, all of which are erased now; whether they were before."""

    ids: tuple[str, ...]
    already: bool


async def erase(connection: Connection, who: Who, person_id: str) -> Erased:
    """Delete the personal data of a person and of all its aliases, and tell everybody to.

    Facts stay, by ids; what sources report later of how to reach the person is not kept. Raises
    Refused for a person nobody reported.
    """
    async with acting(connection, who) as act:
        known = await people.lock(connection, [person_id])
        root = root_of(person_id, known)
        if root not in known:
            raise Refused(f"Nobody has reported a person {person_id}.")
        ids = members_of(root, known)
        before = await erasures.erased_of(connection, ids)
        await _forget(connection, act, ids)
        await act.record(connection, "person.erase", root, {"ids": ids})
    return Erased(tuple(ids), len(before) == len(ids))


async def republish(connection: Connection, who: Who) -> int:
    """Say every erasure again, as after a restore of some database; returns how many.

    Personal data that a restore of this database brought back is deleted again.
    """
    async with acting(connection, who) as act:
        ids = await erasures.all_erased(connection)
        await _forget(connection, act, ids)
        await act.record(connection, "erasures.republish", "all", {"count": len(ids)})
    return len(ids)


def erasure_due() -> Mapping[str, DueHandler]:
    """The due work by kind: to say an erasure a second time, so that Kafka really forgets."""

    async def again(connection: Connection, due: Due, _: datetime) -> bool:
        cause = f"{AGAIN}/{due.due_at.isoformat()}"
        await outbox.erase(connection, ContactChanged.TOPIC, [due.key], cause=cause)
        return True

    return {AGAIN: again}


async def _forget(connection: Connection, act: Act, ids: Sequence[str]) -> None:
    """Delete what is here, and tell everybody to, now and once more."""
    at = act.receipt.received_at
    await erasures.erase(connection, ids, at)
    inbound = [(PersonReported.TOPIC, each.encode()) for each in ids]
    await parked.forget_keys(connection, CONSUMER, inbound)
    cause = f"erasure/{act.receipt.intake_id}"
    await outbox.erase(connection, ContactChanged.TOPIC, ids, cause=cause)
    await schedule.plan(connection, [Due(AGAIN, each, at + AGAIN_AFTER) for each in ids])
