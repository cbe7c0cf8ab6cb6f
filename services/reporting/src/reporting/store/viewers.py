"""What the roster says of somebody who signs in."""

from __future__ import annotations

from datetime import date

from chassis.identity import Role, Standing
from chassis.postgres import Connection
from chassis.site import Example


async def standing_of(connection: Connection, person_id: str, today: date) -> Standing:
    """Departments and roles of this person at this moment; nothing for somebody nobody knows.

    The lead of an area, by whichever of its departments says so, leads all that are in it now.
    """
    row = await connection.fetchrow(
        """
        SELECT ARRAY(SELECT department_id FROM department
                     WHERE officer_ids @> ARRAY[$1::text]) AS officer_of,
               ARRAY(SELECT department_id FROM department d
                     WHERE area_lead_ids @> ARRAY[$1::text] OR area_id IN (
                         SELECT area_id FROM department WHERE area_lead_ids @> ARRAY[$1::text]
                     )) AS leads,
               coalesce((SELECT roles FROM role WHERE person_id = $1), '{}') AS roles,
               coalesce((SELECT separated_on < $2 FROM person WHERE person_id = $1), false) AS left
        """,
        person_id,
        today,
    )
    assert row is not None
    return Standing(
        officer_of=frozenset(row["officer_of"]),
        leads=frozenset(row["leads"]),
        roles=frozenset(row["roles"]),
        left=row["left"],
    )


async def person_of_login(connection: Connection, login: str) -> str | None:
    """Whose login this is, case aside; None when nobody's or several people's.

    A login that several ids of one human have is that of the id they were merged into.
    """
    rows = await connection.fetch(
        """
        SELECT DISTINCT coalesce(p.merged_into, c.person_id) AS person_id
        FROM contact c LEFT JOIN person p USING (person_id)
        WHERE lower(c.login) = lower($1) LIMIT 2
        """,
        login,
    )
    return rows[0]["person_id"] if len(rows) == 1 else None


async def examples(connection: Connection) -> list[Example]:
    """Officers, area leads, and one person per kind of case; for the demo's sign-in page."""
    rows = await connection.fetch(
        """
        (SELECT 'officer' AS role, id, name AS label FROM department, unnest(officer_ids) AS id
         ORDER BY name, id)
        UNION ALL
        (SELECT DISTINCT 'area_lead', id, coalesce(area_name, area_id, name)
         FROM department, unnest(area_lead_ids) AS id ORDER BY 3, 2)
        UNION ALL
        (SELECT DISTINCT ON (status, rule) 'person', person_id, status || ', ' || rule
         FROM obligation WHERE NOT hold ORDER BY status, rule, person_id LIMIT 60)
        """
    )
    return [Example(Role(row["role"]), row["id"], row["label"]) for row in rows]
