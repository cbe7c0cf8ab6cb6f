"""Commands every service has; a service adds its own to the application made here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import typer

from chassis.cli.audit import audit_commands
from chassis.cli.parked import parked_commands
from chassis.cli.terminal import (
    DATABASE_TROUBLES,
    Actor,
    Json,
    Reason,
    errors,
    fail,
    print_json,
    print_table,
    with_database,
)
from chassis.errors import ChassisError, describe
from chassis.migrations import migrate
from chassis.service import Service, run
from chassis.settings import ServiceSettings, load

__all__ = [
    "Actor",
    "Json",
    "Reason",
    "create_cli",
    "errors",
    "fail",
    "print_json",
    "print_table",
    "with_database",
]


def create_cli(
    name: str,
    settings: type[ServiceSettings],
    create_service: Callable[[ServiceSettings], Service],
) -> typer.Typer:
    """A typer application with `run`, `migrate`, `parked` and `audit`; the service adds its own."""
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

    app.add_typer(parked_commands(name, settings, create_service), name="parked")
    app.add_typer(audit_commands(settings), name="audit")
    return app
