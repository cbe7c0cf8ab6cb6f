"""Alarms, and what of the roster's state causes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import asyncpg

from chassis.postgres import Connection
from roster.domain.alarms import Alarm, AlarmKind, NoteCode


async def heard_sources(connection: Connection) -> dict[str, datetime]:
    """When each source was last heard, by any door."""
    return {row["source"]: row["heard_at"] for row in await connection.fetch(_HEARD)}


async def write_heard(connection: Connection, sources: Collection[str], at: datetime) -> None:
    """Keep that these sources were heard on Kafka."""
    await connection.execute(_WRITE_HEARD, sorted(sources), at)


async def keep_found(
    connection: Connection,
    kinds: Collection[AlarmKind],
    silent: Sequence[str],
    now: datetime,
    today: date,
) -> None:
    """Look for causes of these kinds: open what is new, close what is gone.

    `silent` are the sources that should have been heard.
    """
    names = sorted(kind.value for kind in kinds)
    found = " UNION ALL ".join(f"({_CAUSES[AlarmKind(name)]})" for name in names)
    await connection.execute(_KEEP.replace("CAUSES", found), list(silent), today, now, names)


async def counts(connection: Connection) -> dict[str, int]:
    """How many alarms are open, by kind."""
    return {row["kind"]: row["count"] for row in await connection.fetch(_COUNTS)}


async def list_alarms(
    connection: Connection, *, kind: AlarmKind | None, resolved: bool, limit: int, offset: int
) -> list[Alarm]:
    """Alarms, the oldest first; of those that are resolved the last resolved first."""
    order = "resolved_at DESC, id DESC" if resolved else "first_seen_at, kind, subject_id"
    rows = await connection.fetch(_LIST.replace("SORTED", order), kind, resolved, limit, offset)
    return [_alarm(row) for row in rows]


async def get_alarm(connection: Connection, alarm_id: int) -> Alarm | None:
    """One alarm, held to the end of the transaction."""
    row = await connection.fetchrow("SELECT * FROM alarm WHERE id = $1 FOR UPDATE", alarm_id)
    return _alarm(row) if row else None


async def write_owner(connection: Connection, alarm_id: int, owner: str) -> None:
    """Keep who looks after it."""
    await connection.execute("UPDATE alarm SET owner = $2 WHERE id = $1", alarm_id, owner)


async def write_note(connection: Connection, alarm_id: int, note: NoteCode) -> None:
    """Keep what is being done about it."""
    await connection.execute("UPDATE alarm SET note = $2 WHERE id = $1", alarm_id, note.value)


def _alarm(row: asyncpg.Record) -> Alarm:
    return Alarm(
        row["id"],
        AlarmKind(row["kind"]),
        row["subject_id"],
        row["first_seen_at"],
        row["last_seen_at"],
        row["owner"],
        NoteCode(row["note"]) if row["note"] else None,
        row["resolved_at"],
    )


# Each gives kind and subject, of what `_KEEP` has named. Who is on hold is nobody's task here.
_CAUSES = {
    AlarmKind.DEPARTMENT_WITHOUT_AREA: """
SELECT 'department_without_area', department_id FROM department WHERE area_id IS NULL
""",
    AlarmKind.DEPARTMENT_WITHOUT_OFFICER: """
SELECT 'department_without_officer', d.department_id FROM department AS d
WHERE NOT EXISTS (
    SELECT FROM person AS o
    JOIN member AS m ON m.person_id = coalesce(o.merged_into, o.person_id)
    WHERE o.person_id = ANY(d.officer_ids)
)
""",
    AlarmKind.UNKNOWN_DEPARTMENT: """
SELECT DISTINCT 'unknown_department', a.department_id FROM appointment AS a
WHERE NOT EXISTS (SELECT FROM department AS d WHERE d.department_id = a.department_id)
""",
    AlarmKind.PERSON_WITHOUT_DEPARTMENT: """
SELECT 'person_without_department', m.person_id FROM member AS m
WHERE NOT m.hold AND NOT EXISTS (
    SELECT FROM given
    CROSS JOIN jsonb_to_recordset(m.facts -> 'appointments') AS a(start_on date, end_on date)
    WHERE today BETWEEN a.start_on AND coalesce(a.end_on, 'infinity')
)
""",
    AlarmKind.UNKNOWN_SUPERVISOR: """
SELECT DISTINCT 'unknown_supervisor', a.supervisor_id FROM appointment AS a
WHERE a.supervisor_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM person AS s WHERE s.person_id = a.supervisor_id)
""",
    AlarmKind.DUPLICATES_SUSPECTED: """
SELECT 'duplicates_suspected', id::text FROM merge_proposal WHERE state = 'open'
""",
    AlarmKind.FEED_SILENT: "SELECT 'feed_silent', unnest(silent) FROM given",
    AlarmKind.MASS_CHANGE_WAITING: """
SELECT 'mass_change_waiting', id::text FROM import_run WHERE state = 'quarantined'
""",
}
# `member` is who is here today, `appointment` what is held today or will be.
_KEEP = """
WITH given AS (SELECT $1::text[] AS silent, $2::date AS today),
member AS NOT MATERIALIZED (
    SELECT p.person_id, p.hold, p.facts FROM person AS p, given
    WHERE p.merged_into IS NULL AND (p.facts ->> 'onboarded_on')::date <= today
      AND coalesce((p.facts ->> 'separated_on')::date, 'infinity') >= today
),
appointment AS NOT MATERIALIZED (
    SELECT a.department_id, a.supervisor_id FROM given, person AS p
    CROSS JOIN LATERAL jsonb_to_recordset(p.facts -> 'appointments')
        AS a(department_id text, supervisor_id text, end_on date)
    WHERE p.merged_into IS NULL
      AND coalesce((p.facts ->> 'separated_on')::date, 'infinity') >= today
      AND coalesce(a.end_on, 'infinity') >= today
),
found(kind, subject_id) AS MATERIALIZED (CAUSES),
closed AS (
    UPDATE alarm AS a SET resolved_at = greatest($3, a.last_seen_at)
    WHERE a.resolved_at IS NULL AND a.kind = ANY($4::text[])
      AND (a.kind, a.subject_id) NOT IN (SELECT kind, subject_id FROM found)
)
INSERT INTO alarm (kind, subject_id, first_seen_at, last_seen_at)
SELECT kind, subject_id, $3, $3 FROM found ORDER BY kind, subject_id
ON CONFLICT (kind, subject_id) WHERE resolved_at IS NULL
    DO UPDATE SET last_seen_at = greatest(alarm.last_seen_at, excluded.last_seen_at)
"""
_COUNTS = "SELECT kind, count(*) FROM alarm WHERE resolved_at IS NULL GROUP BY kind"
_LIST = """
SELECT * FROM alarm
WHERE ($1::text IS NULL OR kind = $1) AND (resolved_at IS NOT NULL) = $2
ORDER BY SORTED LIMIT $3 OFFSET $4
"""
_HEARD = """
SELECT source, max(heard_at) AS heard_at
FROM (
    SELECT source, heard_at FROM feed_heard
    UNION ALL
    SELECT source, received_at FROM import_run
    WHERE source IS NOT NULL AND state IN ('quarantined', 'applying', 'applied')
    UNION ALL
    SELECT source, last_used_at FROM scim_token WHERE last_used_at IS NOT NULL
) AS heard
GROUP BY source
"""
_WRITE_HEARD = """
INSERT INTO feed_heard (source, heard_at)
SELECT source, $2 FROM unnest($1::text[]) AS s(source)
ON CONFLICT (source) DO UPDATE SET heard_at = greatest(feed_heard.heard_at, excluded.heard_at)
"""
