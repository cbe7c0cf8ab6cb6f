"""Reports as one viewer may read them. Nothing here can be called without a viewer.

`reports_for` is the only way to a `Reports`; it also tells Postgres who asks, whose row security
is the second fence.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis import sign_in
from chassis.postgres import Connection
from reporting.domain import Counts, Viewer
from reporting.store.reported import REPORTED
from schemas.rollout import CyclePublished

# Postgres holds any text but this; asked for it, it fails instead of finding nothing.
ID_PATTERN = r"^[^\x00]*$"
ID_MAX = 64


class Denied(sign_in.Denied):
    """The viewer may not see this; they are answered as if it were not there."""

    def __init__(self, department_id: str) -> None:
        super().__init__("department", department_id)
        self.department_id = department_id


@dataclass(frozen=True, slots=True)
class Department:
    """A department as the roster describes it; `area_name` None is an alarm."""

    department_id: str
    name: str
    area_name: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """One department's edition of one business date, without its rows."""

    business_date: date
    cycle: str
    department: Department
    cutoff_at: datetime
    counts: Counts
    sha256: str


@dataclass(frozen=True, slots=True)
class Night:
    """A night's totals of a cycle over all departments, every person counted once."""

    business_date: date
    cycle: str
    cutoff_at: datetime
    counts: Counts


@dataclass(frozen=True, slots=True)
class Release:
    """How far one group's release has come."""

    group: str
    released_on: date
    total: int


@asynccontextmanager
async def reports_for(connection: Connection, viewer: Viewer) -> AsyncIterator[Reports]:
    """A read-only transaction in which `viewer` asks; what is not theirs is not there."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(
            "SELECT set_config('reporting.sees_all', $1, true),"
            " set_config('reporting.departments', $2, true)",
            "yes" if viewer.sees_all else "no",
            json.dumps(sorted(viewer.departments)),
        )
        yield Reports(connection, viewer)


class Reports:
    """Queries of one viewer. Raises `Denied` where a department asked for by id is not theirs."""

    def __init__(self, connection: Connection, viewer: Viewer) -> None:
        self._connection = connection
        self.viewer = viewer

    async def department(self, department_id: str) -> Department:
        """One department; `Denied` also when there is none of that id."""
        self._require(department_id)
        row = await self._connection.fetchrow(
            "SELECT department_id, name, area_name FROM department WHERE department_id = $1",
            department_id,
        )
        if row is None:
            raise Denied(department_id)
        return Department(*row)

    async def departments(self) -> list[Department]:
        """The viewer's departments by name, whether they have an edition or not."""
        self._require_reports()
        rows = await self._connection.fetch(
            """
            SELECT department_id, name, area_name FROM department
            WHERE viewer_sees(department_id) ORDER BY name, department_id
            """
        )
        return [Department(*row) for row in rows]

    async def latest_date(self, cycle: str) -> date | None:
        """Business date of the newest edition of this cycle that the viewer may see."""
        self._require_reports()
        found: date | None = await self._connection.fetchval(
            "SELECT max(business_date) FROM edition WHERE cycle = $1", cycle
        )
        return found

    async def editions(
        self,
        *,
        cycle: str | None = None,
        on: date | None = None,
        department_id: str | None = None,
    ) -> list[Edition]:
        """Editions that fit everything given, by date, cycle and department name."""
        self._require_reports()
        if department_id is not None:
            self._require(department_id)
        rows = await self._connection.fetch(
            """
            SELECT e.*, d.name, d.area_name FROM edition e JOIN department d USING (department_id)
            WHERE ($1::text IS NULL OR e.cycle = $1) AND ($2::date IS NULL OR e.business_date = $2)
              AND ($3::text IS NULL OR e.department_id = $3)
            ORDER BY e.business_date, e.cycle, d.name, e.department_id
            """,
            cycle,
            on,
            department_id,
        )
        return [_edition(row) for row in rows]

    async def dates(self, cycle: str | None = None) -> list[date]:
        """Business dates that have an edition, oldest first."""
        self._require_reports()
        rows = await self._connection.fetch(
            """
            SELECT DISTINCT business_date FROM edition
            WHERE $1::text IS NULL OR cycle = $1 ORDER BY business_date
            """,
            cycle,
        )
        return [row["business_date"] for row in rows]

    async def edition(
        self, department_id: str, cycle: str, on: date | None = None
    ) -> Edition | None:
        """The edition of that date, or the newest; None when there is none."""
        self._require(department_id)
        row = await self._connection.fetchrow(
            """
            SELECT e.*, d.name, d.area_name FROM edition e JOIN department d USING (department_id)
            WHERE e.department_id = $1 AND e.cycle = $2 AND ($3::date IS NULL OR business_date = $3)
            ORDER BY business_date DESC LIMIT 1
            """,
            department_id,
            cycle,
            on,
        )
        return _edition(row) if row else None

    async def neighbours(self, edition: Edition) -> tuple[Edition | None, Edition | None]:
        """The edition before and the one after this one of the same department and cycle."""
        self._require(edition.department.department_id)
        rows = await self._connection.fetch(
            """
            SELECT e.*, d.name, d.area_name FROM edition e JOIN department d USING (department_id)
            WHERE e.department_id = $1 AND e.cycle = $2 AND e.business_date IN (
                (SELECT max(business_date) FROM edition
                 WHERE department_id = $1 AND cycle = $2 AND business_date < $3),
                (SELECT min(business_date) FROM edition
                 WHERE department_id = $1 AND cycle = $2 AND business_date > $3))
            """,
            edition.department.department_id,
            edition.cycle,
            edition.business_date,
        )
        found = [_edition(row) for row in rows]
        before = next((e for e in found if e.business_date < edition.business_date), None)
        after = next((e for e in found if e.business_date > edition.business_date), None)
        return before, after

    async def content(self, edition: Edition) -> bytes:
        """The edition's canonical CSV, byte for byte as it was made."""
        self._require(edition.department.department_id)
        csv: bytes = await self._connection.fetchval(
            "SELECT csv FROM edition_content WHERE department_id = $1 AND sha256 = $2",
            edition.department.department_id,
            edition.sha256,
        )
        return csv

    async def contents(self, editions: Iterable[Edition]) -> dict[tuple[str, str], bytes]:
        """Canonical CSVs by (department, digest), in one read."""
        self._require_reports()
        wanted = {(e.department.department_id, e.sha256) for e in editions}
        rows = await self._connection.fetch(
            """
            SELECT c.department_id, c.sha256, c.csv FROM edition_content c
            JOIN unnest($1::text[], $2::text[]) AS w(department_id, sha256)
            USING (department_id, sha256)
            """,
            [department_id for department_id, _ in wanted],
            [sha256 for _, sha256 in wanted],
        )
        return {(row["department_id"], row["sha256"]): row["csv"] for row in rows}

    async def names(self, edition: Edition, person_ids: Iterable[str]) -> dict[str, str | None]:
        """Preferred names of people in an edition the viewer sees; None is an erased person."""
        self._require(edition.department.department_id)
        rows = await self._connection.fetch(
            "SELECT person_id, display_name FROM contact WHERE person_id = ANY($1::text[])",
            list(person_ids),
        )
        return {row["person_id"]: row["display_name"] for row in rows}

    async def department_names(self, department_ids: Iterable[str]) -> dict[str, str]:
        """Names of departments; no secret, as they are printed on the campus map."""
        rows = await self._connection.fetch(
            "SELECT department_id, name FROM department WHERE department_id = ANY($1::text[])",
            list(department_ids),
        )
        return {row["department_id"]: row["name"] for row in rows}

    async def cycles(self) -> list[CyclePublished]:
        """Every cycle, the newest first."""
        rows = await self._connection.fetch(
            "SELECT definition FROM cycle ORDER BY last_due_on DESC, cycle DESC"
        )
        return [CyclePublished.model_validate_json(row["definition"]) for row in rows]

    async def night(self, cycle: str, on: date) -> Night | None:
        """A night's totals, for those who see every department; None to everybody else."""
        if not self.viewer.sees_all:
            return None
        row = await self._connection.fetchrow(
            "SELECT * FROM edition_night WHERE cycle = $1 AND business_date = $2", cycle, on
        )
        if row is None:
            return None
        return Night(row["business_date"], row["cycle"], row["cutoff_at"], _counts(row))

    async def releases(self, cycle: str) -> list[Release]:
        """How far each group has come, for those who see every department."""
        if not self.viewer.sees_all:
            return []
        rows = await self._connection.fetch(
            'SELECT "group", released_on, total FROM group_release WHERE cycle = $1', cycle
        )
        return [Release(*row) for row in rows]

    async def figures(self, cycle: str) -> list[dict[str, Any]]:
        """Per group (None: people in no group) how many are where now, and mails accepted."""
        if not self.viewer.sees_all:
            return []
        rows = await self._connection.fetch(
            f"""
            SELECT o."group",
                   count(*) FILTER (WHERE status IN ('scheduled', 'released', 'overdue',
                                                     'completed', 'completed_late')) AS required,
                   count(released_at) AS released,
                   count(*) FILTER (WHERE status IN ('completed', 'completed_late')) AS done,
                   count(*) FILTER (WHERE status = 'overdue') AS overdue,
                   coalesce(sum(m.accepted), 0)::int AS mails
            FROM obligation o LEFT JOIN (
                SELECT coalesce(p.merged_into, person_id) AS person_id, count(*) AS accepted
                FROM mail LEFT JOIN person p USING (person_id)
                WHERE cycle = $1 AND state = 'accepted' GROUP BY 1
            ) m USING (person_id)
            WHERE o.cycle = $1 AND {REPORTED}
            GROUP BY o."group"
            """,  # noqa: S608 — put together from our own text
            cycle,
        )
        return [dict(row) for row in rows]

    def _require(self, department_id: str) -> None:
        if not self.viewer.sees(department_id):
            raise Denied(department_id)

    def _require_reports(self) -> None:
        if not self.viewer.reads_reports:
            raise Denied("*")


def _edition(row: Any) -> Edition:
    return Edition(
        row["business_date"],
        row["cycle"],
        Department(row["department_id"], row["name"], row["area_name"]),
        row["cutoff_at"],
        _counts(row),
        row["sha256"],
    )


def _counts(row: Any) -> Counts:
    return Counts(row["required"], row["released"], row["done"], row["overdue"], row["exempt"])
