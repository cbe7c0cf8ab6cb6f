"""The `completion` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chassis.cli import Json, create_cli, fail, print_json, print_table, with_database
from chassis.postgres import Connection
from chassis.settings import load
from completion import handlers
from completion.app import create_service
from completion.settings import CompletionSettings
from completion.sources import SourcesError, load_sources
from completion.store import webhooks

app = create_cli("completion", CompletionSettings, create_service)
sources = typer.Typer(no_args_is_help=True, help="Learning systems that may speak.")
request = typer.Typer(no_args_is_help=True, help="Webhooks as they came.")
app.add_typer(sources, name="sources")
app.add_typer(request, name="request")


@sources.command("check")
def check(file: Path, json_: Json = False) -> None:
    """Read a sources file; leave with status 1 and a line per mistake when it cannot be used."""
    try:
        found = load_sources(file)
    except SourcesError as error:
        if json_:
            print_json({"valid": False, "problems": error.problems})
        raise fail(str(error)) from None
    rows: list[list[Any]] = [
        [source.name, len(source.secrets), course, target.cycle, target.option]
        for source in found.values()
        for course, target in source.courses.items()
    ]
    if json_:
        columns = ("source", "course", "cycle", "option")
        courses = [dict(zip(columns, (r[0], *r[2:]), strict=True)) for r in rows]
        print_json({"valid": True, "sources": list(found), "courses": courses})
    else:
        print_table(["source", "secrets", "course", "cycle", "option"], rows, "No courses.")


@app.command("unmatched")
def unmatched(limit: Annotated[int, typer.Option(min=1)] = 100, json_: Json = False) -> None:
    """List who is being waited for: counts and ages, pseudonyms instead of addresses."""
    settings = load(CompletionSettings)
    key = settings.machine_token.get_secret_value().encode()

    async def read(connection: Connection) -> dict[str, Any]:
        now = await webhooks.calendar_now(connection)
        return await handlers.list_unmatched(connection, now, key, limit)

    report = with_database(settings, read)
    if json_:
        print_json(report)
        return
    columns = ["source", "reference", "requests", "first_request", "first_received_at", "age_days"]
    rows = [[wait[column] for column in columns] for wait in report["references"]]
    print_table(columns, rows, "Everybody named so far is known.")


@request.command("show")
def show(
    request_id: int,
    body: Annotated[
        bool, typer.Option("--body", help="Print the body alone; it may name a person.")
    ] = False,
    json_: Json = False,
) -> None:
    """Show what is stored of one webhook, and what became of it."""
    found = with_database(
        load(CompletionSettings), lambda connection: webhooks.find_request(connection, request_id)
    )
    if found is None:
        raise fail(f"No request has the id {request_id}.")
    raw = found.pop("body")
    if body:
        if raw is None:
            raise fail("The body is gone: its person was erased.")
        assert isinstance(raw, bytes)
        print(raw.decode())
        return
    found["body_bytes"] = len(raw) if isinstance(raw, bytes) else None
    found["outcome"] = found["outcome"] or "waiting"
    if json_:
        print_json(found)
    else:
        print_table(["field", "value"], [[name, value] for name, value in found.items()], "")


def main() -> None:
    """Entry point of the console script."""
    app()
