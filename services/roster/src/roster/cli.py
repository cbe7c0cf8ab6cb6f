"""`roster`: import files and look people up, on the roster's own database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.progress import Progress

from chassis import calendars
from chassis.cli import Json, create_cli, errors, fail, print_json, print_table, with_database
from chassis.clock import Calendar, SteppedCalendar, SystemCalendar
from chassis.postgres import Connection
from chassis.settings import load
from roster.app import create_service
from roster.csv_import import InvalidFile, departments_from, people_from
from roster.handlers.imports import Imported, import_departments, import_people
from roster.handlers.show import show_person
from roster.settings import RosterSettings

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file in UTF-8.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")]
Import = Callable[[Connection, BinaryIO, Calendar, str], Awaitable[Imported]]

app = create_cli("roster", RosterSettings, create_service)
imports = typer.Typer(no_args_is_help=True, help="Take in a file: all of it, or nothing.")
app.add_typer(imports, name="import")


def main() -> None:
    """The console script."""
    app()


@imports.command("people")
def people(file: File, dry_run: DryRun = False, json_: Json = False) -> None:
    """Take in people.csv; people it does not name stay as they are."""
    _import(
        file,
        lambda connection, stream, calendar, zone: import_people(
            connection, people_from(stream, file.name), calendar, zone=zone, dry_run=dry_run
        ),
        json_=json_,
    )


@imports.command("departments")
def departments(file: File, dry_run: DryRun = False, json_: Json = False) -> None:
    """Take in departments.csv; departments it does not name stay as they are."""
    _import(
        file,
        lambda connection, stream, calendar, zone: import_departments(
            connection, departments_from(stream, file.name), calendar, zone=zone, dry_run=dry_run
        ),
        json_=json_,
    )


@app.command("person")
def person(person_id: str, json_: Json = False) -> None:
    """Show one person as published: the present state and its history, by ids."""
    shown = with_database(load(RosterSettings), lambda c: show_person(c, person_id))
    if shown is None:
        raise fail("No such person.")
    if json_:
        print_json(shown)
        return
    columns = ["version", "change", "effective_on", "received_at", "onboarded_on", "separated_on"]
    history: Any = shown["history"]
    rows = [[each[name] for name in columns] + [_roles(each)] for each in history]
    print_table([*columns, "appointments"], rows, "No versions.")


def _roles(version: dict[str, Any]) -> str:
    return "\n".join(
        f"{each['kind']} in {each['department_id']}, {each['start_on']} to {each['end_on'] or '-'}"
        for each in version["appointments"]
    )


def _import(file: Path, work: Import, *, json_: bool) -> None:
    settings = load(RosterSettings)

    async def connected(connection: Connection) -> Imported:
        calendar = await _calendar(connection, settings)
        # A bar is for people who watch: on anything but a terminal nothing is drawn.
        with (
            Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress,
            progress.open(file, "rb", description=file.name) as stream,
        ):
            return await work(connection, stream, calendar, settings.timezone)

    try:
        imported = with_database(settings, connected)
    except InvalidFile as invalid:
        raise _refused(invalid, json_=json_) from None
    print_json(imported.as_json()) if json_ else _print(imported)


async def _calendar(connection: Connection, settings: RosterSettings) -> Calendar:
    if settings.calendar == "system":
        return SystemCalendar()
    calendar = SteppedCalendar()
    await calendars.restore(connection, calendar)
    return calendar


def _refused(invalid: InvalidFile, *, json_: bool) -> typer.Exit:
    if json_:
        print_json(invalid.as_json())
    else:
        for error in invalid.errors:
            errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
    more = f", {len(invalid.errors)} of them shown" if invalid.more else ""
    return fail(f"Mistakes: {len(invalid.errors) + invalid.more}{more}. Nothing was applied.")


def _print(imported: Imported) -> None:
    rows: list[list[object]] = [[kind, count] for kind, count in imported.counts.items()]
    print_table(["dry run: would be" if imported.dry_run else "what", "count"], rows, "Nothing.")
    for department_id in imported.alarmed:
        errors.print(f"Look at department {department_id}.", highlight=False, markup=False)
