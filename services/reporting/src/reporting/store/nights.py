"""The nightly editions: what is left to make, the one read they are made from, and the writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.postgres import Connection
from reporting.domain import SHOWN, Counts, Obligation
from reporting.store.reported import REPORTED


@dataclass(frozen=True, slots=True)
class Made:
    """One department's edition, made and not yet written."""

    cycle: str
    department_id: str
    counts: Counts
    csv: bytes
    sha256: str


async def see_everything(connection: Connection) -> None:
    """Lift row security for the rest of the transaction: editions are made of everybody."""
    await connection.execute("SELECT set_config('reporting.sees_all', 'yes', true)")


async def cycles_with_zone(connection: Connection) -> list[tuple[str, date, str]]:
    """Every cycle known, its last due day and its zone."""
    rows = await connection.fetch(
        "SELECT cycle, last_due_on, definition::json ->> 'timezone' AS zone FROM cycle"
    )
    return [(row["cycle"], row["last_due_on"], row["zone"]) for row in rows]


async def without_edition(
    connection: Connection, business_date: date, cycles: Sequence[str], limit: int
) -> list[tuple[str, str]]:
    """(cycle, department) pairs that have no edition of that date yet, at most `limit`."""
    rows = await connection.fetch(
        """
        SELECT c.cycle, d.department_id
        FROM unnest($2::text[]) AS c(cycle) CROSS JOIN department d
        WHERE NOT EXISTS (SELECT FROM edition e WHERE e.business_date = $1
                          AND e.cycle = c.cycle AND e.department_id = d.department_id)
        ORDER BY c.cycle, d.department_id LIMIT $3
        """,
        business_date,
        list(cycles),
        limit,
    )
    return [(row["cycle"], row["department_id"]) for row in rows]


async def read_obligations(
    connection: Connection, zones: Mapping[str, str], department_ids: Sequence[str]
) -> list[Obligation]:
    """What is to be shown now of these cycles under any of these departments."""
    rows = await connection.fetch(
        f"""
        SELECT o.person_id, o.cycle, o.status, coalesce(o."group", ''),
               coalesce(to_char(o.released_at AT TIME ZONE c.zone, 'YYYY-MM-DD'), ''),
               coalesce(to_char(o.due_on, 'YYYY-MM-DD'), ''), o.department_ids
        FROM obligation o JOIN unnest($1::text[], $2::text[]) AS c(cycle, zone) USING (cycle)
        WHERE o.status = ANY($3::text[]) AND {REPORTED} AND o.department_ids && $4::text[]
        """,  # noqa: S608 — put together from our own text
        list(zones),
        list(zones.values()),
        sorted(SHOWN),
        list(department_ids),
    )
    return [Obligation(*row) for row in rows]


async def write_editions(
    connection: Connection, business_date: date, cutoff_at: datetime, made: Sequence[Made]
) -> None:
    """Write editions; content that a department had on an earlier night is not written again."""
    await connection.execute(
        """
        INSERT INTO edition_content (department_id, sha256, csv)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
        ON CONFLICT DO NOTHING
        """,
        [edition.department_id for edition in made],
        [edition.sha256 for edition in made],
        [edition.csv for edition in made],
    )
    await connection.execute(
        """
        INSERT INTO edition (business_date, cutoff_at, cycle, department_id, sha256,
                             required, released, done, overdue, exempt)
        SELECT $1::date, $2::timestamptz, t.*
        FROM unnest($3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::int[],
                    $10::int[]) AS t
        """,
        business_date,
        cutoff_at,
        [edition.cycle for edition in made],
        [edition.department_id for edition in made],
        [edition.sha256 for edition in made],
        *_columns([edition.counts for edition in made]),
    )


async def count_people(connection: Connection, cycles: Sequence[str]) -> dict[str, dict[str, int]]:
    """People of each cycle by status, each counted once."""
    rows = await connection.fetch(
        f"""
        SELECT cycle, status, count(*) AS people FROM obligation o
        WHERE status = ANY($2::text[]) AND {REPORTED} AND cycle = ANY($1::text[])
        GROUP BY cycle, status
        """,  # noqa: S608 — put together from our own text
        list(cycles),
        sorted(SHOWN),
    )
    found: dict[str, dict[str, int]] = {cycle: {} for cycle in cycles}
    for row in rows:
        found[row["cycle"]][row["status"]] = row["people"]
    return found


async def close_night(
    connection: Connection, business_date: date, cutoff_at: datetime, totals: Mapping[str, Counts]
) -> None:
    """Write the night's totals per cycle; a night closed already stays as it is."""
    await connection.execute(
        """
        INSERT INTO edition_night (business_date, cutoff_at, cycle, required, released, done,
                                   overdue, exempt)
        SELECT $1::date, $2::timestamptz, t.*
        FROM unnest($3::text[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[]) AS t
        ON CONFLICT DO NOTHING
        """,
        business_date,
        cutoff_at,
        list(totals),
        *_columns(list(totals.values())),
    )


def _columns(counts: Sequence[Counts]) -> tuple[list[int], ...]:
    return (
        [each.required for each in counts],
        [each.released for each in counts],
        [each.done for each in counts],
        [each.overdue for each in counts],
        [each.exempt for each in counts],
    )
