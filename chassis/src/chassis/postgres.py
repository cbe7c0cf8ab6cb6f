"""Connections to Postgres, with a time limit on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

COMMAND_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10.0


async def open_pool(dsn: str, *, name: str, max_size: int = 10) -> Pool:
    """A pool whose every wait ends: connecting, a command, a lock, an idle transaction.

    `name` is shown by pg_stat_activity. Raises what asyncpg raises while the server is away.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=max_size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        max_inactive_connection_lifetime=300,
        server_settings={
            "application_name": name,
            "lock_timeout": "10000",
            "statement_timeout": str(int(COMMAND_TIMEOUT_S * 1000)),
            "idle_in_transaction_session_timeout": "30000",
            "timezone": "UTC",
        },
    )
