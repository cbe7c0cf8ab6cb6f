"""What Kafka, Postgres and the mail sink have in common: a process with a folder and a port."""

import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from embedded.leash import kill_tree, leashed, stop, wait_until
from embedded.locks import Claim
from embedded.ports import LOOPBACK, free_port


class Server(ABC):
    """A server on the loopback interface that can be crashed and brought back.

    Data in `folder` outlives the process, however it ends. `port` 0 picks a free one, which then
    stays the same for this object's life, so that clients find the server again.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        # Two servers in one folder corrupt it, and not each of them notices in time.
        self._claim = Claim(folder)

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """The server's own log, appended to over restarts."""
        return self._folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def prepare(self) -> None:
        """Do what has to be done once per folder, if it is still to be done.

        Raises:
            RuntimeError: another process uses the folder, or it could not be done.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._claim.take()
        self._set_up()

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._process = leashed(self._command(), log=self.log)

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until it serves clients.

        Raises:
            RuntimeError: it ended or was not ready after `timeout` seconds; holds its complaints.
        """
        assert self._process is not None, "launch it first"
        wait_until(self._is_ready, self._process, name=self.name, log=self.log, timeout=timeout)

    def start(self) -> None:
        """Prepare, launch and wait until ready; does nothing when it already runs.

        Raises:
            RuntimeError: it could not be started; nothing of it is left running.
        """
        if self.pid is not None:
            return
        try:
            self.prepare()
            self.launch()
            self.wait_ready()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it and all its processes with SIGKILL, as a crash would."""
        if self._process is not None:
            kill_tree(self._process)
        self._claim.release()

    def stop(self, grace: float = 20.0) -> None:
        """End it in order, or by SIGKILL after `grace` seconds."""
        if self._process is not None:
            stop(self._process, grace=grace, ask=self.stop_signal)
        self._claim.release()

    @abstractmethod
    def _set_up(self) -> None:
        """Make the folder ready for `_command`; what is done already is left alone."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """The program and its arguments."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether this very process says that it serves clients."""

    def _has_said(self, words: bytes) -> bool:
        """Whether these words are in the log of the present process."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return words in log.read()
