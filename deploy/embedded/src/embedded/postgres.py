"""A real Postgres server on the loopback interface, with its data in a folder of its own."""

import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from embedded.binaries import POSTGRES_BINARIES
from embedded.derived import DerivedSecrets
from embedded.ports import LOOPBACK
from embedded.server import Server
from embedded.service_databases import create_service_databases
from embedded.unprivileged import hand_over, unprivileged

SUPERUSER = "postgres"


class Postgres(Server):
    """One server whose roles log in over TCP with a password of their own.

    The passwords come from a secret in the folder and last as long as the data. `durable=False`
    gives up surviving a power cut, for tests.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # disconnects the clients; SIGTERM would wait for them

    def __init__(self, folder: Path, port: int = 0, *, durable: bool = True) -> None:
        super().__init__(folder, port)
        self._data = folder / "data"
        self._durable = durable
        self._secrets = DerivedSecrets(folder)

    def password(self, role: str) -> str:
        """The role's password: the same for the same folder, useless for another."""
        return self._secrets.of(f"postgres role {role}")

    def url(self, role: str, database: str) -> str:
        """A connection URL with the role's password in it."""
        return f"postgresql://{role}:{self.password(role)}@{self.address}/{database}"

    @property
    def admin_url(self) -> str:
        """A connection URL of the superuser."""
        return self.url(SUPERUSER, "postgres")

    def create_service_databases(self, services: Iterable[str]) -> None:
        """Create each service's database and two roles, `<service>_owner` and `<service>`."""
        create_service_databases(self.admin_url, services, self.password)

    def _set_up(self) -> None:
        if not (self._data / "PG_VERSION").exists():
            self._initialise()

    def _command(self) -> list[str]:
        command: list[str | Path] = [POSTGRES_BINARIES / "postgres", "-D", self._data.absolute()]
        for setting, value in self._settings().items():
            command += ["-c", f"{setting}={value}"]
        return unprivileged(command)

    def _is_ready(self) -> bool:
        # The server's own word: its id on the first line, its state on the eighth. The id matters
        # because a killed server leaves the file behind.
        path = self._data / "postmaster.pid"
        lines = path.read_text().splitlines() if path.exists() else []
        return lines[:1] == [str(self.pid)] and [line.strip() for line in lines[7:]] == ["ready"]

    def _settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            # In the folder: what a killed server leaves in /dev/shm stays there for ever.
            "dynamic_shared_memory_type": "mmap",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Without the DETAIL of an error, which quotes values: an address has no place in a log.
            "log_error_verbosity": "terse",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return settings

    def _initialise(self) -> None:
        # Renamed when it is complete, because initdb writes PG_VERSION first.
        partial = self._folder / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        hand_over(partial)
        command: list[str | Path] = [
            POSTGRES_BINARIES / "initdb",
            f"--pgdata={partial.absolute()}",
            f"--username={SUPERUSER}",
            "--pwfile=/dev/stdin",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *([] if self._durable else ["--no-sync"]),
        ]
        done = subprocess.run(
            unprivileged(command),
            input=self.password(SUPERUSER),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")
        partial.rename(self._data)
