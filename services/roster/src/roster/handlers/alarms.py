"""Alarms: a work list that fills and empties itself with the roster's state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chassis import audit, schedule
from chassis.postgres import Connection
from chassis.schedule import Due, DueHandler
from roster import metrics
from roster.domain.alarms import SEEN_AT_ONCE, Alarm, AlarmKind, NoteCode, silent_feeds, stands_in
from roster.handlers.acts import Act, Refused, Who, acting
from roster.handlers.looks import EVERYBODY, LOOK, look_soon
from roster.store import alarms as store
from roster.store import departments, people, roles

PAGE = 100


async def heard(connection: Connection, sources: Collection[str], at: datetime) -> None:
    """Sources published, in the caller's transaction."""
    await store.write_heard(connection, sources, at)
    await look_soon(connection, at)


def alarm_due(zone: str, expected: Mapping[str, timedelta]) -> Mapping[str, DueHandler]:
    """The due work by kind. `expected`: how long each source may be silent."""

    async def look(connection: Connection, due: Due, now: datetime) -> bool:
        everybody = due.key == EVERYBODY
        local = now.astimezone(ZoneInfo(zone))
        silent = silent_feeds(expected, await store.heard_sources(connection), now)
        kinds = frozenset(AlarmKind) if everybody else SEEN_AT_ONCE
        await store.keep_found(connection, kinds, silent, now, local.date())
        open_now = await store.counts(connection)
        for kind in AlarmKind:
            metrics.ALARMS.labels(kind.value).set(open_now.get(kind.value, 0))
        if everybody:
            midnight = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
            await schedule.plan(connection, [Due(LOOK, EVERYBODY, midnight)])
        return True

    return {LOOK: look}


async def list_alarms(
    connection: Connection,
    now: datetime,
    *,
    kind: AlarmKind | None = None,
    resolved: bool = False,
    limit: int = PAGE,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The open alarms, oldest first, or the resolved ones, last resolved first; with their age."""
    found = await store.list_alarms(
        connection, kind=kind, resolved=resolved, limit=limit, offset=offset
    )
    officer = AlarmKind.DEPARTMENT_WITHOUT_OFFICER
    ids = [each.subject_id for each in found if each.kind is officer]
    stand_ins = await _stand_ins(connection, ids, now.date()) if ids else {}
    return [
        _shown(each, now, stand_ins.get(each.subject_id) if each.kind is officer else None)
        for each in found
    ]


async def take(connection: Connection, who: Who, alarm_id: int, owner: str) -> None:
    """Make `owner` the one who looks after it: whoever asks, or somebody else of the office."""
    async with acting(connection, who) as act:
        await _open(connection, alarm_id)
        if owner != who.actor:
            await _require_office(connection, owner)
        await store.write_owner(connection, alarm_id, owner)
        await _record(connection, act, "alarm.take", alarm_id, {"owner": owner})


async def note(connection: Connection, who: Who, alarm_id: int, code: NoteCode) -> None:
    """Say what is being done about it."""
    async with acting(connection, who) as act:
        await _open(connection, alarm_id)
        await store.write_note(connection, alarm_id, code)
        await _record(connection, act, "alarm.note", alarm_id, {"note": code.value})


async def _open(connection: Connection, alarm_id: int) -> None:
    found = await store.get_alarm(connection, alarm_id)
    if found is None:
        raise Refused(f"There is no alarm {alarm_id}.")
    if found.resolved_at is not None:
        raise Refused(f"Alarm {alarm_id} is resolved: its cause is gone.")


async def _require_office(connection: Connection, owner: str) -> None:
    if "office" not in dict(await roles.list_roles(connection)).get(owner, ()):
        raise Refused("An alarm is looked after by somebody of the office.")


async def _record(
    connection: Connection, act: Act, action: str, alarm_id: int, details: audit.Details
) -> None:
    await audit.record(
        connection,
        at=act.receipt.received_at,
        actor=act.actor,
        action=action,
        subject=f"alarm/{alarm_id}",
        reason=act.reason,
        details=details,
    )


async def _stand_ins(
    connection: Connection, ids: list[str], today: date
) -> dict[str, tuple[str, ...]]:
    found = [each for _, each in (await departments.stored_departments(connection, ids)).values()]
    leads = sorted({lead for each in found for lead in each.area_lead_ids})
    known = await people.look(connection, leads)
    last_days = {each: known[each].state.facts.separated_on for each in known}
    present = {each for each, last in last_days.items() if last is None or last >= today}
    return {each.department_id: stands_in(each, present) for each in found}


def _shown(alarm: Alarm, now: datetime, stand_ins: tuple[str, ...] | None) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "kind": alarm.kind.value,
        "subject_id": alarm.subject_id,
        "owner": alarm.owner,
        "note": alarm.note.value if alarm.note else None,
        "first_seen_at": alarm.first_seen_at.isoformat(),
        "last_seen_at": alarm.last_seen_at.isoformat(),
        "resolved_at": alarm.resolved_at.isoformat() if alarm.resolved_at else None,
        "age_days": alarm.age(now).days,
        "stands_in": None if stand_ins is None else list(stand_ins) or ["office"],
    }
