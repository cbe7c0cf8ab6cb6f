"""Start processes that cannot outlive us, and end them by their own id."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

_COMPLAINT = re.compile("ERROR|FATAL|Exception|Error:")
_TETHER = Path(__file__).with_name("tether.py")


def leashed(
    argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start `argv` in its own process group, appending its output to `log`.

    On Linux the kernel kills it when the calling *thread* ends, so call this from a thread that
    lives as long as the process should: the main one, or a supervisor's.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-IS", _TETHER, str(os.getpid()), *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            process_group=0,
        )


def kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL the process and all its descendants, and wait until they are gone.

    Does nothing once the process has ended: its id may be another's by now.
    """
    if process.poll() is not None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        # Stopped first, so that it cannot start another child while its children are listed.
        root.suspend()
        descendants = root.children(recursive=True)
        for each in [root, *descendants]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()
        while any(_alive(each) for each in descendants):
            time.sleep(0.005)


def _alive(process: psutil.Process) -> bool:
    # An orphan stays a zombie until init reaps it, which some container inits do late or never.
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def stop(
    process: "subprocess.Popen[bytes]", *, grace: float, ask: signal.Signals = signal.SIGTERM
) -> None:
    """Ask the process to end with `ask`; after `grace` seconds kill it and its descendants."""
    if process.poll() is None:
        process.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    kill_tree(process)


def wait_until(
    ready: Callable[[], bool],
    process: "subprocess.Popen[bytes]",
    *,
    name: str,
    log: Path,
    timeout: float,
) -> None:
    """Poll `ready` until it is true.

    Raises:
        RuntimeError: the process ended, or `timeout` seconds passed; holds the log's complaints.
    """
    deadline = time.monotonic() + timeout
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "did not become ready" if process.poll() is None else "ended while starting"
            raise RuntimeError(f"{name} {state}; from {log}:\n{_complaints(log)}")
        time.sleep(0.02)


def _complaints(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    complaints = [line for line in lines if _COMPLAINT.search(line)]
    return "\n".join((complaints or lines)[-12:])
