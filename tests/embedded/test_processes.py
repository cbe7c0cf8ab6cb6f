"""The supervisor brings back what ends, and leaves nothing behind, not even when it is killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from embedded.processes import Supervisor
from support.waiting import eventually

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
PARENT = """
import json, sys, time
from pathlib import Path
from embedded.mailserver import MailServer
from embedded.postgres import Postgres
from embedded.processes import Supervisor

folder = Path(sys.argv[1])
mail, postgres, supervisor = MailServer(folder), Postgres(folder / "pg"), Supervisor(folder)
mail.start()
postgres.start()
supervisor.start("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
print(json.dumps([mail.pid, postgres.pid, supervisor.pid("sleeper")]), flush=True)
time.sleep(600)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop_all(grace=1.0)


async def test_a_killed_process_is_started_again(supervisor: Supervisor) -> None:
    first = supervisor.start("sleeper", SLEEPER)
    supervisor.kill("sleeper")

    await eventually(lambda: supervisor.restarts("sleeper") == 1)
    assert supervisor.is_running("sleeper")
    assert supervisor.pid("sleeper") != first


async def test_a_process_that_ends_at_once_is_started_less_and_less_often(
    supervisor: Supervisor,
) -> None:
    supervisor.start("broken", [sys.executable, "-c", "raise SystemExit(1)"])

    await eventually(lambda: supervisor.restarts("broken") == 2)
    managed = supervisor._managed["broken"]
    await eventually(lambda: managed.due is not None)
    assert managed.failures == 3


def test_a_process_that_failed_a_thousand_times_is_still_started_again(
    supervisor: Supervisor,
) -> None:
    supervisor.start("broken", [sys.executable, "-c", "raise SystemExit(1)"])
    managed = supervisor._managed["broken"]
    for _ in range(2_000):
        managed.plan_restart(managed.started)
    assert managed.due == managed.started + 10.0


async def test_a_process_that_shall_not_restart_stays_down(supervisor: Supervisor) -> None:
    supervisor.start("once", SLEEPER, restart=False)
    supervisor.kill("once")

    assert not supervisor.is_running("once")
    assert supervisor.restarts("once") == 0


async def test_stopping_reaches_a_process_that_ignores_sigterm(supervisor: Supervisor) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    pid = supervisor.start("stubborn", [sys.executable, "-c", f"{stubborn}; time.sleep(600)"])
    await eventually(supervisor.log("stubborn").read_text, because="the signal is ignored")

    supervisor.stop("stubborn", grace=0.2)
    assert not psutil.pid_exists(pid)


async def test_a_process_gets_its_environment_and_its_log(supervisor: Supervisor) -> None:
    command = [sys.executable, "-c", "import os; print(os.environ['WHO'])"]
    supervisor.start("greeter", command, env={"WHO": "roster"}, restart=False)

    await eventually(lambda: supervisor.log("greeter").read_text() == "roster\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties children to their parent")
async def test_nothing_is_left_running_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent, roots = _start_parent(tmp_path)
    started = [each for root in roots for each in [root, *root.children(recursive=True)]]
    assert len(started) > len(roots), "Postgres has processes of its own"

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    await eventually(lambda: not any(_runs(each) for each in started), because="all have ended")


def _start_parent(folder: Path) -> "tuple[subprocess.Popen[str], list[psutil.Process]]":
    command = [sys.executable, "-c", PARENT, str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as output:
        return parent, [psutil.Process(pid) for pid in json.loads(output.readline())]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
