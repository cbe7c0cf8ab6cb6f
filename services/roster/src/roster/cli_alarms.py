"""`roster alarms`: what the office has to look after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from chassis.calendars import calendar_of
from chassis.cli import Actor, Json, print_json, print_table, with_database
from chassis.clock import Calendar
from chassis.postgres import Connection
from chassis.settings import load
from roster.domain.alarms import AlarmKind, NoteCode
from roster.handlers import alarms
from roster.handlers.acts import Who
from roster.settings import RosterSettings

COLUMNS = ["id", "kind", "subject_id", "age_days", "owner", "note", "stands_in"]

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True, help="What the office has to look after; each closes itself when mended."
)


@app.command("list")
def list_(
    kind: Annotated[AlarmKind | None, typer.Option(help="Only of this kind.")] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Those whose cause is gone.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = alarms.PAGE,
    json_: Json = False,
) -> None:
    """Show alarms with owner and age, the oldest first; ids and codes only."""
    found = _run(
        lambda connection, calendar: alarms.list_alarms(
            connection, calendar.now(), kind=kind, resolved=resolved, limit=limit
        )
    )
    if json_:
        print_json(found)
        return
    rows: list[list[object]] = [[_cell(each.get(name)) for name in COLUMNS] for each in found]
    print_table(COLUMNS, rows, "No alarms.")


@app.command("take")
def take(
    alarm_id: int,
    actor: Actor,
    owner: Annotated[
        str | None, typer.Option(help="Somebody else of the office. [default: the actor]")
    ] = None,
) -> None:
    """Look after an alarm, or give it to somebody else of the office."""
    wanted = owner or actor
    _run(lambda c, calendar: alarms.take(c, _who(actor, calendar), alarm_id, wanted))
    print(f"Alarm {alarm_id} is looked after by {wanted}.")


@app.command("note")
def note(alarm_id: int, code: NoteCode, actor: Actor) -> None:
    """Say what is being done about an alarm."""
    _run(lambda c, calendar: alarms.note(c, _who(actor, calendar), alarm_id, code))
    print(f"Alarm {alarm_id}: {code.value}.")


def _who(actor: str, calendar: Calendar) -> Who:
    return Who(actor, calendar, load(RosterSettings).timezone)


def _run(work: Callable[[Connection, Calendar], Awaitable[T]]) -> T:
    settings = load(RosterSettings)

    async def connected(connection: Connection) -> T:
        return await work(connection, await calendar_of(connection, settings))

    return with_database(settings, connected)


def _cell(value: Any) -> object:
    return " ".join(value) if isinstance(value, list) else value
