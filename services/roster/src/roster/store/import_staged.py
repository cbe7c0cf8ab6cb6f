"""The staged people of a file: put there by COPY, compared set by set, taken out in chunks.

What a file is compared with is, of each person, the report of its own source that holds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from roster.domain import Contact, Report
from roster.store.facts_json import facts_from_json, facts_to_json
from roster.store.import_runs import Run

COMPARE_TIMEOUT_S = 900
_COLUMNS = ("import_id", "position", "person_id", "effective_on", "reported_at", "facts",
            "display_name", "email", "login")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """What a file would do. `counts` and `ids` are by kind of change.

    `present` counts the people of the source who are members on the file's day; `affected` those
    who would be separated or change department, and `digest` says who they are.
    """

    counts: dict[str, int]
    ids: dict[str, list[str]]
    contacts_changed: int
    present: int
    affected: int
    digest: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Staged people who are not as the source's report has them, up to `position`."""

    reports: list[Report]
    position: int


async def stage(
    connection: Connection, run_id: UUID, after: int, reports: Sequence[Report]
) -> None:
    """Append people to the staged ones, the first at the position behind `after`."""
    await connection.copy_records_to_table(
        "import_person",
        columns=_COLUMNS,
        records=[
            (
                run_id,
                position,
                each.person_id,
                each.effective_on,
                each.reported_at,
                facts_to_json(each.facts),
                each.contact.display_name,
                each.contact.email,
                each.contact.login,
            )
            for position, each in enumerate(reports, after + 1)
        ],
    )


async def unstage(connection: Connection, run_id: UUID, ids: Collection[str]) -> None:
    """Take people out again by id."""
    await connection.execute(_UNSTAGE, run_id, list(ids))


async def clear(connection: Connection, run_id: UUID, up_to: int | None = None) -> None:
    """Delete the staged rows, or those up to a position; in the caller's transaction."""
    if up_to is None:
        await _be_patient(connection)
    await connection.execute(_CLEAR, run_id, up_to, timeout=COMPARE_TIMEOUT_S)


async def stage_absent(connection: Connection, run: Run, people: int) -> int:
    """Stage, behind the `people` of the file, the source's people it does not name, as separated.

    Replaces those staged before; returns how many.
    """
    await _be_patient(connection)
    await connection.execute(_CLEAR_ABSENT, run.id)
    done = await connection.execute(
        _STAGE_ABSENT, run.id, run.source, run.file_day, people, timeout=COMPARE_TIMEOUT_S
    )
    return int(done.rpartition(" ")[2])


async def compare(connection: Connection, run: Run, ids_per_kind: int) -> Compared:
    """Compare everything staged with what the source last said, in one statement."""
    await _be_patient(connection)
    row = await connection.fetchrow(
        _COMPARE, run.id, run.source, run.file_day, ids_per_kind, timeout=COMPARE_TIMEOUT_S
    )
    assert row is not None
    kinds: list[dict[str, Any]] = json.loads(row["kinds"] or "[]")
    present = await connection.fetchval(
        _PRESENT, run.source, run.file_day, timeout=COMPARE_TIMEOUT_S
    )
    return Compared(
        counts={kind["change"]: kind["people"] for kind in kinds},
        ids={kind["change"]: kind["ids"] for kind in kinds},
        contacts_changed=row["contacts_changed"],
        present=present,
        affected=row["affected"],
        digest=row["digest"] or "",
    )


async def next_chunk(
    connection: Connection, run: Run, people: int, look_at: int, today: date
) -> Chunk:
    """The next staged people who are not as reported: at most `people`, of `look_at` rows.

    A record that does not say from when it is true is true from the file's day; without
    `effective_on` that is today, the day of receipt.
    """
    last = run.applied_to + look_at
    rows = await connection.fetch(
        _CHUNK, run.id, run.source, run.applied_to, last, people, run.received_at
    )
    reports = [_report(row, run, today) for row in rows]
    full = len(rows) == people
    return Chunk(reports, rows[-1]["position"] if full else last)


async def _be_patient(connection: Connection) -> None:
    await connection.execute(
        "SELECT set_config('statement_timeout', $1, true)", f"{COMPARE_TIMEOUT_S}s"
    )


def _report(row: Any, run: Run, today: date) -> Report:
    return Report(
        person_id=row["person_id"],
        facts=facts_from_json(row["facts"]),
        contact=Contact(row["display_name"], row["email"], row["login"]),
        source=run.source,
        effective_on=row["effective_on"] or (None if run.file_day == today else run.file_day),
        reported_at=row["reported_at"],
    )


_UNSTAGE = "DELETE FROM import_person WHERE import_id = $1 AND person_id = ANY($2::text[])"
_CLEAR = """
DELETE FROM import_person WHERE import_id = $1 AND ($2::bigint IS NULL OR position <= $2)
"""
_CLEAR_ABSENT = "DELETE FROM import_person WHERE import_id = $1 AND absent"
# The report that holds, of every person of a source: the one that was said last.
_HELD = """
SELECT DISTINCT ON (person_id) person_id, facts, effective_on, reported_at
FROM report WHERE source = $1
ORDER BY person_id, reported_at DESC, digest DESC, effective_on DESC
"""
_IS_PRESENT = "(facts->>'separated_on' IS NULL OR (facts->>'separated_on')::date > {day})"
_PRESENT = f"""
SELECT count(*) FROM ({_HELD}) AS held WHERE {_IS_PRESENT.format(day="$2")}
"""  # noqa: S608 - only the constants above are put in
_STAGE_ABSENT = f"""
INSERT INTO import_person
    (import_id, position, person_id, facts, display_name, email, login, absent)
SELECT $1, $4 + row_number() OVER (ORDER BY held.person_id), held.person_id,
       held.facts || jsonb_build_object('separated_on', $3::date),
       coalesce(c.display_name, ''), c.email, c.login, true
FROM ({_HELD.replace("$1", "$2")}) AS held
LEFT JOIN reported_contact c ON c.person_id = held.person_id AND c.source = $2
WHERE {_IS_PRESENT.format(day="$3")}
  AND NOT EXISTS (
      SELECT FROM import_person s WHERE s.import_id = $1 AND s.person_id = held.person_id
  )
"""  # noqa: S608 - only the constants above are put in
_CONTACT_DIFFERS = """
    (c.display_name, c.email, c.login) IS DISTINCT FROM (s.display_name, s.email, s.login)
    AND s.display_name <> ''
    AND NOT EXISTS (SELECT FROM erasure e WHERE e.person_id = s.person_id)
"""
# Departments of appointments that are not over on the day: a move announced ahead is a move.
_DEPARTMENTS = """
    ARRAY(
        SELECT DISTINCT a->>'department_id' FROM jsonb_array_elements({facts}->'appointments') AS a
        WHERE a->>'end_on' IS NULL OR (a->>'end_on')::date >= $3 ORDER BY 1
    )
"""
_CHANGE = f"""
    CASE
        WHEN h.person_id IS NULL THEN 'onboarded'
        WHEN h.facts = s.facts AND {_CONTACT_DIFFERS} THEN 'contact_only'
        WHEN h.facts = s.facts THEN 'unchanged'
        WHEN coalesce(s.reported_at, r.received_at) < h.reported_at THEN 'late'
        WHEN (h.facts->>'separated_on')::date < coalesce(
            (s.facts->>'separated_on')::date, 'infinity'
        ) AND (
            (h.facts->>'separated_on')::date <= $3
            OR s.facts->>'onboarded_on' > h.facts->>'separated_on'
        ) THEN 'reappeared'
        WHEN s.facts->>'separated_on' IS NOT NULL AND (
            h.facts->>'separated_on' IS NULL
            OR ((s.facts->>'separated_on')::date <= $3 AND (h.facts->>'separated_on')::date > $3)
        ) THEN 'separated'
        WHEN {_DEPARTMENTS.format(facts="s.facts")} <> {_DEPARTMENTS.format(facts="h.facts")}
            THEN 'changed_department'
        ELSE 'changed'
    END
"""
_COMPARE = f"""
WITH held AS ({_HELD.replace("$1", "$2")}), compared AS MATERIALIZED (
    SELECT s.person_id, {_CHANGE} AS change, {_CONTACT_DIFFERS} AS contact_differs
    FROM import_person s
    JOIN import_run r ON r.id = s.import_id
    LEFT JOIN held h ON h.person_id = s.person_id
    LEFT JOIN reported_contact c ON c.person_id = s.person_id AND c.source = $2
    WHERE s.import_id = $1
), kinds AS (
    SELECT change, count(*) AS people FROM compared GROUP BY change
)
SELECT
    (
        SELECT json_agg(json_build_object('change', k.change, 'people', k.people, 'ids', ARRAY(
            SELECT person_id FROM compared WHERE compared.change = k.change
            ORDER BY person_id LIMIT $4
        ))) FROM kinds k
    ) AS kinds,
    count(*) FILTER (WHERE contact_differs) AS contacts_changed,
    count(*) FILTER (WHERE change IN ('separated', 'changed_department')) AS affected,
    md5(string_agg(person_id || '=' || change, ',' ORDER BY person_id)
        FILTER (WHERE change IN ('separated', 'changed_department'))) AS digest
FROM compared
"""  # noqa: S608 - only the constants above are put in
# What the source said after the file came goes on to hold: the file was said when it came.
# OFFSET 0 keeps the look-ups by key: a plan that scans a table per chunk makes a load quadratic.
_CHUNK = f"""
SELECT s.position, s.person_id, s.effective_on, s.facts, s.display_name, s.email, s.login,
       CASE WHEN h.received_at > $6 THEN coalesce(s.reported_at, $6) ELSE s.reported_at END
           AS reported_at
FROM import_person s
LEFT JOIN LATERAL (
    SELECT facts, effective_on, reported_at, received_at FROM report
    WHERE report.person_id = s.person_id AND report.source = $2
    ORDER BY reported_at DESC, digest DESC, effective_on DESC LIMIT 1
) AS h ON true
LEFT JOIN LATERAL (
    SELECT display_name, email, login FROM reported_contact
    WHERE reported_contact.person_id = s.person_id AND reported_contact.source = $2
    OFFSET 0
) AS c ON true
WHERE s.import_id = $1 AND s.position > $3 AND s.position <= $4
  AND (
      h.facts IS DISTINCT FROM s.facts
      OR s.effective_on < h.effective_on
      OR s.reported_at <> h.reported_at
      OR {_CONTACT_DIFFERS}
  )
ORDER BY s.position LIMIT $5
"""  # noqa: S608 - only the constants above are put in
