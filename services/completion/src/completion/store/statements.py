"""What learning systems stated about each module, and the fact it adds up to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import asyncpg

from chassis.postgres import Connection
from completion.domain import Fact, Kind, Module, Standing, Statement, Target
from completion.store.columns import columns


async def load_histories(
    connection: Connection, modules: Collection[Module]
) -> dict[Module, set[Statement]]:
    """Everything said so far about each module."""
    rows = await connection.fetch(
        """
        SELECT person_id, source, course, kind, at
        FROM module_statement
        JOIN unnest($1::text[], $2::text[], $3::text[]) AS m(person_id, source, course)
             USING (person_id, source, course)
        """,
        *columns(modules, 3),
    )
    histories: dict[Module, set[Statement]] = {module: set() for module in modules}
    for person_id, source, course, kind, at in rows:
        histories[Module(person_id, source, course)].add(Statement(Kind(kind), at))
    return histories


async def load_facts(connection: Connection, modules: Collection[Module]) -> dict[Module, Fact]:
    """The facts of `modules`, as last published."""
    rows = await connection.fetch(
        """
        SELECT person_id, source, course, cycle, option, completed_at, revoked, version
        FROM module_fact
        JOIN unnest($1::text[], $2::text[], $3::text[]) AS m(person_id, source, course)
             USING (person_id, source, course)
        """,
        *columns(modules, 3),
    )
    facts = [_fact(row) for row in rows]
    return {fact.module: fact for fact in facts}


async def facts_with_other_targets(
    connection: Connection, targets: Mapping[tuple[str, str], Target], limit: int
) -> list[Fact]:
    """Facts whose course, by (source, course), counts towards something else than `targets` say."""
    rows = await connection.fetch(
        """
        SELECT person_id, source, course, f.cycle, f.option, completed_at, revoked, version
        FROM module_fact f
        JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[])
             AS m(source, course, cycle, option) USING (source, course)
        WHERE (f.cycle, f.option) IS DISTINCT FROM (m.cycle, m.option)
        ORDER BY person_id, source, course LIMIT $5
        """,
        *columns([(*course, target.cycle, target.option) for course, target in targets.items()], 4),
        limit,
    )
    return [_fact(row) for row in rows]


async def add_statements(
    connection: Connection, statements: Iterable[tuple[Module, Statement]]
) -> None:
    """Remember what was said; what is known already changes nothing."""
    await connection.execute(
        """
        INSERT INTO module_statement (person_id, source, course, kind, at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
        ON CONFLICT DO NOTHING
        """,
        *columns([(*module, *statement) for module, statement in statements], 5),
    )


async def save_facts(connection: Connection, facts: Iterable[Fact]) -> None:
    """Write facts, each module once."""
    rows = [
        (
            *fact.module,
            fact.target.cycle,
            fact.target.option,
            fact.standing.completed_at,
            fact.standing.revoked,
            fact.version,
        )
        for fact in facts
    ]
    await connection.execute(
        """
        INSERT INTO module_fact
            (person_id, source, course, cycle, option, completed_at, revoked, version)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
                             $6::timestamptz[], $7::boolean[], $8::bigint[])
        ON CONFLICT (person_id, source, course) DO UPDATE
            SET (cycle, option, completed_at, revoked, version) =
                (excluded.cycle, excluded.option, excluded.completed_at, excluded.revoked,
                 excluded.version)
        """,
        *columns(rows, 8),
    )


def _fact(row: asyncpg.Record) -> Fact:
    person_id, source, course, cycle, option, completed_at, revoked, version = row
    return Fact(
        Module(person_id, source, course),
        Standing(completed_at, revoked),
        Target(cycle, option),
        version,
    )
