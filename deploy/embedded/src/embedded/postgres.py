"""A real Postgres server on the loopback interface, with its data in a folder of its own."""

import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from embedded.binaries import POSTGRES_BINARIES
from embedded.derived import DerivedSecrets
from embedded.leash import kill_tree, leashed, stop, wait_until
from embedded.ports import LOOPBACK, free_port
from embedded.service_databases import create_service_databases
from embedded.unprivileged import hand_over, unprivileged

SUPERUSER = "postgres"


class Postgres:
    """One server whose roles log in over TCP with a password of their own.

    Data in `folder` outlives the process, however it ends; so do the passwords, which come from a
    secret kept there. `port` 0 picks a free one for this object's life. `durable=False` gives up
    surviving a power cut, for tests.
    """

    def __init__(self, folder: Path, port: int = 0, *, durable: bool = True) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._port = port or free_port()
        self._durable = durable
        self._secrets = DerivedSecrets(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The server's own log, appended to over restarts."""
        return self._folder / "postgres.log"

    @property
    def port(self) -> int:
        """The loopback TCP port it listens on."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def password(self, role: str) -> str:
        """The role's password: the same for the same folder, useless for another."""
        return self._secrets.of(f"postgres role {role}")

    def url(self, role: str, database: str) -> str:
        """A connection URL with the role's password in it."""
        return f"postgresql://{role}:{self.password(role)}@{LOOPBACK}:{self._port}/{database}"

    @property
    def admin_url(self) -> str:
        """A connection URL of the superuser."""
        return self.url(SUPERUSER, "postgres")

    def create_service_databases(self, services: Iterable[str]) -> None:
        """Create each service's database and two roles, `<service>_owner` and `<service>`."""
        create_service_databases(self.admin_url, services, self.password)

    def prepare(self) -> None:
        """Initialise the data folder unless that is already done."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()

    def launch(self) -> None:
        """Start the process without waiting for it."""
        command: list[str | Path] = [POSTGRES_BINARIES / "postgres", "-D", self._data.absolute()]
        for setting, value in self._settings().items():
            command += ["-c", f"{setting}={value}"]
        self._process = leashed(unprivileged(command), log=self.log)

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Wait until the server accepts connections.

        Raises:
            RuntimeError: it ended or was not ready after `timeout` seconds.
        """
        assert self._process is not None, "launch it first"
        wait_until(self._is_ready, self._process, name="Postgres", log=self.log, timeout=timeout)

    def start(self) -> None:
        """Prepare, launch and wait until ready; does nothing when it already runs."""
        if self.pid is None:
            self.prepare()
            self.launch()
            self.wait_ready()

    def kill(self) -> None:
        """End it and its backends with SIGKILL, as a crash of the machine would."""
        if self._process is not None:
            kill_tree(self._process)

    def stop(self, grace: float = 20.0) -> None:
        """End it in order, cutting open connections, or by SIGKILL after `grace` seconds."""
        if self._process is not None:
            stop(self._process, grace=grace, ask=signal.SIGINT)

    def _is_ready(self) -> bool:
        # The server's own word: its id on the first line, its state on the eighth. The id matters
        # because a killed server leaves the file behind.
        path = self._data / "postmaster.pid"
        lines = path.read_text().splitlines() if path.exists() else []
        return lines[:1] == [str(self.pid)] and [line.strip() for line in lines[7:]] == ["ready"]

    def _settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return settings

    def _initialise(self) -> None:
        self._data.mkdir(exist_ok=True)
        hand_over(self._data)
        command: list[str | Path] = [
            POSTGRES_BINARIES / "initdb",
            f"--pgdata={self._data.absolute()}",
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
