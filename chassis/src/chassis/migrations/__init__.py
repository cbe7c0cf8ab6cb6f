"""Numbered SQL files of a package, each applied once, in order, in a transaction of its own."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg

from chassis.errors import NotReady, Stop

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_LOCK = 0x526F6C6C  # "Roll": one runner per database at a time
_JOURNAL = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One numbered file; `sha256` is compared with the journal so that history cannot change."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> list[Migration]:
    """The chassis's files and then the package's, by number; a number used twice is an error."""
    found: dict[int, Migration] = {}
    for owner in dict.fromkeys(("chassis", package)):
        for entry in files(owner).joinpath("migrations").iterdir():
            match = _NAME.match(entry.name)
            if match is None:
                continue
            number = int(match.group(1))
            if number in found:
                raise Stop(
                    f"migration {number:04d} exists twice: {found[number].name}, {entry.name}"
                )
            found[number] = Migration(number, entry.name, entry.read_text(encoding="utf-8"))
    return [found[number] for number in sorted(found)]


async def migrate(owner_dsn: str, package: str, *, lock_timeout_ms: int = 5_000) -> list[str]:
    """Bring the database of `package` up to date; returns the names of the files applied.

    Runs as the owning role. A file that changed after it was applied stops the run, and a lock
    that cannot be had within `lock_timeout_ms` fails instead of queueing behind readers.
    """
    connection = await asyncpg.connect(owner_dsn, command_timeout=600)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(f"SET lock_timeout = {int(lock_timeout_ms)}")
        await connection.execute(_JOURNAL)
        applied = await _applied(connection)
        return [
            await _apply(connection, migration)
            for migration in migrations_of(package)
            if not _known(migration, applied)
        ]
    finally:
        await connection.close()


async def require_current(connection: Any, package: str) -> None:
    """Raise `NotReady` naming the files this build needs and the database does not have yet."""
    exists = await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL")
    applied = await _applied(connection) if exists else {}
    missing = [m.name for m in migrations_of(package) if not _known(m, applied)]
    if missing:
        raise NotReady(f"migrations not applied: {', '.join(missing)}")


async def _applied(connection: Any) -> dict[int, str]:
    rows = await connection.fetch("SELECT number, sha256 FROM migration")
    return {row["number"]: row["sha256"] for row in rows}


def _known(migration: Migration, applied: dict[int, str]) -> bool:
    if migration.number not in applied:
        return False
    if applied[migration.number] != migration.sha256:
        raise Stop(f"migration {migration.name} was changed after it had been applied")
    return True


async def _apply(connection: Any, migration: Migration) -> str:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.sha256,
        )
    return migration.name
