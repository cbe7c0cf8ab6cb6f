"""Answers for people who ask: why, what stands, what needs a human."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from chassis.postgres import Connection
from rollout.domain import AREA, YEAR_OF_STUDY, Flip, Node, deciding, prove, release_days
from rollout.handlers.settle_people import cycle_of
from rollout.store import cycles, facts, obligations


class Unknown(LookupError):
    """There is no such person or cycle; the message is a sentence."""


async def choose_cycle(connection: Connection, wanted: str | None) -> str:
    """The cycle asked for, or the only one there is.

    Raises:
        Unknown: none was asked for, and there is none or there are several.
    """
    if wanted is not None:
        return wanted
    published = [policy.cycle for policy in await cycles.present_policies(connection)]
    if len(published) == 1:
        return published[0]
    if not published:
        raise Unknown("No cycle has been published.")
    raise Unknown(f"There are several cycles; name one: {', '.join(published)}.")


async def why(connection: Connection, person_id: str, cycle: str, now: datetime) -> dict[str, Any]:
    """The proof of a person's obligation, recomputed from the versions it was decided on.

    Of an id that is an `alias`, the one of the person it belongs to.

    Raises:
        Unknown: nobody has told of the person, or the cycle was never published.
    """
    if await cycles.policy(connection, cycle) is None:
        raise Unknown(f"No cycle {cycle!r} has been published.")
    asked, person_id = person_id, await facts.survivor_of(connection, person_id) or person_id
    known = await facts.load_facts(connection, [person_id])
    if person_id not in known.versions:
        raise Unknown(f"No person with id {asked!r} is known.")
    found = await obligations.load_obligations(connection, cycle, [person_id])
    obligation = found.get(person_id)
    standing = obligation.standing if obligation else None
    policy = await cycles.policy(connection, cycle, standing.policy_version if standing else None)
    assert policy is not None, "the policy of an obligation is kept"
    stated = cycle_of(policy)
    versions = deciding(
        [
            version
            for version in known.versions[person_id]
            if standing is None or version.version <= standing.person_version
        ]
    )
    proof = prove(versions, known.areas, stated, stated.today(now))
    rule = stated.rule_of(proof.decision.rule)
    return {
        "person_id": person_id,
        "alias": asked if asked != person_id else None,
        "cycle": cycle,
        "obligation": asdict(standing) if standing else None,
        "outcome": proof.decision.outcome.value,
        "rule": proof.decision.rule,
        "quote": rule.quote if rule else None,
        "source": rule.source if rule else None,
        "other_programme": bool(rule and rule.other_programme),
        "group": proof.decision.group,
        "as_of": proof.as_of,
        "person_version": proof.person_version,
        "policy_version": proof.policy_version,
        "proof": _tree(proof.tree),
        "flip": _flip(proof.flip),
    }


async def exceptions(connection: Connection, cycle: str, limit: int) -> dict[str, Any]:
    """What a human must look at, by ids: at most `limit` of each kind.

    Raises:
        Unknown: the cycle was never published.
    """
    if await cycles.policy(connection, cycle) is None:
        raise Unknown(f"No cycle {cycle!r} has been published.")
    without_year = await obligations.people_with_gap(connection, cycle, YEAR_OF_STUDY, limit)
    without_area = await obligations.people_with_gap(connection, cycle, AREA, limit)
    return {
        "cycle": cycle,
        "people_without_group": await obligations.people_without_group(connection, cycle, limit),
        "people_without_area": without_area,
        "people_without_year_of_study": without_year,
        "departments_without_area": await facts.departments_without_area(connection, limit),
    }


async def list_cycles(connection: Connection) -> list[dict[str, Any]]:
    """Every published cycle with its groups, and how many obligations have which status."""
    listed = []
    for policy in await cycles.present_policies(connection):
        cycle = cycle_of(policy)
        released = await cycles.released_groups(connection, policy.cycle)
        listed.append(
            {
                "cycle": policy.cycle,
                "title": cycle.title,
                "policy_version": policy.policy_version,
                "sha256": policy.sha256,
                "published_at": policy.published_at,
                "decided": policy.decided,
                "groups": [
                    {
                        "group": group.group,
                        "title": group.title,
                        "start_on": group.start_on,
                        "due_on": group.due_on,
                        "release_days": len(release_days(group, cycle)),
                        "released": released.get(group.group, 0),
                    }
                    for group in cycle.groups
                ],
                "people": await obligations.count_by_status(connection, policy.cycle),
            }
        )
    return listed


def _tree(node: Node) -> dict[str, Any]:
    return {
        "code": node.code,
        "holds": node.holds,
        "facts": dict(node.facts),
        "because": [_tree(child) for child in node.because],
    }


def _flip(flip: Flip | None) -> dict[str, str | None] | None:
    if flip is None:
        return None
    return {
        "fact": flip.fact,
        "present": flip.present,
        "instead": flip.instead,
        "outcome": flip.outcome.value,
    }
