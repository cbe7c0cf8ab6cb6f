"""Which ids a file has named so far, whatever the number of them."""

from __future__ import annotations

import sqlite3


class Seen:
    """A set of ids in a temporary file, of which a few megabytes are in memory.

    A set of Python's grows by 90 MB per million ids, for as long as an import runs.
    """

    def __init__(self) -> None:
        # One thread reads a file, but not the same one for each of its batches.
        self._ids = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._ids.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._ids.execute("BEGIN")

    def add(self, name: str) -> bool:
        """Whether this id is named for the first time."""
        return self._ids.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,)).rowcount == 1

    def close(self) -> None:
        """Remove the file."""
        self._ids.close()
