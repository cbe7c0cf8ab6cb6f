"""Forget how a person is called and reached, for good."""

from __future__ import annotations

from dataclasses import dataclass

from chassis import outbox
from chassis.postgres import Connection
from roster.handlers.acts import Refused, Who, acting
from roster.handlers.recompose import members_of, root_of
from roster.store import erasures, people
from schemas.roster import ContactChanged


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
        await erasures.erase(connection, ids, act.receipt.received_at)
        cause = f"erasure/{act.receipt.intake_id}"
        await outbox.erase(connection, ContactChanged.TOPIC, ids, cause=cause)
        await act.record(connection, "person.erase", root, {"ids": ids})
    return Erased(tuple(ids), len(before) == len(ids))


async def republish(connection: Connection, who: Who) -> int:
    """Say every erasure again, as after a restore of some database; returns how many.

    Personal data that a restore of this database brought back is deleted again.
    """
    async with acting(connection, who) as act:
        ids = await erasures.all_erased(connection)
        await erasures.erase(connection, ids, act.receipt.received_at)
        cause = f"erasure/{act.receipt.intake_id}"
        await outbox.erase(connection, ContactChanged.TOPIC, ids, cause=cause)
        await act.record(connection, "erasures.republish", "all", {"count": len(ids)})
    return len(ids)
