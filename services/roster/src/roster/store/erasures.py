"""Who is erased, and every place where personal data is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.postgres import Connection


async def erase(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """Delete all personal data of these ids, and remember that it is not to come back."""
    await connection.execute(_REMEMBER, ids, at)
    for statement in _FORGET:
        await connection.execute(statement, ids)


async def erased_of(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that are erased."""
    rows = await connection.fetch(
        "SELECT person_id FROM erasure WHERE person_id = ANY($1::text[])", ids
    )
    return {row["person_id"] for row in rows}


async def all_erased(connection: Connection) -> list[str]:
    """Every erased id, sorted."""
    rows = await connection.fetch("SELECT person_id FROM erasure ORDER BY person_id")
    return [row["person_id"] for row in rows]


_REMEMBER = """
INSERT INTO erasure (person_id, erased_at) SELECT unnest($1::text[]), $2
ON CONFLICT (person_id) DO NOTHING
"""
_FORGET = (
    "DELETE FROM contact WHERE person_id = ANY($1::text[])",
    "DELETE FROM reported_contact WHERE person_id = ANY($1::text[])",
    "DELETE FROM former_contact WHERE person_id = ANY($1::text[])",
    # The rows stay, with ids: a whole file that does not name somebody separates them.
    """
    UPDATE import_person SET display_name = '', email = NULL, login = NULL
    WHERE person_id = ANY($1::text[])
    """,
    """
    UPDATE scim_user SET
        ended_at = coalesce(ended_at, now()), user_name_key = NULL, resource = '{}',
        search = '{}'
    WHERE person_id = ANY($1::text[])
    """,
)
