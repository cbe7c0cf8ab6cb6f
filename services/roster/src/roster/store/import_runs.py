"""What is kept of every file: when it came, from whom, what it would do, what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from roster.store.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Run:
    """One file of people. `difference` is what the comparison said; `counts` what was done.

    `applied_to` is the last staged position that was applied, of `people` staged.
    """

    id: UUID
    received_at: datetime
    state: str
    source: str
    mapping: str
    sha256: str
    uploaded_by: str
    file_day: date
    whole: bool
    brake_percent: float
    brake_at_least: int
    people: int = 0
    applied_to: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    difference: dict[str, Any] = field(default_factory=dict)
    affected_digest: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None


async def write_import(
    connection: Connection, receipt: Receipt, kind: str, sha256: str, counts: dict[str, int]
) -> None:
    """Record that this file was applied."""
    await connection.execute(
        _WRITE_IMPORT, receipt.intake_id, kind, sha256, json.dumps(counts), receipt.received_at
    )


async def begin(connection: Connection, run: Run) -> None:
    """Record that a file of people is being read."""
    await connection.execute(
        _BEGIN,
        run.id,
        run.received_at,
        run.source,
        run.mapping,
        run.uploaded_by,
        run.file_day,
        run.whole,
        run.brake_percent,
        run.brake_at_least,
    )


async def forget(connection: Connection, run_id: UUID) -> None:
    """Remove the record of a file that nothing came of: it was refused, or only compared."""
    await connection.execute("DELETE FROM import_run WHERE id = $1", run_id)


async def run_of(connection: Connection, run_id: UUID, *, locked: bool = False) -> Run | None:
    """One file of people; with `locked` nobody else may change it before the transaction ends."""
    row = await connection.fetchrow(_LOCKED if locked else _ONE, run_id)
    return None if row is None else _run(row)


async def newest_runs(connection: Connection, state: str | None, limit: int) -> list[Run]:
    """The newest files of people, newest first."""
    return [_run(row) for row in await connection.fetch(_NEWEST, state, limit)]


async def compared(connection: Connection, run: Run) -> None:
    """Keep what the comparison found, and what follows from it."""
    await connection.execute(
        _COMPARED,
        run.id,
        run.state,
        run.sha256,
        run.people,
        run.whole,
        json.dumps(run.difference),
        run.affected_digest,
    )


async def progressed(connection: Connection, run: Run) -> None:
    """Keep how far the file is applied, and what that did."""
    await connection.execute(_PROGRESSED, run.id, run.state, run.applied_to, json.dumps(run.counts))


async def decided(connection: Connection, run: Run) -> None:
    """Keep who approved or rejected the file, when and why."""
    await connection.execute(
        _DECIDED, run.id, run.state, run.decided_by, run.decided_at, run.reason
    )


def _run(row: Any) -> Run:
    fields = {name: row[name] for name in Run.__slots__}
    fields["counts"] = json.loads(row["counts"])
    fields["difference"] = json.loads(row["difference"] or "{}")
    return Run(**fields)


_WRITE_IMPORT = """
INSERT INTO import_run (id, kind, sha256, counts, received_at) VALUES ($1, $2, $3, $4::jsonb, $5)
"""
_BEGIN = """
INSERT INTO import_run (id, received_at, source, mapping, uploaded_by, file_day, whole,
                        brake_percent, brake_at_least, kind, sha256, counts, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'people', '', '{}', 'reading')
"""
_ONE = "SELECT * FROM import_run WHERE id = $1 AND uploaded_by IS NOT NULL"
_LOCKED = f"{_ONE} FOR UPDATE"
_NEWEST = """
SELECT * FROM import_run
WHERE uploaded_by IS NOT NULL AND ($1::text IS NULL OR state = $1)
ORDER BY received_at DESC, id LIMIT $2
"""
_COMPARED = """
UPDATE import_run
SET state = $2, sha256 = $3, people = $4, whole = $5, difference = $6::jsonb, affected_digest = $7
WHERE id = $1
"""
_PROGRESSED = """
UPDATE import_run SET state = $2, applied_to = $3, counts = $4::jsonb WHERE id = $1
"""
_DECIDED = """
UPDATE import_run SET state = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE id = $1
"""
