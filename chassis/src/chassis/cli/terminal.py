"""How a command asks and answers: data on standard output, troubles as sentences beside it."""

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

from chassis import audit
from chassis.errors import ChassisError, describe
from chassis.identity import is_id
from chassis.postgres import Connection
from chassis.settings import ServiceSettings

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on standard output.")]
DATABASE_TROUBLES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
errors = Console(stderr=True)


def _actor(value: str) -> str:
    if not is_id(value):
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


def _reason(value: str) -> str:
    try:
        audit.check_reason(value)
    except audit.Refused as refused:
        raise typer.BadParameter(str(refused)) from None
    return value


Reason = Annotated[
    str, typer.Option(callback=_reason, help="Why; kept in the audit for ever, so no names.")
]
"""A parameter of this type is what the human gives as the reason."""


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
