"""Bring people's obligations up to date, whatever the reason: the one place that writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby

from chassis.outbox import publish
from chassis.postgres import Connection
from chassis.schedule import Due, plan
from rollout.cycle_file import read_cycle
from rollout.domain import Case, Cycle, Obligation, Settlement, settle, survivors
from rollout.store import cycles, facts, obligations
from schemas.envelope import Event
from schemas.rollout import (
    GroupReleased,
    ObligationChanged,
    ObligationStatus,
    ReminderDue,
    ReminderKind,
)

DAY = "cycle.day"
ONE_DAY = timedelta(days=1)


async def settle_people(
    connection: Connection,
    person_ids: Collection[str],
    now: datetime,
    *,
    cycle: str | None = None,
    acts: bool = False,
) -> None:
    """Settle these people in every open cycle, or in one; the same facts again change nothing.

    Whoever they are merged with is settled with them. Only the daily run `acts`: it releases and
    reminds.
    """
    if not person_ids:
        return
    # Policies and facts are read after the lock, so that nobody else's newer ones are missed.
    everybody = await facts.hold_people(connection, person_ids)
    policies = await cycles.present_policies(connection)
    open_cycles = [
        found
        for policy in policies
        if cycle in (None, policy.cycle)
        and (found := cycle_of(policy)).opens_on <= found.today(now)
    ]
    if not open_cycles:
        return
    known = await facts.load_facts(connection, everybody, hold_areas=True)
    for each in open_cycles:
        await _settle_in(connection, each, known, now, acts=acts)


def cycle_of(policy: cycles.StoredPolicy) -> Cycle:
    """The cycle as a stored policy states it."""
    return read_cycle(policy.source, policy.cycle, policy.policy_version).cycle


def day_due(cycle: Cycle, day_after: datetime) -> Due:
    """The daily work of the day that follows the one at `day_after`."""
    day = max(cycle.today(day_after) + ONE_DAY, cycle.opens_on)
    return Due(DAY, f"{cycle.cycle}/{day}", cycle.begins_at(day))


async def publish_versions(connection: Connection, events: Iterable[Event]) -> None:
    """Publish events whose subject and version alone say which they are."""
    ordered = sorted(events, key=lambda event: event.version)
    for version, same in groupby(ordered, key=lambda event: event.version):
        await publish(connection, same, cause=f"version/{version}")


async def _settle_in(
    connection: Connection, cycle: Cycle, known: facts.Facts, now: datetime, *, acts: bool
) -> None:
    previous = await obligations.load_obligations(connection, cycle.cycle, known.versions)
    settled = {
        person_id: settle(cycle, case, now, acts=acts)
        for person_id, case in _cases(known, previous)
    }
    written = {
        person_id: settlement.obligation
        for person_id, settlement in settled.items()
        if settlement.obligation != previous.get(person_id)
    }
    if not written:
        return
    await obligations.save_obligations(connection, cycle.cycle, written)
    await publish_versions(connection, _events(cycle, settled, now))
    await _count_released(connection, cycle, settled.values(), now)
    tomorrow = day_due(cycle, now)
    if any(obligation.next_on == cycle.today(now) + ONE_DAY for obligation in written.values()):
        # That day may have begun, and its work been done, while this transaction was under way.
        await plan(connection, [tomorrow])


def _cases(known: facts.Facts, previous: Mapping[str, Obligation]) -> Iterator[tuple[str, Case]]:
    merged = survivors(known.versions)
    aliases: dict[str, list[str]] = {}
    for alias in sorted(merged):
        aliases.setdefault(merged[alias], []).append(alias)
    for person_id, versions in known.versions.items():
        own = aliases.get(person_id, ())
        yield (
            person_id,
            Case(
                versions,
                known.areas,
                [done for each in (person_id, *own) for done in known.completions.get(each, ())],
                previous.get(person_id),
                aliases=tuple(own),
                others={alias: previous[alias] for alias in own if alias in previous},
                alias=person_id in merged,
            ),
        )


async def _count_released(
    connection: Connection, cycle: Cycle, settled: Collection[Settlement], now: datetime
) -> None:
    people = Counter(
        settlement.obligation.standing.group or "" for settlement in settled if settlement.released
    )
    if not people:
        return
    today = cycle.today(now)
    batches = await obligations.add_released(connection, cycle.cycle, people)
    await publish_versions(
        connection,
        [
            GroupReleased(
                version=version,
                effective_on=today,
                received_at=now,
                cycle=cycle.cycle,
                group=group,
                released_on=today,
                people=count,
                total=total,
            )
            for group, count, version, total in batches
        ],
    )


def _events(cycle: Cycle, settled: dict[str, Settlement], now: datetime) -> Iterator[Event]:
    for person_id, settlement in settled.items():
        if settlement.changed:
            yield _obligation_changed(cycle, person_id, settlement, now)
        for reminder in settlement.reminders:
            due_on = settlement.obligation.standing.due_on
            assert due_on is not None, "only what has a due day is reminded of"
            yield ReminderDue(
                version=reminder.version,
                effective_on=cycle.today(now),
                received_at=now,
                person_id=person_id,
                cycle=cycle.cycle,
                occurrence=obligations.OCCURRENCE,
                kind=ReminderKind(reminder.kind),
                ordinal=reminder.ordinal,
                due_on=due_on,
            )


def _obligation_changed(
    cycle: Cycle, person_id: str, settlement: Settlement, now: datetime
) -> ObligationChanged:
    standing = settlement.obligation.standing
    return ObligationChanged(
        version=settlement.obligation.version,
        effective_on=cycle.civil(now),
        received_at=now,
        person_id=person_id,
        cycle=cycle.cycle,
        occurrence=obligations.OCCURRENCE,
        status=ObligationStatus(standing.status.value),
        hold=standing.hold,
        group=standing.group,
        department_ids=standing.department_ids,
        planned_on=standing.planned_on,
        released_at=standing.released_at,
        due_on=standing.due_on,
        completed_at=standing.completed_at,
        option=standing.option,
        supplemental_options=standing.supplemental_options,
        reopened=standing.reopened,
        paused=standing.paused,
        resumed=standing.resumed,
        merged_from=standing.merged_from,
        rule=standing.rule,
        policy_version=standing.policy_version,
        person_version=standing.person_version,
    )
