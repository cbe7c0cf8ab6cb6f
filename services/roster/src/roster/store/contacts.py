"""How to reach people, as published, and how they were reached before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.postgres import Connection
from roster.domain import Contact


@dataclass(frozen=True, slots=True)
class ContactVersion:
    """One version of how to reach a person."""

    person_id: str
    version: int
    effective_on: date
    contact: Contact


async def contacts_of(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, Contact]]:
    """How those of `ids` are reached who are, each with its version."""
    rows = await connection.fetch(_CONTACTS, ids)
    return {person_id: (version, Contact(*rest)) for person_id, version, *rest in rows}


async def write_contacts(
    connection: Connection, versions: Sequence[ContactVersion], received_at: datetime
) -> None:
    """Make these the newest versions; an address or login they replace becomes a former one."""
    changed = [each for each in versions if each.version > 1]
    if changed:
        await connection.execute(
            _KEEP, [c.person_id for c in changed], [c.effective_on for c in changed]
        )
    contacts = [each.contact for each in versions]
    await connection.execute(
        _WRITE,
        [each.person_id for each in versions],
        [each.version for each in versions],
        [each.effective_on for each in versions],
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
        received_at,
    )
    if changed:
        await connection.execute(_FORGET_PRESENT, [c.person_id for c in changed])


async def former_contacts_of(connection: Connection, person_id: str) -> list[tuple[str, str, date]]:
    """Addresses and logins the person no longer has: (kind, value, last day), newest first."""
    return [tuple(row) for row in await connection.fetch(_FORMER, person_id)]


_CONTACTS = """
SELECT person_id, version, display_name, email, login FROM contact
WHERE person_id = ANY($1::text[])
"""
_KEEP = """
INSERT INTO former_contact (person_id, kind, value, until_on)
SELECT c.person_id, f.kind, f.value, n.until_on
FROM unnest($1::text[], $2::date[]) AS n(person_id, until_on)
JOIN contact c USING (person_id)
CROSS JOIN LATERAL (VALUES ('email', c.email), ('login', c.login)) AS f(kind, value)
WHERE f.value IS NOT NULL
ON CONFLICT (person_id, kind, value) DO UPDATE SET until_on = excluded.until_on
"""
_WRITE = """
INSERT INTO contact (person_id, version, effective_on, received_at, display_name, email, login)
SELECT person_id, version, effective_on, $7, display_name, email, login
FROM unnest($1::text[], $2::bigint[], $3::date[], $4::text[], $5::text[], $6::text[])
     AS n(person_id, version, effective_on, display_name, email, login)
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, effective_on = excluded.effective_on,
    received_at = excluded.received_at, display_name = excluded.display_name,
    email = excluded.email, login = excluded.login
"""
_FORGET_PRESENT = """
DELETE FROM former_contact f USING contact c
WHERE f.person_id = ANY($1::text[]) AND c.person_id = f.person_id
  AND f.value = CASE f.kind WHEN 'email' THEN c.email ELSE c.login END
"""
_FORMER = """
SELECT kind, value, until_on FROM former_contact WHERE person_id = $1
ORDER BY until_on DESC, kind, value
"""
