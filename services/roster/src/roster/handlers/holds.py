"""Hold a person, and lift the hold: no feed does either."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from chassis.postgres import Connection
from roster.handlers.acts import Act, Refused, Who, acting
from roster.handlers.recompose import Draft, publish_people, root_of
from roster.store import holds, people


class HoldReason(StrEnum):
    """Why somebody is on hold. It stays in the roster and in its audit."""

    DECEASED = "deceased"
    SENSITIVE = "sensitive"
    LEGAL = "legal"
    SECURITY = "security"
    OTHER = "other"


async def hold(connection: Connection, who: Who, person_id: str, code: HoldReason) -> str:
    """Put a person on hold: no mail, no trace in any report, whatever a feed says.

    Returns the id held, which is another one when `person_id` is an alias. To hold again changes
    the code alone. Raises Refused for a person nobody reported.
    """
    async with acting(connection, who) as act:
        root = await _set(connection, act, person_id, hold=True)
        await holds.write_hold(connection, root, code.value, act.receipt.received_at)
        await act.record(connection, "person.hold", root, {"code": code.value})
    return root


async def lift(connection: Connection, who: Who, person_id: str) -> str:
    """Take a person off hold; returns the id. Raises Refused when the person is not on hold."""
    async with acting(connection, who) as act:
        root = await _set(connection, act, person_id, hold=False)
        await holds.delete_hold(connection, root)
        await act.record(connection, "person.lift", root, {})
    return root


async def _set(connection: Connection, act: Act, person_id: str, *, hold: bool) -> str:
    known = await people.lock(connection, [person_id])
    root = root_of(person_id, known)
    stored = known.get(root)
    if stored is None:
        raise Refused(f"Nobody has reported a person {person_id}.")
    if not hold and not stored.state.hold:
        raise Refused(f"{root} is not on hold.")
    draft = Draft(root, replace(stored.state, hold=hold), act.receipt.received_on)
    await publish_people(connection, [draft], known, act.receipt)
    return root
