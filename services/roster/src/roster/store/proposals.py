"""Pairs of ids that may be one human, for the office to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chassis.postgres import Connection


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two ids that may be one human; `cause` is `login`, `email` or `rehire`."""

    id: int
    person_id: str
    other_id: str
    cause: str
    state: str
    proposed_at: datetime
    decided_at: datetime | None


async def propose(connection: Connection, ids: Sequence[str], at: datetime) -> int:
    """Propose whoever shares a login or an address with one of `ids`, or a name after leaving.

    Returns how many pairs are new. A pair is proposed once, whatever becomes of it.
    """
    done = await connection.execute(_PROPOSE, ids, at)
    return int(done.rpartition(" ")[2])


async def list_proposals(connection: Connection, state: str, limit: int) -> list[Proposal]:
    """The proposals in that state, the oldest first."""
    rows = await connection.fetch(_LIST, state, limit)
    return [Proposal(**dict(row)) for row in rows]


async def get(connection: Connection, proposal_id: int) -> Proposal | None:
    """One proposal, held to the end of the transaction; None when there is none."""
    row = await connection.fetchrow(_GET, proposal_id)
    return Proposal(**dict(row)) if row else None


async def decide_pair(
    connection: Connection, person_id: str, other_id: str, state: str, at: datetime
) -> None:
    """Close the open proposal of these two, in whatever order; without one, do nothing."""
    first, second = sorted((person_id, other_id))
    await connection.execute(_DECIDE, first, second, state, at)


# A name is evidence only when one of the two had left before the other came; a login or an address
# that many share (five, the person among them) is nobody's own. LIMIT keeps that look-up short and
# on its index.
_PROPOSE = """
INSERT INTO merge_proposal (person_id, other_id, cause, proposed_at)
SELECT DISTINCT ON (least(c.person_id, o.person_id), greatest(c.person_id, o.person_id))
       least(c.person_id, o.person_id), greatest(c.person_id, o.person_id), o.cause, $2
FROM contact c
JOIN person p USING (person_id)
CROSS JOIN LATERAL (
    SELECT person_id, cause, rank
    FROM (
        SELECT person_id, cause, rank, count(*) OVER (PARTITION BY rank) AS sharing
        FROM (
            (SELECT person_id, 'login' AS cause, 1 AS rank FROM contact
             WHERE lower(login) = lower(c.login) LIMIT 5)
            UNION ALL
            (SELECT person_id, 'email', 2 FROM contact
             WHERE lower(email) = lower(c.email) LIMIT 5)
            UNION ALL
            (SELECT person_id, 'rehire', 3 FROM contact
             WHERE lower(display_name) = lower(c.display_name) LIMIT 5)
        ) AS alike
    ) AS counted
    WHERE sharing < 5 AND person_id <> c.person_id
) AS o
JOIN LATERAL (SELECT facts, merged_into FROM person WHERE person_id = o.person_id OFFSET 0) AS r
    ON true
WHERE c.person_id = ANY($1::text[])
  AND coalesce(p.merged_into, p.person_id) <> coalesce(r.merged_into, o.person_id)
  AND (o.cause <> 'rehire'
       OR (r.facts ->> 'separated_on') < (p.facts ->> 'onboarded_on')
       OR (p.facts ->> 'separated_on') < (r.facts ->> 'onboarded_on'))
ORDER BY 1, 2, o.rank
ON CONFLICT (person_id, other_id) DO NOTHING
"""
_LIST = """
SELECT id, person_id, other_id, cause, state, proposed_at, decided_at
FROM merge_proposal WHERE state = $1 ORDER BY id LIMIT $2
"""
_GET = """
SELECT id, person_id, other_id, cause, state, proposed_at, decided_at
FROM merge_proposal WHERE id = $1 FOR UPDATE
"""
_DECIDE = """
UPDATE merge_proposal SET state = $3, decided_at = $4
WHERE person_id = $1 AND other_id = $2 AND state = 'open'
"""
