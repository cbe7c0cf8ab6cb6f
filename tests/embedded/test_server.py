"""What every server of the platform promises, shown on the one that starts fastest."""

import socket
from pathlib import Path

import pytest

from embedded.fleet import Fleet
from embedded.locks import emptied
from embedded.mailserver import MailServer
from embedded.platform import Platform
from embedded.ports import LOOPBACK, free_port
from embedded.postgres import Postgres
from embedded.services import Service


def test_a_server_is_not_ready_because_another_listens_at_its_port(tmp_path: Path) -> None:
    first = MailServer(tmp_path / "first")
    second = MailServer(tmp_path / "second", first.port)
    first.start()
    try:
        with pytest.raises(RuntimeError, match="mailsink ended while starting"):
            second.start()
        assert second.pid is None
    finally:
        first.kill()
        second.kill()


def test_a_server_that_does_not_become_ready_is_not_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_never_ready(_: MailServer) -> bool:
        raise KeyboardInterrupt

    server = MailServer(tmp_path)
    monkeypatch.setattr(MailServer, "_is_ready", is_never_ready)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert server.pid is None

    monkeypatch.undo()
    server.start()
    server.stop()


def test_two_servers_cannot_use_one_folder(tmp_path: Path) -> None:
    first, second = MailServer(tmp_path), MailServer(tmp_path)
    first.prepare()
    with pytest.raises(RuntimeError, match="in use by another process"):
        second.prepare()
    first.stop()
    second.prepare()
    second.stop()


def test_postgres_is_initialised_anew_when_that_was_cut_short(tmp_path: Path) -> None:
    (tmp_path / "data.partial").mkdir()
    (tmp_path / "data.partial" / "PG_VERSION").write_text("18\n")
    postgres = Postgres(tmp_path, durable=False)
    postgres.start()
    postgres.kill()
    assert not (tmp_path / "data.partial").exists()


def test_a_killed_postgres_leaves_no_shared_memory_behind(tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    before = set(shared.glob("PostgreSQL.*")) if shared.exists() else set()
    postgres = Postgres(tmp_path, durable=False)
    postgres.start()
    postgres.kill()
    owned = {path for path in shared.glob("PostgreSQL.*") if path not in before}
    assert list((tmp_path / "data" / "pg_dynshmem").iterdir())
    assert not owned


def test_a_service_whose_port_is_taken_is_not_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        service = Service("roster", taken.getsockname()[1])
        fleet = Fleet(Platform(tmp_path), [service])
        with pytest.raises(RuntimeError, match="roster cannot have port"):
            fleet.start()
        assert fleet.supervisor.names() == []


def test_a_free_port_is_none_that_an_outgoing_connection_may_take() -> None:
    ports = [free_port() for _ in range(200)]
    assert max(ports) < 32_768


def test_a_folder_with_anything_of_somebody_elses_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(RuntimeError, match="not empty"), emptied(tmp_path):
        pass
    assert (tmp_path / "thesis.tex").exists()


def test_a_folder_is_emptied_of_the_run_before_unless_that_still_runs(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with emptied(folder):
        (folder / "kafka").mkdir()
        (folder / "kafka" / "log").write_text("old")
        (folder / "summary.json").write_text("{}")
        with pytest.raises(RuntimeError, match="in use"), emptied(folder):
            pass
        assert (folder / "summary.json").exists()
    with emptied(folder):
        assert [path.name for path in folder.iterdir()] == ["in-use"]
