"""Who exists, by which names a learning system may call them, and who was erased."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from chassis.postgres import Connection
from completion.domain import Candidate, MatchedBy
from completion.store.columns import columns

_MATCHING = 0x6D617463  # advisory lock of whoever matches requests with people


async def lock_matching(connection: Connection) -> None:
    """Wait for, and keep until the transaction ends, the right to match requests with people.

    Without it a person could arrive between "nobody has that id" and "keep it as unmatched",
    each transaction not seeing the other, and the request would wait for ever.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MATCHING)


async def find_people(
    connection: Connection, references: Mapping[str, str]
) -> dict[str, list[Candidate]]:
    """Candidates for each reference; `references` maps it, stripped, to its folded form."""
    rows = await connection.fetch(
        """
        WITH asked AS (SELECT * FROM unnest($1::text[], $2::text[]) AS a(reference, folded)),
        named AS (
            SELECT reference, 1 AS matched_by, person_id FROM asked
                JOIN person ON person_id = reference
            UNION ALL
            SELECT reference, 2, person_id FROM asked JOIN contact ON login = folded
            UNION ALL
            SELECT reference, 3, person_id FROM asked JOIN contact ON email = folded
        )
        SELECT reference, matched_by, person_id, coalesce(merged_into, person_id)
        FROM named LEFT JOIN person USING (person_id)
        """,
        list(references),
        list(references.values()),
    )
    found: dict[str, list[Candidate]] = {}
    for reference, matched_by, person_id, human in rows:
        candidate = Candidate(MatchedBy(matched_by), person_id, human)
        found.setdefault(reference, []).append(candidate)
    return found


async def save_people(
    connection: Connection, people: Collection[tuple[str, int, str | None]]
) -> None:
    """Write (person id, version, person it is an alias of) once each; older is ignored."""
    await connection.execute(
        """
        INSERT INTO person (person_id, version, merged_into)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
        ON CONFLICT (person_id) DO UPDATE
            SET (version, merged_into) = (excluded.version, excluded.merged_into)
            WHERE person.version < excluded.version
        """,
        *columns(people, 3),
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
        *columns(contacts, 4),
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
