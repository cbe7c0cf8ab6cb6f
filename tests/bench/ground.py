"""What a measurement stands on: a real broker and a real Postgres that syncs to disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.migrations import migrate
from embedded.kafka import Broker
from embedded.postgres import Postgres
from embedded.service_databases import owner_role


@dataclass(frozen=True)
class Ground:
    """Addresses, and how much work one measurement does; handed to each process as JSON."""

    bootstrap: str
    database_url: str
    owner_database_url: str
    events: int


class Backends:
    """A broker and a server of this run's own, in a folder that goes with it."""

    def __init__(self, folder: Path) -> None:
        self._broker = Broker(folder / "kafka")
        self._postgres = Postgres(folder / "postgres", durable=True)

    def start(self) -> None:
        self._broker.start()
        self._postgres.start()

    def stop(self) -> None:
        self._broker.kill()
        self._postgres.kill()

    async def ground(self, service: str, events: int) -> Ground:
        """Addresses of a migrated database of that service; the same one each time."""
        self._postgres.create_service_databases([service])
        owner = self._postgres.url(owner_role(service), service)
        await migrate(owner, service)
        return Ground(self._broker.bootstrap, self._postgres.url(service, service), owner, events)


@contextmanager
def running_backends(folder: Path) -> Iterator[Backends]:
    """Both, for as long as the block lasts; their data goes below `folder` and is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as temporary:
        backends = Backends(Path(temporary))
        try:
            backends.start()
            yield backends
        finally:
            backends.stop()
