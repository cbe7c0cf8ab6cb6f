"""Files of people that wait, and what a second person says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis import audit, schedule
from chassis.errors import ChassisError
from chassis.postgres import Connection
from chassis.schedule import Due, DueHandler
from roster.handlers.import_compare import compared, keep
from roster.handlers.import_files import APPLY, EXPIRE, Imported, apply_chunk
from roster.handlers.looks import look_soon
from roster.store import import_runs, import_staged
from roster.store.import_runs import Run

APPROVALS = ("reorganisation", "end_of_term", "correction", "expected")
REJECTIONS = ("incomplete_file", "wrong_file", "wrong_mapping", "unexplained")


class NotAllowed(ChassisError):
    """This cannot be decided so; the message is a sentence for who asked."""


async def newest(
    connection: Connection, *, state: str | None = None, limit: int = 100
) -> list[Imported]:
    """The newest files of people, newest first; of one state when it is given."""
    runs = await import_runs.newest_runs(connection, state, limit)
    return [Imported(run) for run in runs]


async def show(connection: Connection, run_id: UUID) -> Imported | None:
    """One file of people; None when there is none of this id."""
    run = await import_runs.run_of(connection, run_id)
    return None if run is None else Imported(run)


async def approve(
    connection: Connection, run_id: UUID, *, actor: str, reason: str, now: datetime
) -> Imported:
    """Let a file go that is in quarantine: it is `applying` then, and applied as due work.

    What was shown is what is applied: when the roster has changed since so that others would be
    separated or moved, the file stays in quarantine with the new difference, to be looked at
    again, and is returned so.

    Raises:
        LookupError: there is no such file.
        NotAllowed: it is not in quarantine, or `actor` is who uploaded it.
    """
    _require_code(reason, APPROVALS)
    async with connection.transaction():
        run = await _waiting(connection, run_id, actor)
        shown = run.affected_digest
        run, found = await compared(connection, run)
        if found.digest != shown:
            return Imported(await keep(connection, run, found, "quarantined"))
        run = await keep(connection, run, found, "applying")
        await schedule.plan(connection, [Due(APPLY, str(run.id), now)])
        decided = replace(run, decided_by=actor, decided_at=now, reason=reason)
        return await _decide(connection, decided, "import.approve")


async def reject(
    connection: Connection, run_id: UUID, *, actor: str, reason: str, now: datetime
) -> Imported:
    """Refuse a file that is in quarantine, and delete what is staged. Raises as `approve`."""
    _require_code(reason, REJECTIONS)
    async with connection.transaction():
        run = await _waiting(connection, run_id, actor)
        await import_staged.clear(connection, run.id)
        rejected = replace(run, state="rejected", decided_by=actor, decided_at=now, reason=reason)
        return await _decide(connection, rejected, "import.reject")


def import_due(zone: str) -> Mapping[str, DueHandler]:
    """The due work of files, by kind; `zone` is the institution's."""

    async def apply_one(connection: Connection, due: Due, now: datetime) -> bool:
        """One chunk of a file that was approved, or that whoever began did not finish."""
        try:
            run = await apply_chunk(connection, UUID(due.key), now, zone)
        except LookupError:
            return True
        return run.state != "applying"

    return {APPLY: apply_one, EXPIRE: _expire}


async def _expire(connection: Connection, due: Due, now: datetime) -> bool:
    """What nobody decided on, or never was read to its end, is not kept for ever."""
    run = await import_runs.run_of(connection, UUID(due.key), locked=True)
    if run is None or run.state not in {"reading", "quarantined"}:
        return True
    await import_staged.clear(connection, run.id)
    if run.state == "reading":
        await import_runs.forget(connection, run.id)
    else:
        await import_runs.progressed(connection, replace(run, state="expired"))
    return True


async def _waiting(connection: Connection, run_id: UUID, actor: str) -> Run:
    run = await import_runs.run_of(connection, run_id, locked=True)
    if run is None:
        raise LookupError(run_id)
    if run.state != "quarantined":
        raise NotAllowed(f"This file is not in quarantine: it is {run.state}.")
    if run.uploaded_by == actor:
        raise NotAllowed("Whoever uploaded a file cannot decide on it: ask a second person.")
    return run


async def _decide(connection: Connection, run: Run, action: str) -> Imported:
    assert run.decided_by is not None
    assert run.decided_at is not None
    await import_runs.decided(connection, run)
    await look_soon(connection, run.decided_at)
    counts = run.difference.get("counts", {})
    # Last: nobody else can add to the audit from here to the commit.
    await audit.record(
        connection,
        at=run.decided_at,
        actor=run.decided_by,
        action=action,
        subject=f"import/{run.id}",
        reason=run.reason,
        details={
            "source": run.source,
            "separated": counts.get("separated", 0),
            "changed_department": counts.get("changed_department", 0),
            "sha256": run.sha256,
        },
    )
    return Imported(run)


def _require_code(reason: str, codes: tuple[str, ...]) -> None:
    if reason not in codes:
        raise NotAllowed(f"The reason must be one of {', '.join(codes)}.")
