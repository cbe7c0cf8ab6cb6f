"""The command line of reporting: run, migrate, and take editions out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote

import typer

from chassis.cli import Json, create_cli, fail, print_json, print_table, with_database
from chassis.postgres import Connection
from chassis.service import Service
from chassis.settings import ServiceSettings, load
from reporting.api import describe
from reporting.app import create_service
from reporting.domain import Viewer
from reporting.settings import ReportingSettings
from reporting.store.reports import Denied, Edition, Reports, reports_for

T = TypeVar("T")

OPERATOR = Viewer("command-line", sees_all=True)

Cycle = Annotated[str | None, typer.Option(help="Which cycle; needed when there are several.")]
BusinessDate = Annotated[str, typer.Argument(metavar="DATE", help="Business date, YYYY-MM-DD.")]


def _create_service(settings: ServiceSettings) -> Service:
    assert isinstance(settings, ReportingSettings)
    return create_service(settings)


app = create_cli("reporting", ReportingSettings, _create_service)
editions = typer.Typer(no_args_is_help=True, help="The nightly editions.")
edition = typer.Typer(no_args_is_help=True, help="One department's edition.")
app.add_typer(editions, name="editions")
app.add_typer(edition, name="edition")


def main() -> None:
    """Run the console script."""
    app()


@editions.command("list")
def list_editions(
    cycle: Cycle = None,
    on: Annotated[str | None, typer.Option(help="Only of this business date.")] = None,
    json_: Json = False,
) -> None:
    """Show what editions there are, with their counts."""
    wanted = _date(on) if on else None
    found = [describe(each) for each in _ask(lambda r: r.editions(cycle=cycle, on=wanted))]
    if json_:
        return print_json(found)
    columns = ["business_date", "cycle", "department_id", "required", "released", "done"]
    columns += ["overdue", "exempt", "cutoff_at"]
    rows = [[each[column] for column in columns] for each in found]
    return print_table(columns, rows, "There is no edition yet.")


@editions.command("export")
def export(
    out: Annotated[Path, typer.Option(help="Folder to write to; it is made when missing.")],
    cycle: Cycle = None,
    json_: Json = False,
) -> None:
    """Write FOLDER/<business date>/<department id>.csv for every edition of one cycle."""
    written = _ask(lambda reports: _export(reports, out, cycle))
    if json_:
        print_json({"folder": str(out), "editions": written})
    else:
        print(f"Wrote {written} editions to {out}.")


@edition.command("show")
def show(
    department_id: Annotated[str, typer.Argument(metavar="DEPT", help="Department id.")],
    business_date: BusinessDate,
    cycle: Cycle = None,
    json_: Json = False,
) -> None:
    """Print one edition: its canonical CSV, or with --json its counts, cut-off and digest."""
    on = _date(business_date)

    async def read(reports: Reports) -> tuple[Edition, bytes] | None:
        chosen = await _one_cycle(reports, cycle)
        found = await reports.edition(department_id, chosen, on) if chosen else None
        return (found, await reports.content(found)) if found else None

    answer = _ask(read)
    if answer is None:
        raise fail(f"There is no edition of {department_id} for {on}.")
    if json_:
        print_json(describe(answer[0]))
    else:
        typer.echo(answer[1], nl=False)


async def _export(reports: Reports, out: Path, cycle: str | None) -> int:
    chosen = await _one_cycle(reports, cycle)
    written = 0
    for on in await reports.dates(chosen):
        found = await reports.editions(cycle=chosen, on=on)
        contents = await reports.contents(found)
        named = {
            e.department.department_id: contents[e.department.department_id, e.sha256]
            for e in found
        }
        _write_files(out / on.isoformat(), named)
        written += len(named)
    return written


def _write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for department_id, content in contents.items():
            # An id is data: it may not choose a folder.
            (folder / f"{quote(department_id, safe=' ')}.csv").write_bytes(content)
    except OSError as error:
        raise fail(f"{error.filename or folder} cannot be written: {error.strerror}.") from None


async def _one_cycle(reports: Reports, wanted: str | None) -> str | None:
    """The cycle to use; None while none is known. Leaves the command when it is not clear."""
    known = [cycle.cycle for cycle in await reports.cycles()]
    if wanted is None and len(known) > 1:
        raise fail(f"There are several cycles; name one with --cycle: {', '.join(known)}.")
    if wanted is not None and wanted not in known:
        raise fail(f"There is no cycle {wanted}. Known: {', '.join(known) or 'none'}.")
    return wanted or (known[0] if known else None)


def _ask(question: Callable[[Reports], Awaitable[T]]) -> T:
    """Ask with the rights of whoever may read the service's database."""

    async def with_reports(connection: Connection) -> T:
        async with reports_for(connection, OPERATOR) as reports:
            return await question(reports)

    try:
        return with_database(load(ReportingSettings), with_reports)
    except Denied as denied:
        raise fail(f"There is no department {denied.department_id}.") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise fail(f"{text} is not a date; write it as 2023-10-06.") from None
