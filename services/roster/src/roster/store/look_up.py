"""What the office's pages look up: people by what is known of them, and who signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chassis.identity import Role, Standing
from chassis.postgres import Connection
from chassis.site import Example
from roster.store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody a search has found. Without a contact `display_name` and `login` are None."""

    person_id: str
    display_name: str | None
    login: str | None
    separated_on: str | None
    merged_into: str | None
    hold: bool
    erased: bool


async def search(connection: Connection, text: str, after: str, limit: int) -> list[Found]:
    """People whose id begins with `text`, whose name holds it, or whose login or address it is.

    Former logins and addresses count. In order of ids, from behind `after` on.
    """
    literal = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await connection.fetch(_SEARCH, text, literal, after, limit)
    return [Found(**dict(row)) for row in rows]


async def hold_of(connection: Connection, person_id: str) -> tuple[str, datetime] | None:
    """Why the person is on hold, as a code, and since when; None when not on hold."""
    row = await connection.fetchrow(
        "SELECT reason, held_at FROM person_hold WHERE person_id = $1", person_id
    )
    return (row["reason"], row["held_at"]) if row else None


async def proposals_of(connection: Connection, person_id: str) -> list[Proposal]:
    """The open proposals the person is in."""
    rows = await connection.fetch(
        "SELECT * FROM merge_proposal "
        "WHERE state = 'open' AND (person_id = $1 OR other_id = $1) ORDER BY id",
        person_id,
    )
    return [Proposal(**dict(row)) for row in rows]


async def standing_of(connection: Connection, person_id: str, today: date) -> Standing:
    """What the roster says of this person at this moment; nothing for somebody nobody knows.

    An alias stands as the person it is an alias of does.
    """
    row = await connection.fetchrow(_STANDING, person_id, today)
    assert row is not None
    return Standing(
        officer_of=frozenset(row["officer_of"]),
        leads=frozenset(row["leads"]),
        roles=frozenset(row["roles"]),
        left=row["left"],
    )


async def person_of_login(connection: Connection, login: str) -> str | None:
    """Whose login this is, case aside; None when nobody's or several people's."""
    rows = await connection.fetch(
        "SELECT person_id FROM contact WHERE lower(login) = lower($1) LIMIT 2", login
    )
    return rows[0]["person_id"] if len(rows) == 1 else None


async def examples(connection: Connection) -> list[Example]:
    """Officers and area leads, for the demo's sign-in page."""
    rows = await connection.fetch(
        """
        (SELECT 'officer' AS role, id, name AS label FROM department, unnest(officer_ids) AS id
         ORDER BY name, id LIMIT 500)
        UNION ALL
        (SELECT DISTINCT 'area_lead', id, coalesce(area_name, area_id, name)
         FROM department, unnest(area_lead_ids) AS id ORDER BY 3, 2)
        """
    )
    return [Example(Role(row["role"]), row["id"], row["label"]) for row in rows]


_SEARCH = """
WITH hit AS (
    SELECT person_id FROM person WHERE person_id LIKE $2 || '%'
    UNION
    SELECT person_id FROM contact
    WHERE lower(login) = lower($1) OR lower(email) = lower($1)
       OR lower(display_name) LIKE '%' || lower($2) || '%'
    UNION
    SELECT person_id FROM former_contact WHERE lower(value) = lower($1)
)
SELECT p.person_id, c.display_name, c.login, p.facts ->> 'separated_on' AS separated_on,
       p.merged_into, p.hold, e.person_id IS NOT NULL AS erased
FROM hit
JOIN person AS p USING (person_id)
LEFT JOIN contact AS c USING (person_id)
LEFT JOIN erasure AS e USING (person_id)
WHERE p.person_id > $3
ORDER BY p.person_id LIMIT $4
"""
_STANDING = """
SELECT ARRAY(SELECT department_id FROM department WHERE officer_ids @> ARRAY[$1::text])
           AS officer_of,
       ARRAY(SELECT department_id FROM department AS d
             WHERE area_lead_ids @> ARRAY[$1::text] OR area_id IN (
                 SELECT area_id FROM department WHERE area_lead_ids @> ARRAY[$1::text]
             )) AS leads,
       coalesce((SELECT roles FROM role_grant WHERE person_id = $1), '{}') AS roles,
       coalesce((
           SELECT (root.facts ->> 'separated_on')::date < $2
           FROM person AS p
           JOIN person AS root ON root.person_id = coalesce(p.merged_into, p.person_id)
           WHERE p.person_id = $1
       ), false) AS left
"""
