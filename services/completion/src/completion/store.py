"""Every SQL statement of the completion service; each takes a connection and whole batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from chassis.postgres import Connection
from completion.domain import (
    Fact,
    Kind,
    MatchedBy,
    Module,
    Outcome,
    Standing,
    Statement,
    Target,
)

_MATCHING = 0x6D617463  # advisory lock of whoever matches requests with people


class Arrival(NamedTuple):
    """An accepted webhook as it came in; `received_at` is the calendar's."""

    source: str
    webhook_id: str
    webhook_timestamp: str
    webhook_signature: str
    received_at: datetime
    body: bytes


class Request(NamedTuple):
    """A stored webhook that is to be interpreted."""

    id: int
    source: str
    webhook_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What became of a request; `reference` (folded) is given when nobody was matched."""

    request: Request
    outcome: Outcome
    person_id: str | None = None
    reference: str | None = None


class Wait(NamedTuple):
    """Requests of one source that name the same unknown person, by the folded reference."""

    source: str
    reference: str
    requests: int
    first_request: int
    first_received_at: datetime


async def add_requests(connection: Connection, arrivals: Sequence[Arrival]) -> None:
    """Store what arrived, in one statement that commits by itself; known ids change nothing."""
    await connection.execute(
        """
        INSERT INTO webhook_request
            (source, webhook_id, webhook_timestamp, webhook_signature, received_at, body)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                             $6::bytea[])
        ON CONFLICT (source, webhook_id) DO NOTHING
        """,
        *map(list, zip(*arrivals, strict=True)),
        timeout=15,
    )


async def lock_matching(connection: Connection) -> None:
    """Wait for, and keep until the transaction ends, the right to match requests with people.

    Without it a person could arrive between "nobody has that id" and "keep it as unmatched",
    each transaction not seeing the other, and the request would wait for ever.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MATCHING)


async def next_requests(connection: Connection, limit: int) -> list[Request]:
    """The oldest requests that have not been interpreted. Hold `lock_matching`."""
    rows = await connection.fetch(
        """
        SELECT id, source, webhook_id, body FROM webhook_request
        WHERE outcome IS NULL ORDER BY id LIMIT $1
        """,
        limit,
    )
    return [Request(*row) for row in rows]


async def wait_again(connection: Connection, references: Collection[str]) -> int:
    """Let unmatched requests with these folded references be interpreted anew; returns how many.

    Hold `lock_matching`.
    """
    done = await connection.execute(
        """
        WITH taken AS (DELETE FROM unmatched WHERE reference = ANY($1::text[]) RETURNING request_id)
        UPDATE webhook_request SET outcome = NULL FROM taken WHERE id = request_id
        """,
        list(references),
    )
    return int(done.removeprefix("UPDATE "))


async def find_people(
    connection: Connection, references: Mapping[str, str]
) -> dict[str, list[tuple[MatchedBy, str]]]:
    """Candidates for each reference; `references` maps it, stripped, to its folded form."""
    rows = await connection.fetch(
        """
        WITH asked AS (SELECT * FROM unnest($1::text[], $2::text[]) AS a(reference, folded))
        SELECT reference, 1 AS matched_by, person_id FROM asked
            JOIN person ON person_id = reference
        UNION ALL
        SELECT reference, 2, person_id FROM asked JOIN contact ON login = folded
        UNION ALL
        SELECT reference, 3, person_id FROM asked JOIN contact ON email = folded
        """,
        list(references),
        list(references.values()),
    )
    found: dict[str, list[tuple[MatchedBy, str]]] = {}
    for reference, matched_by, person_id in rows:
        found.setdefault(reference, []).append((MatchedBy(matched_by), person_id))
    return found


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
        *_columns(modules, 3),
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
        *_columns(modules, 3),
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
        *_columns(
            [(*course, target.cycle, target.option) for course, target in targets.items()], 4
        ),
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
        *_columns([(*module, *statement) for module, statement in statements], 5),
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
        *_columns(rows, 8),
    )


async def settle(connection: Connection, results: Sequence[Interpreted]) -> None:
    """Write what became of each request; what nobody was matched with waits in `unmatched`.

    The text of what is said about the erased is deleted.
    """
    await connection.execute(
        """
        UPDATE webhook_request r SET outcome = t.outcome, person_id = t.person_id,
            body = CASE WHEN NOT EXISTS (
                SELECT FROM erased_person e WHERE e.person_id = t.person_id) THEN r.body END
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS t(id, outcome, person_id)
        WHERE r.id = t.id
        """,
        [result.request.id for result in results],
        [result.outcome for result in results],
        [result.person_id for result in results],
    )
    waiting = [result for result in results if result.outcome is Outcome.UNMATCHED]
    await connection.execute(
        """
        INSERT INTO unmatched (request_id, source, reference)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])
        """,
        [result.request.id for result in waiting],
        [result.request.source for result in waiting],
        [result.reference for result in waiting],
    )


async def add_people(connection: Connection, person_ids: Iterable[str]) -> None:
    """Note that these people exist."""
    await connection.execute(
        "INSERT INTO person (person_id) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING",
        list(person_ids),
    )


async def aliases_of(connection: Connection, person_ids: Iterable[str]) -> set[str]:
    """Folded logins and e-mail addresses of these people."""
    rows = await connection.fetch(
        "SELECT login, email FROM contact WHERE person_id = ANY($1::text[])", list(person_ids)
    )
    return {alias for row in rows for alias in row if alias}


async def save_contacts(
    connection: Connection, contacts: Sequence[tuple[str, int, str | None, str | None]]
) -> None:
    """Write (person id, version, folded login, folded e-mail) once each; older is ignored."""
    await connection.execute(
        "DELETE FROM erased_person WHERE person_id = ANY($1::text[])", [row[0] for row in contacts]
    )
    await connection.execute(
        """
        INSERT INTO contact (person_id, version, login, email)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
        ON CONFLICT (person_id) DO UPDATE
            SET (version, login, email) = (excluded.version, excluded.login, excluded.email)
            WHERE contact.version < excluded.version
        """,
        *_columns(contacts, 4),
    )


async def erase_people(connection: Connection, person_ids: Iterable[str]) -> None:
    """Delete the logins and addresses of these people, also where a learning system wrote them.

    That goes for what it will still write, until they have a contact again.
    """
    ids = list(person_ids)
    await connection.execute("DELETE FROM contact WHERE person_id = ANY($1::text[])", ids)
    await connection.execute(
        "INSERT INTO erased_person SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING", ids
    )
    await connection.execute(
        "UPDATE webhook_request SET body = NULL WHERE person_id = ANY($1::text[])", ids
    )


async def delete_requests(connection: Connection, before: datetime, limit: int) -> int:
    """Of the `limit` oldest interpreted requests, delete what came in `before`; returns how many.

    Ids are given in the order of arrival, so no index on the instant burdens the way in.
    """
    done = await connection.execute(
        """
        DELETE FROM webhook_request USING (
            SELECT id FROM webhook_request WHERE outcome <> 'unmatched' ORDER BY id LIMIT $2
        ) AS oldest
        WHERE webhook_request.id = oldest.id AND received_at < $1
        """,
        before,
        limit,
    )
    return int(done.removeprefix("DELETE "))


async def oldest_interpreted(connection: Connection) -> datetime | None:
    """When the oldest interpreted request came in."""
    came: datetime | None = await connection.fetchval(
        "SELECT received_at FROM webhook_request WHERE outcome <> 'unmatched' ORDER BY id LIMIT 1"
    )
    return came


async def count_waiting(connection: Connection) -> int:
    """Requests that have not been interpreted."""
    return int(
        await connection.fetchval("SELECT count(*) FROM webhook_request WHERE outcome IS NULL")
    )


async def list_unmatched(connection: Connection, limit: int) -> tuple[int, list[Wait]]:
    """How many requests are unmatched, and for whom they wait, the longest first."""
    rows = await connection.fetch(
        """
        SELECT u.source, u.reference, count(*), min(r.id), min(r.received_at)
        FROM unmatched u JOIN webhook_request r ON r.id = u.request_id
        GROUP BY u.source, u.reference ORDER BY min(r.received_at), min(r.id) LIMIT $1
        """,
        limit,
    )
    total = int(await connection.fetchval("SELECT count(*) FROM unmatched"))
    return total, [Wait(*row) for row in rows]


async def find_request(connection: Connection, request_id: int) -> dict[str, object] | None:
    """Everything stored of one request; `body` (bytes) is None once its person is erased."""
    row = await connection.fetchrow(
        """
        SELECT id, source, webhook_id, webhook_timestamp, received_at, outcome, person_id, body
        FROM webhook_request WHERE id = $1
        """,
        request_id,
    )
    return dict(row) if row else None


async def calendar_now(connection: Connection) -> datetime:
    """The calendar, for commands that run outside the service."""
    now: datetime = await connection.fetchval("SELECT coalesce((SELECT now FROM calendar), now())")
    return now


def _columns(rows: Collection[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as one list per column, also when there are none."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _fact(row: asyncpg.Record) -> Fact:
    person_id, source, course, cycle, option, completed_at, revoked, version = row
    return Fact(
        Module(person_id, source, course),
        Standing(completed_at, revoked),
        Target(cycle, option),
        version,
    )
