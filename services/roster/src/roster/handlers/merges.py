"""Make one id an alias of another, and undo it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chassis.postgres import Connection
from roster.domain import Kept, State, as_alias, composed_of, merge_refusal
from roster.handlers.acts import Act, Refused, Who, acting
from roster.handlers.events import shown_version
from roster.handlers.looks import look_soon
from roster.handlers.recompose import Draft, Known, publish_people, recompose_contacts
from roster.store import erasures, people, proposals, reports
from roster.store.people import PersonVersion


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge or a split did, or would do: the versions it published, by ids only."""

    versions: tuple[PersonVersion, ...]
    contacts_changed: int
    dry_run: bool

    def as_json(self) -> dict[str, object]:
        """The answer of the API and of `--json`."""
        return {
            "dry_run": self.dry_run,
            "contacts_changed": self.contacts_changed,
            "people": [shown_version(each) for each in self.versions],
        }


async def merge(connection: Connection, who: Who, person_id: str, into: str) -> Merged:
    """Make `person_id` an alias of `into`: its reports count there from now on.

    Its own aliases come along. Raises Refused, with the id to use when one of the two is an alias.
    """
    async with acting(connection, who) as act:
        known = await people.lock(connection, [person_id, into])
        await _refuse(connection, person_id, into, known)
        alias, target = known[person_id].state, known[into].state
        moved = [person_id, *alias.aliases]
        aliases = tuple(sorted({*target.aliases, *moved}))
        known = await people.lock(connection, [into, *aliases])
        drafts = [await _composed(connection, into, replace(target, aliases=aliases), act)]
        drafts += [
            Draft(each, as_alias(known[each].state, into), act.receipt.received_on)
            for each in sorted(moved)
        ]
        done = await _publish(connection, act, drafts, known, who)
        await proposals.decide_pair(
            connection, person_id, into, "accepted", act.receipt.received_at
        )
        await look_soon(connection, act.receipt.received_at)
        await act.record(connection, "person.merge", into, {"alias": person_id})
    return done


async def split(connection: Connection, who: Who, person_id: str) -> Merged:
    """Undo the merge of an alias: it is a person again, with the aliases it brought along.

    Raises Refused when it is no alias.
    """
    async with acting(connection, who) as act:
        known = await people.lock(connection, [person_id])
        stored = known.get(person_id)
        into = stored.state.merged_into if stored else None
        if stored is None or into is None:
            raise Refused(f"{person_id} is not merged into anybody.")
        target = known[into].state
        brought = await people.aliases_before_merge(connection, person_id)
        own = tuple(sorted(set(brought) & set(target.aliases)))
        left = tuple(each for each in target.aliases if each not in {person_id, *own})
        known = await people.lock(connection, [into, *target.aliases])
        freed = replace(stored.state, merged_into=None, aliases=own)
        drafts = [
            await _composed(connection, into, replace(target, aliases=left), act),
            await _composed(connection, person_id, freed, act),
        ]
        drafts += [
            Draft(each, replace(known[each].state, merged_into=person_id), act.receipt.received_on)
            for each in own
        ]
        done = await _publish(connection, act, drafts, known, who)
        await act.record(connection, "person.split", into, {"alias": person_id})
    return done


async def _refuse(connection: Connection, person_id: str, into: str, known: Known) -> None:
    states = [known[each].state if each in known else None for each in (person_id, into)]
    refusal = merge_refusal(person_id, states[0], into, states[1])
    if refusal is not None:
        raise Refused(refusal)
    erased = await erasures.erased_of(connection, [person_id, into])
    if len(erased) == 1:
        raise Refused(f"{erased.pop()} is erased and the other is not: erase both, then merge.")


async def _composed(connection: Connection, person_id: str, state: State, act: Act) -> Draft:
    ids = [person_id, *state.aliases]
    found = await reports.reports_of(connection, ids)
    kept: Sequence[Kept] = [each for member in ids for each in found.get(member, ())]
    facts, _ = composed_of(kept, person_id)
    return Draft(person_id, replace(state, facts=facts), act.receipt.received_on)


async def _publish(
    connection: Connection, act: Act, drafts: Sequence[Draft], known: Known, who: Who
) -> Merged:
    versions = await publish_people(connection, drafts, known, act.receipt)
    now = {**known, **{each.person_id: each for each in versions}}
    days = {each.person_id: act.receipt.received_on for each in drafts}
    contacts = await recompose_contacts(connection, days, now, act.receipt)
    return Merged(tuple(versions), len(contacts), who.dry_run)
