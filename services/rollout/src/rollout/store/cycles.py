"""The cycles and every policy they have had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.postgres import Connection


@dataclass(frozen=True)
class StoredPolicy:
    """A cycle file as it was published; `decided` is False while people are still being decided."""

    cycle: str
    policy_version: int
    source: str
    sha256: str
    published_at: datetime
    decided: bool


async def present_policies(connection: Connection) -> list[StoredPolicy]:
    """The policy each cycle has now, by cycle."""
    return [StoredPolicy(*row) for row in await connection.fetch(_PRESENT)]


async def policy(
    connection: Connection, cycle: str, policy_version: int | None = None
) -> StoredPolicy | None:
    """A policy of a cycle, the present one unless a version is named; None: no such."""
    row = await connection.fetchrow(_POLICY, cycle, policy_version)
    return StoredPolicy(*row) if row else None


async def take_turns(connection: Connection, cycle: str) -> None:
    """Let no other transaction publish this cycle, even for the first time, until this one ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", cycle)


async def add_policy(connection: Connection, stored: StoredPolicy) -> None:
    """Make a policy the cycle's present one, with nobody decided by it yet."""
    await connection.execute(
        _ADD_POLICY,
        stored.cycle,
        stored.policy_version,
        stored.source,
        stored.sha256,
        stored.published_at,
    )
    await connection.execute(_SET_POLICY, stored.cycle, stored.policy_version)


async def decided_to(connection: Connection, cycle: str, policy_version: int) -> str | None:
    """The last person id decided by this policy. Holds the cycle.

    None when all are decided, or another policy is the present one.
    """
    reached: str | None = await connection.fetchval(_DECIDED_TO, cycle, policy_version)
    return reached


async def set_decided_to(connection: Connection, cycle: str, person_id: str | None) -> None:
    """Remember how far deciding everybody has come; None: to the end."""
    await connection.execute("UPDATE cycle SET decided_to = $2 WHERE cycle = $1", cycle, person_id)


async def released_groups(connection: Connection, cycle: str) -> dict[str, int]:
    """How many people each group has released; groups without any are missing."""
    rows = await connection.fetch(
        "SELECT group_id, total FROM group_release WHERE cycle = $1 ORDER BY group_id", cycle
    )
    return {row["group_id"]: row["total"] for row in rows}


_COLUMNS = "p.cycle, p.policy_version, p.source, p.sha256, p.published_at, c.decided_to IS NULL"
_PRESENT = f"""
SELECT {_COLUMNS} FROM cycle c JOIN policy p USING (cycle, policy_version) ORDER BY p.cycle
"""  # noqa: S608 - only the constant above is put in
_POLICY = f"""
SELECT {_COLUMNS} FROM cycle c JOIN policy p USING (cycle)
WHERE p.cycle = $1 AND p.policy_version = coalesce($2, c.policy_version)
"""  # noqa: S608 - only the constant above is put in
_ADD_POLICY = """
INSERT INTO policy (cycle, policy_version, source, sha256, published_at)
VALUES ($1, $2, $3, $4, $5)
"""
_SET_POLICY = """
INSERT INTO cycle (cycle, policy_version, decided_to) VALUES ($1, $2, '')
ON CONFLICT (cycle) DO UPDATE SET policy_version = excluded.policy_version, decided_to = ''
"""
_DECIDED_TO = """
SELECT decided_to FROM cycle WHERE cycle = $1 AND policy_version = $2 FOR UPDATE
"""
