"""Two ids of one person: one obligation stands for both (docs/decisions/0002, 14)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from rollout.domain.facts import Versions, newest
from rollout.domain.obligation import OPEN, Obligation, Sent, Standing, Status
from rollout.domain.policy import Cycle

MERGED = "merged"


def survivors(people: Mapping[str, Versions]) -> dict[str, str]:
    """Of each alias the person it belongs to, by the newest versions known of all of them."""
    listed: dict[str, list[str]] = {}
    for person_id, versions in people.items():
        for alias in newest(versions).aliases:
            listed.setdefault(alias, []).append(person_id)
    return {
        alias: _chosen(newest(people[alias]).merged_into if alias in people else None, listing)
        for alias, listing in listed.items()
    }


def together(before: Obligation | None, others: Mapping[str, Obligation]) -> Obligation | None:
    """What stands before a change of the aliases, as if it had been one obligation always.

    `others` are the obligations of the present aliases, by id. The release is the earliest that
    one of the ids had itself; without any, what was taken from a former alias is gone.
    """
    of_all = [*([before] if before else []), *(others[alias] for alias in sorted(others))]
    released = [each for each in of_all if each.own]
    if not released:
        return _unreleased(before) if before else None
    first = min(released, key=lambda each: each.own.released_at)  # type: ignore[union-attr]
    assert first.own is not None, "only the released are compared"
    present = next((each for each in of_all if each.standing.asked), first)
    dues = [each.standing.due_on for each in [*released, *of_all[:1]] if each.standing.due_on]
    base = before or first
    standing = replace(
        base.standing,
        status=present.standing.status,
        hold=present.standing.hold,
        paused=present.standing.paused,
        group=first.own.group,
        planned_on=first.own.planned_on,
        released_at=first.own.released_at,
        due_on=max(dues),
        reopened=before.standing.reopened if before else 0,
        resumed=max(each.standing.resumed for each in of_all),
    )
    return Obligation(
        version=before.version if before else 0,
        standing=standing,
        sent=_sent_under(before, others),
        reminded_to=max((each.reminded_to for each in of_all if each.reminded_to), default=None),
        opened_on=max((each.opened_on for each in of_all if each.opened_on), default=None),
        own=before.own if before else None,
    )


def merged(cycle: Cycle, versions: Versions, before: Obligation | None) -> Obligation:
    """The obligation of an id that is an alias: nothing is asked under it."""
    person = newest(versions)
    own = before.own if before else None
    standing = Standing(
        status=Status.NOT_IN_SCOPE,
        hold=person.hold,
        group=own.group if own else None,
        department_ids=(),
        planned_on=own.planned_on if own else None,
        released_at=own.released_at if own else None,
        due_on=before.standing.due_on if own and before else None,
        completed_at=None,
        option=None,
        supplemental_options=(),
        reopened=before.standing.reopened if before else 0,
        paused=False,
        resumed=before.standing.resumed if before else 0,
        merged_from=(),
        rule=MERGED,
        policy_version=cycle.policy_version,
        person_version=person.version,
    )
    changed = before is None or before.standing != standing
    return Obligation(
        version=(before.version if before else 0) + changed,
        standing=standing,
        sent=tuple(sent for sent in before.sent if not sent.under) if before else (),
        reminded_to=before.reminded_to if before else None,
        opened_on=before.opened_on if before else None,
        own=own,
    )


def _chosen(named: str | None, listing: Collection[str]) -> str:
    return named if named is not None and named in listing else min(listing)


def _unreleased(before: Obligation) -> Obligation:
    if before.standing.released_at is None:
        return before
    status = Status.SCHEDULED if before.standing.status in OPEN else before.standing.status
    standing = replace(
        before.standing,
        status=status,
        group=None,
        planned_on=None,
        released_at=None,
        due_on=None,
        paused=False,
    )
    kept = tuple(sent for sent in before.sent if not sent.under)
    return replace(before, standing=standing, sent=kept, reminded_to=None, opened_on=None)


def _sent_under(before: Obligation | None, others: Mapping[str, Obligation]) -> tuple[Sent, ...]:
    own = [sent for sent in before.sent if not sent.under] if before else []
    theirs = [
        replace(sent, under=alias)
        for alias in sorted(others)
        for sent in others[alias].sent
        if not sent.under
    ]
    return (*own, *theirs)
