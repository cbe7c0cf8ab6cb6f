"""Take in a file of people: stage it, compare it, and apply it in chunks unless it would do harm.

A file is applied whole or not at all, though not at once: what was staged is applied chunk by
chunk, each one transaction with the file's progress, and goes on where it stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis import schedule
from chassis.clock import Calendar
from chassis.postgres import Connection
from chassis.schedule import Due
from roster.domain import Report
from roster.handlers.import_compare import NOTHING, compare, foretold
from roster.handlers.intake import take_in
from roster.handlers.looks import look_soon
from roster.store import import_new, import_runs, import_staged, proposals
from roster.store.import_runs import Run
from roster.store.receipts import Receipt

CHUNK_PEOPLE = 2_000
CHUNK_ROWS = 20_000
BULK_FROM = 5_000
EXPIRES_AFTER = timedelta(days=14)
RESUMES_AFTER = timedelta(minutes=1)
APPLY, EXPIRE = "import.apply", "import.expire"

Progress = Callable[[Run], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a file is to be taken: by which mapping, for which source, and from when on as a danger.

    `whole`: people of the source whom the file does not name are separated. The brake holds a
    file back when more than `brake_percent` of the source's present people and more than
    `brake_at_least` of them would be separated or change department.
    """

    source: str
    mapping: str
    whole: bool
    brake_percent: float
    brake_at_least: int


class PeopleFile(Protocol):
    """People to take in. Iterating raises when anything is wrong with any of them.

    After it was read: `retracted` are people of whom nothing may be taken after all, `left_out`
    counts what was, by kind.
    """

    @property
    def rules(self) -> Rules: ...

    @property
    def sha256(self) -> str: ...

    @property
    def retracted(self) -> frozenset[str]: ...

    @property
    def left_out(self) -> dict[str, int]: ...

    def __aiter__(self) -> AsyncIterator[Sequence[Report]]: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of people, or in a dry run would become of it."""

    run: Run
    dry_run: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """By kind of change: what was published of the people, or would be."""
        return self.run.counts if self.run.state == "applied" else foretold(self.run)

    @property
    def alarmed(self) -> list[str]:
        """Departments that people name and nobody knows, at most a hundred."""
        return list(self.run.difference.get("departments_to_check", []))

    def as_json(self) -> dict[str, Any]:
        """The answer of the API and of `--json`: ids only, at most a hundred of a kind."""
        run, difference = self.run, self.run.difference
        return {
            "import_id": None if self.dry_run else str(run.id),
            "received_at": run.received_at.isoformat(),
            "dry_run": self.dry_run,
            "state": run.state,
            "source": run.source,
            "mapping": run.mapping,
            "whole": run.whole,
            "file_day": run.file_day.isoformat(),
            "uploaded_by": run.uploaded_by,
            "people": run.people,
            "applied": min(run.applied_to, run.people),
            **self.counts,
            "difference": difference.get("counts", {}),
            "ids": difference.get("ids", {}),
            "brake": difference.get("brake", {}),
            "file": difference.get("file", {}),
            "warnings": difference.get("warnings", 0),
            "departments_to_check": self.alarmed,
            "decided_by": run.decided_by,
            "decided_at": run.decided_at.isoformat() if run.decided_at else None,
            "reason": run.reason,
        }


async def import_people(
    connection: Connection,
    file: PeopleFile,
    calendar: Calendar,
    *,
    zone: str,
    actor: str = "machine",
    dry_run: bool = False,
    progress: Progress = lambda _: None,
) -> Imported:
    """Take in whole-person records, to the end unless the brake holds the file back.

    What iterating `file` raises undoes everything. The same records again change nothing and
    publish nothing. A dry run only compares.
    """
    uploaded = await upload(connection, file, calendar, zone=zone, actor=actor, dry_run=dry_run)
    if dry_run or uploaded.run.state != "applying":
        return uploaded
    return await apply(connection, uploaded.run.id, calendar, zone=zone, progress=progress)


async def upload(
    connection: Connection,
    file: PeopleFile,
    calendar: Calendar,
    *,
    zone: str,
    actor: str,
    dry_run: bool = False,
) -> Imported:
    """Stage a file and compare it; it is then `quarantined`, or `applying` though not yet applied.

    Raises what iterating `file` raises, and then nothing is left.
    """
    run = _begun(file.rules, calendar.now(), zone, actor)
    async with connection.transaction():
        await import_runs.begin(connection, run)
        await schedule.plan(connection, [Due(EXPIRE, str(run.id), run.received_at + EXPIRES_AFTER)])
    try:
        in_file, named = await _stage(connection, run, file)
        async with connection.transaction():
            run = await compare(
                connection,
                run,
                sha256=file.sha256,
                in_file=in_file,
                left_out=file.left_out,
                named=named,
            )
            if not dry_run and run.state == "quarantined":
                await look_soon(connection, run.received_at)
            if not dry_run and run.state == "applying":
                # Whoever uploads applies; this is for when that ends early.
                resumes = run.received_at + RESUMES_AFTER
                await schedule.plan(connection, [Due(APPLY, str(run.id), resumes)])
    except Exception:
        await discard(connection, run)
        raise
    if dry_run:
        await discard(connection, run)
    return Imported(run, dry_run)


async def apply(
    connection: Connection,
    run_id: UUID,
    calendar: Calendar,
    *,
    zone: str,
    progress: Progress = lambda _: None,
) -> Imported:
    """Apply what is left of a file, chunk by chunk; several may do so at once.

    Raises LookupError when there is no such file.
    """
    while True:
        async with connection.transaction():
            run = await apply_chunk(connection, run_id, calendar.now(), zone)
        progress(run)
        if run.state != "applying":
            return Imported(run)


async def apply_chunk(connection: Connection, run_id: UUID, now: datetime, zone: str) -> Run:
    """Apply the next chunk in the caller's transaction; the file as it then is.

    Raises LookupError when there is no such file.
    """
    run = await import_runs.run_of(connection, run_id, locked=True)
    if run is None:
        raise LookupError(run_id)
    if run.state != "applying":
        return run
    receipt = Receipt(run.id, now, _day(now, zone))
    counts = Counter(run.counts)
    if _is_bulk(run):
        new = await import_new.take_new(connection, run, run.applied_to + CHUNK_ROWS, receipt)
        counts.update({"onboarded": new, "contacts_changed": new})
    chunk = await import_staged.next_chunk(
        connection, run, CHUNK_PEOPLE, CHUNK_ROWS, receipt.received_on
    )
    if chunk.reports:
        counts.update((await take_in(connection, chunk.reports, receipt)).counts)
    await import_staged.clear(connection, run.id, chunk.position)
    run = replace(run, applied_to=chunk.position, counts=dict(counts))
    if run.applied_to >= run.people:
        if _is_bulk(run):
            await _propose(connection, run, now)
        run = replace(run, state="applied", counts=_finished(run))
        await look_soon(connection, now)
    await import_runs.progressed(connection, run)
    return run


async def discard(connection: Connection, run: Run) -> None:
    """Nothing came of the file: nothing is left of it."""
    async with connection.transaction():
        await import_staged.clear(connection, run.id)
        await schedule.cancel(connection, EXPIRE, [str(run.id)])
        await import_runs.forget(connection, run.id)


async def _stage(connection: Connection, run: Run, file: PeopleFile) -> tuple[int, set[str]]:
    """Stage every batch; how many people that were, and the departments they name."""
    position, named = 0, set[str]()
    async for batch in file:
        named.update(a.department_id for r in batch for a in r.facts.appointments)
        await import_staged.stage(connection, run.id, position, batch)
        position += len(batch)
    if file.retracted:
        await import_staged.unstage(connection, run.id, file.retracted)
    return position, named


def _is_bulk(run: Run) -> bool:
    """Whether so many people are new that they are taken in by the database itself."""
    onboarded: int = run.difference.get("counts", {}).get("onboarded", 0)
    return onboarded >= BULK_FROM


async def _propose(connection: Connection, run: Run, now: datetime) -> None:
    """Propose to merge whom a bulk load showed to be like somebody else."""
    ids = await import_new.alike(connection, run)
    for first in range(0, len(ids), CHUNK_PEOPLE):
        await proposals.propose(connection, ids[first : first + CHUNK_PEOPLE], now)


def _begun(rules: Rules, now: datetime, zone: str, actor: str) -> Run:
    return Run(
        id=uuid4(),
        received_at=now,
        state="reading",
        source=rules.source,
        mapping=rules.mapping,
        sha256="",
        uploaded_by=actor,
        file_day=_day(now, zone),
        whole=rules.whole,
        brake_percent=rules.brake_percent,
        brake_at_least=rules.brake_at_least,
    )


def _finished(run: Run) -> dict[str, int]:
    """The counts of a file that is applied: whom nothing was published of is unchanged."""
    counts = NOTHING | run.counts
    told = sum(counts[name] for name in ("onboarded", "changed", "separated", "late"))
    total = sum(run.difference.get("counts", {}).values())
    return counts | {"unchanged": total - told}


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()
