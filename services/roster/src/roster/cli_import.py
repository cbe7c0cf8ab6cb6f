"""`roster import`: take in files, look at what they would do, decide on those that wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar
from uuid import UUID

import typer
from rich.progress import Progress

from chassis import calendars
from chassis.cli import Actor, Json, errors, fail, print_json, print_table, with_database
from chassis.clock import Calendar, SteppedCalendar, SystemCalendar
from chassis.postgres import Connection
from chassis.settings import load
from roster.cli_mapping import MappingName, mapping_of, mappings
from roster.csv_import import InvalidFile, departments_from, people_from
from roster.csv_import.presets import DEFAULT
from roster.csv_import.rejects import RejectsFile
from roster.handlers import import_decisions, import_files
from roster.handlers.import_departments import import_departments
from roster.handlers.import_files import Imported
from roster.settings import RosterSettings
from roster.store.import_runs import Run

QUARANTINED = 3

T = TypeVar("T")
Work = Callable[[Connection, Calendar, str], Awaitable[T]]

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Take the good people; the bad ones go to --rejects.")
]
Rejects = Annotated[
    Path | None, typer.Option(help="Where bad rows go with --skip-bad. [default: FILE.rejects.csv]")
]
Uploader = Annotated[
    str,
    typer.Option(
        "--actor", metavar="ID", envvar="ROLLCALL_ACTOR",
        help="Who uploads; somebody else has to approve what the brake holds back.",
    ),
]  # fmt: skip

imports = typer.Typer(
    no_args_is_help=True,
    help="Take in a file: all of it, or nothing. Ends with status 3 when it waits for approval.",
)
imports.add_typer(mappings, name="mapping")


@imports.command("people")
def people(  # noqa: PLR0917 - typer's own way to take options
    file: File,
    mapping: MappingName = DEFAULT,
    dry_run: DryRun = False,
    skip_bad: SkipBad = False,
    rejects: Rejects = None,
    actor: Uploader = "cli",
    json_: Json = False,
) -> None:
    """Take in a file of people, in our own format or by a mapping."""
    chosen = mapping_of(mapping, json_=json_)
    refused_to = (rejects or file.with_name(f"{file.name}.rejects.csv")) if skip_bad else None

    def work(connection: Connection, calendar: Calendar, zone: str) -> Awaitable[Imported]:
        return _import_people(connection, calendar, zone)

    async def _import_people(connection: Connection, calendar: Calendar, zone: str) -> Imported:
        with ExitStack() as stack:
            bar = stack.enter_context(_bar())
            stream: BinaryIO = stack.enter_context(bar.open(file, "rb", description=file.name))
            sink = _rejects_file(stack, refused_to)
            source = people_from(stream, file.name, chosen, zone=zone, rejects=sink)
            done = await import_files.import_people(
                connection, source, calendar,
                zone=zone, actor=actor, dry_run=dry_run, progress=_applying(bar),
            )  # fmt: skip
            _tell_rejects(sink, refused_to)
            return done

    _show_import(_run_file(work, json_=json_), json_=json_)


@imports.command("departments")
def departments(file: File, dry_run: DryRun = False, json_: Json = False) -> None:
    """Take in departments.csv; departments it does not name stay as they are."""

    async def work(connection: Connection, calendar: Calendar, zone: str) -> Any:
        with _bar() as bar, bar.open(file, "rb", description=file.name) as stream:
            return await import_departments(
                connection,
                departments_from(stream, file.name),
                calendar,
                zone=zone,
                dry_run=dry_run,
            )

    imported = _run_file(work, json_=json_)
    if json_:
        print_json(imported.as_json())
        return
    _print_counts(imported.counts, dry_run=imported.dry_run)
    _tell_departments(imported.alarmed)


@imports.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="Only quarantined, applying, applied, rejected, expired.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    json_: Json = False,
) -> None:
    """Show the newest files of people and what became of them."""
    found = _run(lambda c, _calendar, _zone: import_decisions.newest(c, state=state, limit=limit))
    if json_:
        print_json([each.as_json() for each in found])
        return
    columns = ["id", "received_at", "state", "mapping", "people", "applied", "uploaded_by"]
    rows = [[each.as_json()[name] for name in ["import_id", *columns[1:]]] for each in found]
    print_table(columns, rows, "No files.")


@imports.command("show")
def show(import_id: UUID, json_: Json = False) -> None:
    """Show what a file would do or did: people by kind of change, by ids."""
    found = _run(lambda c, _calendar, _zone: import_decisions.show(c, import_id))
    if found is None:
        raise fail("No such import.")
    _print(found, json_=json_)


@imports.command("approve")
def approve(
    import_id: UUID,
    actor: Actor,
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(import_decisions.APPROVALS)}.")],
    json_: Json = False,
) -> None:
    """Apply a file that is in quarantine; not by who uploaded it."""

    async def work(connection: Connection, calendar: Calendar, zone: str) -> Imported:
        decided = await import_decisions.approve(
            connection, import_id, actor=actor, reason=reason, now=calendar.now()
        )
        if decided.run.state != "applying":
            return decided
        with _bar() as bar:
            return await import_files.apply(
                connection, import_id, calendar, zone=zone, progress=_applying(bar)
            )

    imported = _run(work)
    if imported.run.state == "quarantined":
        errors.print("The roster has changed since: look at the difference again.")
    _show_import(imported, json_=json_)


@imports.command("reject")
def reject(
    import_id: UUID,
    actor: Actor,
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(import_decisions.REJECTIONS)}.")],
    json_: Json = False,
) -> None:
    """Refuse a file that is in quarantine; not by who uploaded it."""
    rejected = _run(
        lambda connection, calendar, _zone: import_decisions.reject(
            connection, import_id, actor=actor, reason=reason, now=calendar.now()
        )
    )
    _print(rejected, json_=json_)


@imports.command("resume")
def resume(import_id: UUID, json_: Json = False) -> None:
    """Apply what is left of a file whose import was stopped in the middle."""

    async def work(connection: Connection, calendar: Calendar, zone: str) -> Imported:
        with _bar() as bar:
            return await import_files.apply(
                connection, import_id, calendar, zone=zone, progress=_applying(bar)
            )

    _show_import(_run(work), json_=json_)


def _run(work: Work[T]) -> T:
    settings = load(RosterSettings)

    async def connected(connection: Connection) -> T:
        return await work(connection, await _calendar(connection, settings), settings.timezone)

    try:
        return with_database(settings, connected)
    except LookupError:
        raise fail("No such import.") from None


def _run_file(work: Work[T], *, json_: bool) -> T:
    try:
        return _run(work)
    except InvalidFile as invalid:
        raise _refused(invalid, json_=json_) from None


async def _calendar(connection: Connection, settings: RosterSettings) -> Calendar:
    if settings.calendar == "system":
        return SystemCalendar()
    calendar = SteppedCalendar()
    await calendars.restore(connection, calendar)
    return calendar


def _bar() -> Progress:
    # A bar is for people who watch: on anything but a terminal nothing is drawn.
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def _applying(bar: Progress) -> import_files.Progress:
    task = bar.add_task("applying", total=None, visible=False)

    def progress(run: Run) -> None:
        bar.update(task, total=run.people, completed=run.applied_to, visible=True)

    return progress


def _rejects_file(stack: ExitStack, path: Path | None) -> RejectsFile | None:
    if path is None:
        return None
    sink = RejectsFile(stack.enter_context(path.open("w", encoding="utf-8", newline="")))
    # A file without rows would look as if there were something to mend.
    stack.callback(lambda: None if sink.rows else path.unlink())
    return sink


def _tell_rejects(sink: RejectsFile | None, path: Path | None) -> None:
    if sink is not None and sink.rows:
        errors.print(f"{sink.rows} rows were not taken: {path}", highlight=False, markup=False)


def _refused(invalid: InvalidFile, *, json_: bool) -> typer.Exit:
    if json_:
        print_json(invalid.as_json())
    else:
        for error in invalid.errors:
            errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
    more = f", {len(invalid.errors)} of them shown" if invalid.more else ""
    return fail(f"Mistakes: {len(invalid.errors) + invalid.more}{more}. Nothing was applied.")


def _show_import(imported: Imported, *, json_: bool) -> None:
    """Print what became of the file; status 3 when it waits for a second person."""
    _print(imported, json_=json_)
    if imported.run.state == "quarantined" and not imported.dry_run:
        raise typer.Exit(QUARANTINED)


def _print(imported: Imported, *, json_: bool) -> None:
    shown = imported.as_json()
    if json_:
        print_json(shown)
        return
    kinds, ids = shown["difference"], shown["ids"]
    rows: list[list[object]] = [
        [kind, count, " ".join(ids.get(kind, [])[:5])] for kind, count in kinds.items()
    ]
    print_table(["in the file", "people", "the first"], rows, "Nothing.")
    _print_counts(imported.counts, dry_run=imported.run.state != "applied")
    _tell_state(imported)
    _tell_departments(imported.alarmed)


def _tell_state(imported: Imported) -> None:
    brake = imported.run.difference.get("brake", {})
    if imported.run.state != "quarantined":
        return
    would = "would wait" if imported.dry_run else f"waits as {imported.run.id}"
    errors.print(
        f"{brake['affected']} of {brake['present']} present people would be separated or change"
        f" department: the file {would} for a second person.",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


def _print_counts(counts: dict[str, int], *, dry_run: bool) -> None:
    rows: list[list[object]] = [[kind, count] for kind, count in counts.items()]
    print_table(["dry run: would be" if dry_run else "what", "count"], rows, "Nothing.")


def _tell_departments(alarmed: list[str]) -> None:
    for department_id in alarmed:
        errors.print(f"Look at department {department_id}.", highlight=False, markup=False)
