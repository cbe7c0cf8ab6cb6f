"""A cycle is published, everybody is decided, and each of its days is worked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis import audit
from chassis.postgres import Connection
from chassis.schedule import Due, plan
from rollout.cycle_file import CycleFileError, FileError, Policy
from rollout.domain import Cycle
from rollout.handlers.settle_people import (
    cycle_of,
    day_due,
    publish_versions,
    settle_people,
)
from rollout.store import cycles, facts, obligations
from schemas.rollout import CyclePublished, Group, Option, Sender

DECIDE = "cycle.decide"
CHUNK = 1_000
MACHINE = "machine"


@dataclass(frozen=True)
class Published:
    """What publishing a cycle file came to."""

    cycle: str
    policy_version: int
    sha256: str
    changed: bool


async def publish_cycle(
    connection: Connection,
    policy: Policy,
    now: datetime,
    *,
    actor: str = MACHINE,
    dry_run: bool = False,
) -> Published:
    """Make `policy` the present one and have everybody decided; the same text changes nothing.

    Who did it is kept in the audit; without an `actor`, it was a holder of the machine token.

    Raises:
        CycleFileError: it drops a group that has released people.
    """
    cycle = policy.cycle
    await cycles.take_turns(connection, cycle.cycle)
    present = await cycles.policy(connection, cycle.cycle)
    if present and present.sha256 == policy.sha256:
        return Published(cycle.cycle, present.policy_version, policy.sha256, changed=False)
    await _keep_released_groups(connection, cycle)
    version = (present.policy_version if present else 0) + 1
    published = Published(cycle.cycle, version, policy.sha256, changed=True)
    if dry_run:
        return published
    await cycles.add_policy(
        connection,
        cycles.StoredPolicy(cycle.cycle, version, policy.source, policy.sha256, now, decided=False),
    )
    await publish_versions(connection, [_cycle_published(policy, version, now)])
    decide_at = max(now, cycle.begins_at(cycle.opens_on))
    # A key per policy: deciding by the one before may be under way, and waits for this cycle.
    decide = Due(DECIDE, f"{cycle.cycle}/{version}", decide_at)
    await plan(connection, [decide, day_due(cycle, now)])
    await audit.record(
        connection,
        at=now,
        actor=actor,
        action="cycle.apply",
        subject=f"cycle/{cycle.cycle}",
        details={"policy_version": version, "sha256": policy.sha256},
    )
    return published


async def decide_everybody(connection: Connection, due: Due, now: datetime) -> bool:
    """Decide the next people of a cycle by its present policy; True when it was the last.

    A policy that was replaced meanwhile decides nobody any more.
    """
    name, _, version = due.key.rpartition("/")
    reached = await cycles.decided_to(connection, name, int(version))
    if reached is None:
        return True
    people = await facts.people_after(connection, reached, CHUNK)
    await settle_people(connection, people, now, cycle=name, acts=True)
    last = len(people) < CHUNK
    await cycles.set_decided_to(connection, name, None if last else people[-1])
    return last


async def work_day(connection: Connection, due: Due, now: datetime) -> bool:
    """Do the next part of what is due in a cycle; at the end of it plan the next day and give True.

    However many days were missed, what they left is done once, today.
    """
    name, _, _ = due.key.rpartition("/")
    policy = await cycles.policy(connection, name)
    if policy is None:
        return True
    cycle = cycle_of(policy)
    today = cycle.today(now)
    people = []
    if today >= cycle.opens_on:
        people = await obligations.people_due(connection, name, today, CHUNK)
    await settle_people(connection, people, now, cycle=name, acts=True)
    if len(people) == CHUNK:
        return False
    await plan(connection, [day_due(cycle, now)])
    return True


async def _keep_released_groups(connection: Connection, cycle: Cycle) -> None:
    released = await cycles.released_groups(connection, cycle.cycle)
    missing = [group for group in released if cycle.group_of(group) is None]
    if missing:
        raise CycleFileError(
            [
                FileError(
                    cycle.cycle, 1, "groups", f"group {group!r}, which has released people already"
                )
                for group in missing
            ]
        )


def _cycle_published(policy: Policy, version: int, now: datetime) -> CyclePublished:
    cycle = policy.cycle
    return CyclePublished(
        version=version,
        effective_on=cycle.civil(now),
        received_at=now,
        cycle=cycle.cycle,
        title=cycle.title,
        timezone=cycle.timezone,
        required_options=cycle.required_options,
        options=tuple(
            Option(option=o.option, title=o.title, description=o.description) for o in cycle.options
        ),
        groups=tuple(
            Group(group=g.group, title=g.title, start_on=g.start_on, due_on=g.due_on)
            for g in cycle.groups
        ),
        contact=cycle.contact,
        senders=tuple(
            Sender(area_id=s.area_id, name=s.name, address=s.address) for s in cycle.senders
        ),
        survey_url=cycle.survey_url,
        policy_sha256=policy.sha256,
    )
