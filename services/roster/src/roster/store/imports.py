"""What is kept of every file taken in."""

from __future__ import annotations

import json

from chassis.postgres import Connection
from roster.store.receipts import Receipt


async def write_import(
    connection: Connection, receipt: Receipt, kind: str, sha256: str, counts: dict[str, int]
) -> None:
    """Record that this file was applied."""
    await connection.execute(
        _WRITE_IMPORT, receipt.intake_id, kind, sha256, json.dumps(counts), receipt.received_at
    )


_WRITE_IMPORT = """
INSERT INTO import_run (id, kind, sha256, counts, received_at) VALUES ($1, $2, $3, $4::jsonb, $5)
"""
