"""On which day a person is released (docs/decisions/0001 and 0002, 5)."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from rollout.domain.decide import Decision, decide, fitting
from rollout.domain.facts import Areas, Versions, newest
from rollout.domain.policy import ONE_DAY, Cycle, Group

POSITIONS = 1 << 64


def position(cycle: Cycle, group: Group, person_id: str) -> int:
    """The person's place in the group, evenly spread over [0, 2**64); nobody else's matters."""
    text = f"{cycle.cycle}/{group.group}/{person_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def release_days(group: Group, cycle: Cycle) -> tuple[date, ...]:
    """The working days of a window that leave everybody the minimum notice."""
    last = group.due_on - cycle.minimum_notice
    days = (group.start_on + ONE_DAY * n for n in range((last - group.start_on).days + 1))
    return tuple(day for day in days if cycle.is_working(day))


def own_day(cycle: Cycle, group: Group, person_id: str) -> date:
    """The release day of a person who belongs to the group from before its window."""
    days = release_days(group, cycle)
    return days[position(cycle, group, person_id) * len(days) // POSITIONS]


def planned_day(cycle: Cycle, group: Group, person_id: str, since: date) -> date | None:
    """The release day of one who is in the group since that day; None: the cycle is over."""
    own = own_day(cycle, group, person_id)
    if since < own:
        return own
    late = cycle.working_day_after(since)
    return late if late <= cycle.closes_on else None


def became_on(
    versions: Versions, areas: Areas, cycle: Cycle, today: date, decision: Decision
) -> date:
    """The day since which the person is required in the group of `decision`.

    That is when it was known without a break since, or when it came true, if that was later.
    """
    group = cycle.group_of(decision.group)
    assert group is not None, "only for one who has a group"
    known = cycle.civil(_known_since(versions, areas, cycle, today, group))
    starts = min(taken.appointment.start_on for taken in fitting(group, decision))
    return max(known, starts, newest(versions).onboarded_on)


def _known_since(
    versions: Versions, areas: Areas, cycle: Cycle, today: date, group: Group
) -> datetime:
    """Back through the facts in the order received, as long as they put the person in `group`."""
    instants = {v.received_at for v in versions}
    instants.update(instant for area in areas.values() for instant in area.changes())
    since = max(v.received_at for v in versions)
    for instant in sorted(instants, reverse=True):
        known = [v for v in versions if v.received_at <= instant]
        at_that_time = {d: a for d, area in areas.items() if (a := area.known_at(instant))}
        if not known or decide(known, at_that_time, cycle, today).group != group.group:
            break
        since = instant
    return since
