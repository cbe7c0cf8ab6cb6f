"""`<service> audit`: who did what, and whether that is all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chassis import audit
from chassis.cli.terminal import Json, fail, print_json, print_table, with_database
from chassis.settings import ServiceSettings, load


def audit_commands(settings: type[ServiceSettings]) -> typer.Typer:
    """`list`, `head` and `verify`."""
    app = typer.Typer(no_args_is_help=True, help="Who did what: a chain in which changes show.")

    @app.command("list")
    def list_(
        subject: Annotated[str | None, typer.Option(help="Only of this, as person/900123.")] = None,
        actor: Annotated[str | None, typer.Option(help="Only of this human or machine.")] = None,
        since: Annotated[str | None, typer.Option(help="Only from this day or instant on.")] = None,
        limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 100,
        json_: Json = False,
    ) -> None:
        """Show what was done, newest first; ids and codes only."""
        loaded = load(settings)
        wanted: dict[str, Any] = {
            "subject": subject,
            "actor": actor,
            "since": _since(since, loaded.timezone),
        }
        found = with_database(loaded, lambda c: audit.entries(c, **wanted, limit=limit))
        shown = [entry.as_json() for entry in found]
        if json_:
            return print_json(shown)
        columns = ["seq", "at", "actor", "action", "subject", "reason", "details"]
        rows: list[list[object]] = [[_cell(each[column]) for column in columns] for each in shown]
        return print_table(columns, rows, "Nothing of that kind was done.")

    @app.command("head")
    def head(json_: Json = False) -> None:
        """Print the last entry's number and hash; note them elsewhere, for `verify --head`."""
        found = with_database(load(settings), audit.head)
        print_json({"seq": found.seq, "hash": found.hash.hex()}) if json_ else print(found)

    @app.command("verify")
    def verify(
        head: Annotated[
            str | None,
            typer.Option(metavar="SEQ:HASH", help="What `audit head` printed at an earlier time."),
        ] = None,
        json_: Json = False,
    ) -> None:
        """Check every entry; leave with status 1 and name the first that is broken."""
        anchor = _anchor(head)
        verdict = with_database(load(settings), lambda c: audit.verify(c, anchor))
        if json_:
            print_json(verdict.as_json())
        elif verdict.sound:
            print(f"The audit is sound: {verdict.head.seq} entries, head {verdict.head}")
        if not verdict.sound:
            raise fail(f"Entry {verdict.broken} is broken: {verdict.why}.")

    return app


def _anchor(text: str | None) -> audit.Head | None:
    try:
        return audit.Head.parse(text) if text is not None else None
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--head") from None


def _since(text: str | None, zone: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = "a day as 2023-10-06, or an instant as 2023-10-06T09:00:00-04:00"
        raise typer.BadParameter(hint, param_hint="--since") from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def _cell(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return " ".join(f"{name}={_listed(each)}" for name, each in value.items())


def _listed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
