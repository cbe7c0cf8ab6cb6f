"""Give and take roles that do not follow from a department."""

from __future__ import annotations

from chassis import outbox
from chassis.postgres import Connection
from roster.domain import AN_ID, is_id
from roster.handlers.acts import Act, Refused, Who, acting
from roster.handlers.recompose import cause_of
from roster.store import people, roles
from schemas.roster import RoleName, RolesChanged


async def grant(connection: Connection, who: Who, person_id: str, role: RoleName) -> bool:
    """Give a person a role; False when the person has it already.

    Raises Refused when the id is no id. Nobody need have reported the person yet: somebody has to
    be the first in the office.
    """
    return await _change(connection, who, person_id, role, given=True)


async def revoke(connection: Connection, who: Who, person_id: str, role: RoleName) -> bool:
    """Take a role from a person; False when the person does not have it."""
    return await _change(connection, who, person_id, role, given=False)


async def _change(
    connection: Connection, who: Who, person_id: str, role: RoleName, *, given: bool
) -> bool:
    if not is_id(person_id):
        raise Refused(f"The person's id must be {AN_ID}.")
    async with acting(connection, who) as act:
        await people.lock(connection, [person_id])
        version, held = await roles.roles_of(connection, person_id)
        now = {*held, role.value} if given else {*held} - {role.value}
        if now == {*held}:
            return False
        await _publish(connection, act, person_id, version + 1, now)
        verb = "grant" if given else "revoke"
        await act.record(connection, f"role.{verb}", person_id, {"role": role.value})
    return True


async def _publish(
    connection: Connection, act: Act, person_id: str, version: int, names: set[str]
) -> None:
    receipt = act.receipt
    received = (receipt.received_at, receipt.received_on)
    await roles.write_roles(connection, person_id, version, sorted(names), received)
    event = RolesChanged(
        version=version,
        effective_on=receipt.received_on,
        received_at=receipt.received_at,
        person_id=person_id,
        roles=tuple(map(RoleName, sorted(names))),
    )
    await outbox.publish(connection, [event], cause=cause_of(receipt))
