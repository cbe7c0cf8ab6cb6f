"""Take in a file of departments: all of it or nothing, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from chassis.clock import Calendar
from chassis.postgres import Connection
from roster.domain import Department
from roster.handlers.departments import take_in_departments
from roster.handlers.intake import receive
from roster.store import import_runs

SHOWN_IDS = 100

T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """Records to take in. Iterating raises when anything is wrong with any of them."""

    @property
    def sha256(self) -> str:
        """Digest of what was read."""
        ...

    def __aiter__(self) -> AsyncIterator[Sequence[T_co]]: ...


@dataclass(frozen=True, slots=True)
class ImportedDepartments:
    """What an import did, or in a dry run would do.

    `counts` is by kind of change; "warnings" counts `alarmed`, the departments without an area.
    """

    import_id: UUID
    received_at: datetime
    dry_run: bool
    counts: dict[str, int]
    alarmed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The answer of the API and of `--json`; at most a hundred alarmed departments by id."""
        return {
            "import_id": None if self.dry_run else str(self.import_id),
            "received_at": self.received_at.isoformat(),
            "dry_run": self.dry_run,
            **self.counts,
            "warnings": len(self.alarmed),
            "departments_to_check": self.alarmed[:SHOWN_IDS],
        }


async def import_departments(
    connection: Connection,
    source: Source[Department],
    calendar: Calendar,
    *,
    zone: str,
    dry_run: bool = False,
) -> ImportedDepartments:
    """Take in departments; those the source does not name stay as they are.

    What iterating `source` raises undoes everything. The same records again change nothing and
    publish nothing. A dry run only counts.
    """
    counts: Counter[str] = Counter()
    without_area: list[str] = []
    async with _transaction(connection, dry_run):
        receipt = await receive(connection, calendar, zone)
        async for batch in source:
            without_area += [each.department_id for each in batch if each.area_id is None]
            counts.update(await take_in_departments(connection, batch, receipt))
        await import_runs.write_import(
            connection, receipt, "departments", source.sha256, dict(counts)
        )
    return ImportedDepartments(
        receipt.intake_id, receipt.received_at, dry_run, dict(counts), without_area
    )


@asynccontextmanager
async def _transaction(connection: Connection, dry_run: bool) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())
