"""`roster`: import files and look people up, on the roster's own database."""

from __future__ import annotations

from chassis.cli import create_cli
from roster import cli_alarms, cli_office, cli_people, cli_scim
from roster.app import create_service
from roster.cli_import import imports
from roster.settings import RosterSettings

app = create_cli("roster", RosterSettings, create_service)
app.add_typer(imports, name="import")
cli_people.add_to(app)
cli_office.add_to(app)
app.add_typer(cli_alarms.app, name="alarms")
app.add_typer(cli_scim.app, name="scim")


def main() -> None:
    """The console script."""
    app()
