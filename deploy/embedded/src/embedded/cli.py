"""`rollcall`: the whole platform on one machine."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from embedded.demo.run import Options, run_demo
from embedded.fleet import Fleet
from embedded.platform import Platform, Ports
from embedded.services import SERVICES
from embedded.state import Part, read_state, write_state

DEFAULT_PORTS = Ports(kafka=19092, postgres=15432, smtp=12525)
LOOK_SECONDS = 0.5

Folder = Annotated[Path, typer.Option(help="Where data and logs are kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PlatformOnly = Annotated[bool, typer.Option("--platform-only", help="Start no services.")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def rollcall() -> None:
    """Run the whole platform on one machine: no Docker, Java or Postgres to install."""


@app.command()
def up(folder: Folder = Path(".rollcall"), *, platform_only: PlatformOnly = False) -> None:
    """Start Kafka, Postgres, a mail server and the services; Ctrl-C ends them in order.

    A service that ends is started again; when one of the three ends, everything does.
    """
    stopping = _stop_signal()
    try:
        with running(folder, services=not platform_only) as (platform, fleet):
            _print(_parts(platform, fleet))
            _keep_watch(platform, fleet, stopping)
    except (RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


@app.command()
def status(folder: Folder = Path(".rollcall"), *, as_json: AsJson = False) -> None:
    """Show what runs; the exit code is 1 unless all of it does."""
    parts = read_state(folder)
    if as_json:
        print(json.dumps([asdict(part) | {"alive": part.is_alive()} for part in parts]))
    else:
        _print(parts)
    if not parts or not all(part.is_alive() for part in parts):
        raise typer.Exit(1)


@app.command()
def demo(
    folder: Folder = Path("var/demo"),
    *,
    people: Annotated[
        int, typer.Option(min=300, max=100_000, envvar="PEOPLE", help="Size of the university.")
    ] = 3000,
    seed: Annotated[int, typer.Option(help="Another seed invents another university.")] = 1,
    kill: Annotated[
        bool, typer.Option("--kill", help="Kill -9 each service, the broker and Postgres midway.")
    ] = False,
    recount: Annotated[
        Path | None, typer.Option(help="Folder of the recount, to check every night with it.")
    ] = None,
) -> None:
    """Run the 2023-24 cycle of an invented university, day by day, and check what came of it.

    Ends with one line of JSON on standard output, and the same in FOLDER/summary.json. On a
    terminal everything stays up until Ctrl-C. The exit code is 1 when a check fails.
    """
    options = Options(folder.resolve(), people, seed, kill, recount, stay=sys.stdout.isatty())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends in the same order as Ctrl-C
    try:
        status = run_demo(options)
    except (RuntimeError, OSError) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(status)


@contextmanager
def running(folder: Path, *, services: bool = True) -> Iterator[tuple[Platform, Fleet]]:
    """The platform, and the services on top of it, for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    platform = Platform(folder, DEFAULT_PORTS)
    fleet = Fleet(platform, SERVICES if services else ())
    platform.start(service.name for service in SERVICES)
    with ExitStack() as stack:
        stack.callback(platform.stop)
        stack.callback(fleet.stop)
        fleet.prepare()
        fleet.start()
        yield platform, fleet


def _keep_watch(platform: Platform, fleet: Fleet, stopping: threading.Event) -> None:
    """Keep what `rollcall status` reads up to date until the signal to stop.

    Raises:
        RuntimeError: Kafka, Postgres or the mail server has ended.
    """
    known: list[Part] = []
    while True:
        parts = _parts(platform, fleet)
        if parts != known:
            write_state(platform.folder, parts)
            known = parts
        for server in platform.servers:
            if server.pid is None:
                raise RuntimeError(f"{server.name} has ended; its log is {server.log}")
        if stopping.wait(LOOK_SECONDS):
            return


def _parts(platform: Platform, fleet: Fleet) -> list[Part]:
    servers = [Part.of(each.name, each.pid, each.address) for each in platform.servers]
    pid = fleet.supervisor.pid
    services = [Part.of(each.name, pid(each.name), each.url) for each in fleet.services]
    return servers + services


def _stop_signal() -> threading.Event:
    stopping = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopping.set())
    return stopping


def _print(parts: list[Part]) -> None:
    table = Table("part", "process", "address", "state", box=None)
    for part in parts:
        state = "running" if part.is_alive() else "ended"
        table.add_row(part.name, str(part.pid), part.address, state)
    Console().print(table)


def main() -> None:
    """The console script's entry point."""
    app()
