"""Stop switches: everything, one kind of mail, or one cycle."""

from __future__ import annotations

from typing import Any, Literal

from chassis.postgres import Connection

Scope = Literal["all", "kind", "cycle"]

# True of a row of `mail m` that a switch holds back.
STOPPED = """EXISTS (
    SELECT FROM stop_switch s
    WHERE s.scope = 'all' OR (s.scope = 'kind' AND s.value = m.kind)
       OR (s.scope = 'cycle' AND s.value = m.cycle))"""


async def stop(connection: Connection, scope: Scope, value: str, reason: str) -> bool:
    """Hold mail back from now on; False when that switch was off already (its reason stays)."""
    done = await connection.execute(
        "INSERT INTO stop_switch (scope, value, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        scope,
        value,
        reason,
    )
    return bool(done != "INSERT 0 0")


async def resume(connection: Connection, scope: Scope, value: str) -> bool:
    """Let mail go again; False when that switch was not off."""
    done = await connection.execute(
        "DELETE FROM stop_switch WHERE scope = $1 AND value = $2", scope, value
    )
    return bool(done != "DELETE 0")


async def stopped(connection: Connection) -> list[dict[str, Any]]:
    """Every switch that holds mail back, oldest first."""
    rows = await connection.fetch(
        "SELECT scope, value, reason, stopped_at FROM stop_switch ORDER BY stopped_at, scope, value"
    )
    return [dict(row) for row in rows]
