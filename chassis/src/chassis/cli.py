"""Commands every service has; a service adds its own to the application made here."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from unicodedata import category

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chassis import audit, parked
from chassis.consumer import Handler
from chassis.errors import ChassisError, Reject, describe, is_transient
from chassis.migrations import migrate
from chassis.parsing import parse
from chassis.postgres import Connection
from chassis.service import Service, run
from chassis.settings import ServiceSettings, load

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on standard output.")]
DATABASE_TROUBLES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
errors = Console(stderr=True)


def _actor(value: str) -> str:
    if not audit.is_actor(value):
        raise typer.BadParameter("an id has letters, digits and . _ : - and is never an address")
    return value


Actor = Annotated[
    str,
    typer.Option(
        metavar="ID",
        envvar="ROLLCALL_ACTOR",
        callback=_actor,
        help="The person who does this, by id; kept in the audit.",
    ),
]
"""A parameter of this type is the human of a command that changes something."""


def fail(message: str) -> typer.Exit:
    """Print a sentence on standard error; `raise` the result to leave with status 1."""
    errors.print(message, style="red", highlight=False, markup=False)
    return typer.Exit(1)


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(data, default=str, ensure_ascii=False, indent=2) + "\n")


def print_table(columns: list[str], rows: list[list[object]], empty: str) -> None:
    """A table on standard output, or the sentence `empty` when there are no rows."""
    if not rows:
        print(empty)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(_cell, row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _cell(value: object) -> Text:
    # Text is no markup, and without control characters no orders to the terminal: the keys of
    # poison records are shown here too.
    shown = "" if value is None else str(value)
    return Text("".join(c if c == "\n" or category(c)[0] != "C" else "\ufffd" for c in shown))


def with_database(settings: ServiceSettings, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run `work` on one connection of the app role; troubles end the command with a sentence."""

    async def connected() -> T:
        connection = await asyncpg.connect(
            settings.database_url.get_secret_value(), timeout=10, command_timeout=60
        )
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except ChassisError as error:
        raise fail(f"Not done: {error}") from None
    except DATABASE_TROUBLES as error:
        raise fail(f"The database did not do it: {describe(error)}") from None


def create_cli(
    name: str,
    settings: type[ServiceSettings],
    create_service: Callable[[ServiceSettings], Service],
) -> typer.Typer:
    """A typer application with `run`, `migrate` and `parked`, to which the service adds."""
    app = typer.Typer(
        no_args_is_help=True, help=f"Rollcall's {name} service.", add_completion=False
    )

    @app.command("run")
    def run_service() -> None:
        """Serve until SIGTERM or Ctrl-C."""
        run(create_service(load(settings)))

    @app.command("migrate")
    def migrate_database(json_: Json = False) -> None:
        """Bring the database up to date, as its owning role (OWNER_DATABASE_URL)."""
        owner = load(settings).owner_database_url
        if owner is None:
            prefix = settings.model_config.get("env_prefix", "")
            raise fail(f"The environment variable {prefix}OWNER_DATABASE_URL is not set.")
        try:
            applied = asyncio.run(migrate(owner.get_secret_value(), name))
        except (ChassisError, *DATABASE_TROUBLES) as error:
            raise fail(f"Not migrated: {describe(error)}") from None
        print_json(applied) if json_ else print("\n".join(applied) or "Nothing to do.")

    app.add_typer(_parked_commands(name, settings, create_service), name="parked")
    return app


def _parked_commands(
    name: str,
    settings: type[ServiceSettings],
    create_service: Callable[[ServiceSettings], Service],
) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Records that could not be handled.")

    @app.command("list")
    def list_(limit: int = 100, json_: Json = False) -> None:
        """Show parked records: coordinates and reason; keys are ids, values are not shown."""
        found = with_database(load(settings), lambda c: parked.list_parked(c, name, limit))
        rows = [
            [
                p.id,
                p.topic,
                p.partition,
                p.offset,
                (p.key or b"").decode("utf-8", "replace"),
                p.reason,
            ]
            for p in found
        ]
        columns = ["id", "topic", "partition", "offset", "key", "reason"]
        if json_:
            print_json([dict(zip(columns, row, strict=True)) for row in rows])
        else:
            print_table(columns, rows, "Nothing is parked.")

    @app.command("retry")
    def retry(parked_id: int) -> None:
        """Handle a parked record and those behind it again, in order, in one transaction."""
        handlers = create_service(load(settings)).handlers
        count = with_database(
            load(settings), lambda c: retry_key(c, name, parked_id, dict(handlers))
        )
        if not count:
            raise fail(f"No record with id {parked_id} is parked.")
        print(f"Handled {count} records.")

    @app.command("drop")
    def drop(
        parked_id: int, reason: Annotated[str, typer.Option(help="Why it may be forgotten.")]
    ) -> None:
        """Forget one parked record for good."""
        if not with_database(load(settings), lambda c: parked.drop(c, name, parked_id)):
            raise fail(f"No record with id {parked_id} is parked.")
        print(f"Dropped {parked_id}: {reason}")

    return app


async def retry_key(
    connection: Connection, name: str, parked_id: int, handlers: dict[str, Handler]
) -> int:
    """Handle everything parked of the key of `parked_id`, in order; returns how many records.

    Raises Reject when they still cannot be handled, and then everything stays parked.
    """
    try:
        async with connection.transaction():
            taken = await parked.take_key(connection, name, parked_id)
            if taken:
                records = [parse(record.raw()) for record in taken]
                await handlers[taken[0].topic](connection, records)
            return len(taken)
    except Exception as error:
        if is_transient(error):
            raise
        raise Reject(describe(error)) from None  # its own text may quote a name
