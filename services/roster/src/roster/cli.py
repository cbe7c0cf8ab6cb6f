"""`roster`: import files and look people up, on the roster's own database."""

from __future__ import annotations

from typing import Any

from chassis.cli import Json, create_cli, fail, print_json, print_table, with_database
from chassis.settings import load
from roster import cli_scim
from roster.app import create_service
from roster.cli_import import imports
from roster.handlers.show import show_person
from roster.settings import RosterSettings

app = create_cli("roster", RosterSettings, create_service)
app.add_typer(imports, name="import")
app.add_typer(cli_scim.app, name="scim")


def main() -> None:
    """The console script."""
    app()


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
