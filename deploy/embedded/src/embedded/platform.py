"""Kafka, Postgres and a mail server on this machine, together."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.derived import DerivedSecrets
from embedded.kafka import Broker
from embedded.mailserver import MailServer
from embedded.postgres import Postgres
from embedded.server import Server


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback TCP ports; 0 picks a free one."""

    kafka: int = 0
    postgres: int = 0
    smtp: int = 0


class Platform:
    """Everything the services need, with its data and logs in one folder.

    The folder outlives the platform: a later start finds the topics, rows and mails again.
    `durable=False` lets Postgres skip fsync, for tests. Topics are not made here: they belong to
    the services' contracts.
    """

    def __init__(self, folder: Path, ports: Ports | None = None, *, durable: bool = True) -> None:
        ports = ports or Ports()
        self.folder = folder
        self.secrets = DerivedSecrets(folder)
        self.broker = Broker(folder / "kafka", ports.kafka)
        self.postgres = Postgres(folder / "postgres", ports.postgres, durable=durable)
        self.mail = MailServer(folder / "mail", ports.smtp)

    def start(self, databases: Iterable[str] = ()) -> None:
        """Start all three and create a database with two roles for each name; takes 3 to 5 s.

        Raises:
            RuntimeError: one did not start; whatever had started is stopped again.
        """
        try:
            self._start()
            self.postgres.create_service_databases(databases)
        except BaseException:
            self.stop()
            raise

    @property
    def servers(self) -> tuple[Server, ...]:
        """All three, in the order in which they are ended."""
        return (self.mail, self.broker, self.postgres)

    def stop(self) -> None:
        """End all three in order, the others even if one makes trouble; the data stays."""
        with ExitStack() as stack:
            for server in reversed(self.servers):
                stack.callback(server.stop)

    def __enter__(self) -> Self:
        """Start without any service's database."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _start(self) -> None:
        with ThreadPoolExecutor() as pool:
            for prepared in [pool.submit(server.prepare) for server in self.servers]:
                prepared.result()
        # Launched from this thread, because a process dies with the thread that launched it.
        for server in self.servers:
            if server.pid is None:
                server.launch()
        for server in self.servers:
            server.wait_ready()
