"""Tokens: who may use the door, as which source, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from chassis.postgres import Connection


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the token itself is known to its holder alone."""

    name: str
    source: str
    scopes: frozenset[str]
    person_id_from: str
    login_domain: str | None
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


async def find(connection: Connection, sha256: bytes) -> Token | None:
    """The token with that digest, unless it is revoked; noted as used, at most once a minute."""
    row = await connection.fetchrow(_FIND, sha256)
    if row is None:
        return None
    if row["stale"]:
        await connection.execute(_USED, row["name"])
    return _token(row)


async def add(connection: Connection, token: Token, sha256: bytes) -> bool:
    """Add it; False when there is one of that name."""
    try:
        await connection.execute(
            _ADD,
            token.name,
            token.source,
            sha256,
            sorted(token.scopes),
            token.person_id_from,
            token.login_domain,
            token.created_at,
        )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def revoke(connection: Connection, name: str, at: datetime) -> bool:
    """Revoke it for good; False when there is none of that name that still works."""
    return await connection.execute(_REVOKE, name, at) == "UPDATE 1"


async def every(connection: Connection) -> Sequence[Token]:
    """All tokens, revoked ones too, by name."""
    return [_token(row) for row in await connection.fetch(_EVERY)]


def _token(row: asyncpg.Record) -> Token:
    return Token(
        row["name"],
        row["source"],
        frozenset(row["scopes"]),
        row["person_id_from"],
        row["login_domain"],
        row["created_at"],
        row["revoked_at"],
        row["last_used_at"],
    )


# When a token was used is for people who look after machines: real time, not the calendar.
_FIND = """
SELECT name, source, scopes, person_id_from, login_domain, created_at, revoked_at, last_used_at,
       last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS stale
FROM scim_token WHERE sha256 = $1 AND revoked_at IS NULL
"""
_USED = "UPDATE scim_token SET last_used_at = now() WHERE name = $1"
_ADD = """
INSERT INTO scim_token
    (name, source, sha256, scopes, person_id_from, login_domain, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_REVOKE = "UPDATE scim_token SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL"
_EVERY = """
SELECT name, source, scopes, person_id_from, login_domain, created_at, revoked_at, last_used_at
FROM scim_token ORDER BY name
"""
