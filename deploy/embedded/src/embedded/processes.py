"""A small supervisor: named processes, restarted when they end, gone when we are gone."""

import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded.leash import kill_tree, leashed, stop

_POLL_SECONDS = 0.05
_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 10.0
_DOUBLINGS = 6
_HEALTHY_SECONDS = 20.0


@dataclass(slots=True)
class _Managed:
    argv: Sequence[str | Path]
    env: Mapping[str, str] | None
    log: Path
    restart: bool
    process: "subprocess.Popen[bytes]"
    started: float = field(default_factory=time.monotonic)
    failures: int = 0
    restarts: int = 0
    due: float | None = None

    def plan_restart(self, now: float) -> None:
        self.failures = 0 if now - self.started > _HEALTHY_SECONDS else self.failures
        self.due = now + min(_FIRST_DELAY_SECONDS * 2**self.failures, _LONGEST_DELAY_SECONDS)
        # Doubling ends early: after a night of failures the power is more than a float holds.
        self.failures = min(self.failures + 1, _DOUBLINGS)

    def start_again(self, now: float) -> None:
        self.process = leashed(self.argv, log=self.log, env=self.env)
        self.started, self.due = now, None
        self.restarts += 1


class Supervisor:
    """Runs processes in their own process groups, each with its own log file.

    A process started with `restart` comes back after 0.2 s, doubling up to 10 s while it keeps
    ending within 20 s. If we are killed, the kernel kills them all. Use it from the main thread.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._managed: dict[str, _Managed] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        restart: bool = True,
    ) -> int:
        """Start a process under `name` and return its id; `env` is its whole environment.

        Raises:
            ValueError: a process of that name is still running.
        """
        with self._lock:
            if self.is_running(name):
                raise ValueError(f"{name} is already running")
            log = self._logs / f"{name}.log"
            process = leashed(argv, log=log, env=env)
            self._managed[name] = _Managed(argv, env, log, restart, process)
            self._watch()
            return process.pid

    def names(self) -> list[str]:
        """The processes in the order they were started in."""
        return list(self._managed)

    def is_running(self, name: str) -> bool:
        """Whether that process is alive at this moment."""
        managed = self._managed.get(name)
        return managed is not None and managed.process.poll() is None

    def pid(self, name: str) -> int:
        """The id of the latest process of that name."""
        return self._managed[name].process.pid

    def restarts(self, name: str) -> int:
        """How often that process was started again."""
        return self._managed[name].restarts

    def log(self, name: str) -> Path:
        """The file that process writes its output to."""
        return self._managed[name].log

    def kill(self, name: str) -> None:
        """End that process and its descendants with SIGKILL; it comes back if it restarts."""
        kill_tree(self._managed[name].process)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send that process a signal, SIGSTOP and SIGCONT included."""
        self._managed[name].process.send_signal(number)

    def stop(self, name: str, *, grace: float = 15.0) -> None:
        """End that process for good: SIGTERM, then SIGKILL after `grace` seconds."""
        with self._lock:
            managed = self._managed.pop(name)
        stop(managed.process, grace=grace)

    def stop_all(self, *, grace: float = 15.0) -> None:
        """End every process for good, the last one started first."""
        for name in reversed(self.names()):
            self.stop(name, grace=grace)
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._stopping.clear()

    def _watch(self) -> None:
        # A process it restarts dies with this thread, which is why the thread lives to the end.
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._restart_ended, daemon=True)
            self._watcher.start()

    def _restart_ended(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            with self._lock:
                for managed in self._managed.values():
                    if managed.restart and managed.process.poll() is not None:
                        self._revive(managed)

    @staticmethod
    def _revive(managed: _Managed) -> None:
        now = time.monotonic()
        if managed.due is None:
            managed.plan_restart(now)
        elif now >= managed.due:
            managed.start_again(now)
