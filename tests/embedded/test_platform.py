"""The platform as a whole, and the `rollcall` command on top of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from embedded.cli import app
from embedded.platform import Platform
from embedded.ports import free_port
from embedded.services import SERVICES, on_free_ports
from embedded.state import Part, read_state, write_state
from support.waiting import eventually

UP = """
import sys
from embedded import cli
cli.DEFAULT_PORTS = cli.Ports(*map(int, sys.argv[1:4]))
sys.argv = ["rollcall", "up", "--platform-only", "--folder", sys.argv[4]]
cli.main()
"""


def test_the_platform_starts_stops_and_starts_again_in_the_same_folder(tmp_path: Path) -> None:
    names = [service.name for service in SERVICES]
    for _ in range(2):
        platform = Platform(tmp_path, durable=False)
        platform.start(names)
        parts = (platform.broker, platform.postgres, platform.mail)
        assert all(part.pid is not None for part in parts)
        platform.stop()
        assert all(part.pid is None for part in parts)


def test_each_services_settings_carry_its_own_prefix_and_role(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    for service in SERVICES:
        settings = service.environment(platform)
        assert all(key.startswith(f"{service.name.upper()}_") for key in settings)
        assert f"//{service.name}:" in settings[f"{service.name.upper()}_DATABASE_URL"]


def test_two_platforms_fit_one_machine_when_services_take_free_ports() -> None:
    ports = [service.port for service in on_free_ports(SERVICES) + SERVICES]
    assert len(set(ports)) == len(ports)


def test_status_is_red_unless_every_part_is_alive(tmp_path: Path) -> None:
    runner = CliRunner()
    arguments = ["status", "--json", "--folder", str(tmp_path)]
    assert runner.invoke(app, arguments).exit_code == 1, "nothing ever ran here"

    me = Part.of("me", os.getpid(), "here")
    write_state(tmp_path, [me])
    alive = runner.invoke(app, arguments)
    assert alive.exit_code == 0
    assert json.loads(alive.stdout)[0]["alive"] is True

    write_state(tmp_path, [me, Part("recycled", os.getpid(), 0.0, "there")])
    assert runner.invoke(app, arguments).exit_code == 1, "the same id, but another process"

    write_state(tmp_path, [me, Part.of("never started", None, "nowhere")])
    assert runner.invoke(app, arguments).exit_code == 1


def test_the_remains_of_a_process_are_not_alive() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    part = Part.of("ended", ended.pid, "nowhere")
    assert part.is_alive()
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # and nobody takes notice
    assert not part.is_alive()
    ended.wait()


async def test_the_platform_ends_with_a_reason_when_one_of_its_servers_does(
    tmp_path: Path,
) -> None:
    process = _start_platform(tmp_path)
    try:
        parts = await eventually(lambda: read_state(tmp_path), timeout=60)
        (mail,) = [part for part in parts if part.name == "mailsink"]
        os.kill(mail.pid, signal.SIGKILL)
        _, complaint = await asyncio.to_thread(process.communicate, timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert complaint.startswith("mailsink has ended; its log is ")
    assert not any(part.is_alive() for part in parts)


def _start_platform(folder: Path) -> "subprocess.Popen[str]":
    ports = [str(free_port()) for _ in range(3)]
    command = [sys.executable, "-c", UP, *ports, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
