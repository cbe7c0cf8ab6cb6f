"""The mail sink as a process that can be started, killed and read."""

import subprocess
import sys
from pathlib import Path

from embedded.journal import AcceptedMail, read_journal
from embedded.leash import kill_tree, leashed, stop, wait_until
from embedded.ports import LOOPBACK, free_port, is_listening


class MailServer:
    """One mail sink with its journal in `folder`; `port` 0 picks a free one for its life."""

    host = LOOPBACK

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def journal(self) -> Path:
        """The file of accepted messages."""
        return self._folder / "mails.jsonl"

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def accepted(self) -> list[AcceptedMail]:
        """Every message accepted so far, over all restarts."""
        return list(read_journal(self.journal))

    def launch(self) -> None:
        """Start the process without waiting for it."""
        command = [sys.executable, "-m", "embedded.mailsink"]
        options = [f"--port={self.port}", f"--journal={self.journal}"]
        self._process = leashed([*command, *options], log=self._log)

    def wait_ready(self, timeout: float = 20.0) -> None:
        """Wait until it accepts connections.

        Raises:
            RuntimeError: it ended or was not ready after `timeout` seconds.
        """
        assert self._process is not None, "launch it first"
        wait_until(
            lambda: is_listening(self.port),
            self._process,
            name="The mail sink",
            log=self._log,
            timeout=timeout,
        )

    def start(self) -> None:
        """Launch and wait until ready; does nothing when it already runs."""
        if self.pid is None:
            self.launch()
            self.wait_ready()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is not None:
            kill_tree(self._process)

    def stop(self, grace: float = 5.0) -> None:
        """End it in order, or by SIGKILL after `grace` seconds."""
        if self._process is not None:
            stop(self._process, grace=grace)

    @property
    def _log(self) -> Path:
        return self._folder / "mailsink.log"
