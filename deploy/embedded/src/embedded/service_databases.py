"""One database and two roles per service, on any Postgres a superuser can reach."""

import subprocess
from collections.abc import Callable, Iterable
from importlib.resources import as_file, files

from embedded.binaries import POSTGRES_BINARIES


def owner_role(service: str) -> str:
    """The role that owns the service's database and runs its migrations."""
    return f"{service}_owner"


def create_service_databases(
    admin_dsn: str, services: Iterable[str], password: Callable[[str], str]
) -> None:
    """Create what is missing of each service's database, owner role and app role.

    The app role carries the service's own name. `password` maps a role to its password, which is
    set again on every call.

    Raises:
        RuntimeError: Postgres refused; holds its message.
    """
    with as_file(files("embedded").joinpath("service_database.sql")) as script:
        for service in services:
            owner = owner_role(service)
            variables = {
                "name": service,
                "owner": owner,
                "owner_password": password(owner),
                "app": service,
                "app_password": password(service),
            }
            _psql(admin_dsn, "--file", str(script), *_settings(variables))


def _settings(variables: dict[str, str]) -> list[str]:
    return [f"--set={name}={value}" for name, value in variables.items()]


def _psql(dsn: str, *arguments: str) -> None:
    command = [str(POSTGRES_BINARIES / "psql"), "--no-psqlrc", "--quiet", *arguments, dsn]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"psql failed: {done.stderr.strip()}")
