"""Decide whether two ids are one human."""

from __future__ import annotations

from chassis.postgres import Connection
from roster.handlers.acts import Refused, Who, acting
from roster.handlers.looks import look_soon
from roster.handlers.merges import Merged, merge
from roster.store import proposals
from roster.store.proposals import Proposal


async def accept(connection: Connection, who: Who, proposal_id: int, keep: str) -> Merged:
    """Merge the two, into the one to `keep`.

    Raises Refused for a proposal that is not open, or that is not about `keep`.
    """
    found = _open(await proposals.get(connection, proposal_id), proposal_id)
    if keep not in {found.person_id, found.other_id}:
        raise Refused(f"Proposal {proposal_id} is about {found.person_id} and {found.other_id}.")
    alias = found.other_id if keep == found.person_id else found.person_id
    return await merge(connection, who, alias, keep)


async def decline(connection: Connection, who: Who, proposal_id: int) -> None:
    """Say that the two are two, so that nobody is asked again. Raises Refused unless open."""
    async with acting(connection, who) as act:
        found = _open(await proposals.get(connection, proposal_id), proposal_id)
        ids = (found.person_id, found.other_id)
        await proposals.decide_pair(connection, *ids, "declined", act.receipt.received_at)
        await look_soon(connection, act.receipt.received_at)
        await act.record(connection, "proposal.decline", found.person_id, {"other": found.other_id})


def _open(found: Proposal | None, proposal_id: int) -> Proposal:
    if found is None:
        raise Refused(f"There is no proposal {proposal_id}.")
    if found.state != "open":
        raise Refused(f"Proposal {proposal_id} is {found.state} already.")
    return found
