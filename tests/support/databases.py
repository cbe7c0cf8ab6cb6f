"""A freshly migrated database per test: migrated once into a template, then cloned."""

import itertools
from dataclasses import dataclass

import asyncpg

from embedded.service_databases import create_service_databases, owner_role
from support.backends import PostgresServer


@dataclass(frozen=True, slots=True)
class Database:
    """One test's own copy of a service's database, as its owner role and as its app role."""

    name: str
    owner_dsn: str
    app_dsn: str


class Databases:
    """Clones of migrated templates on one server; a clone takes about 30 ms."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._templates: set[str] = set()
        self._numbers = itertools.count(1)

    async def fresh(self, service: str) -> Database:
        """An empty, migrated database of that service (or of `chassis`) that nobody else uses."""
        if service not in self._templates:
            await self._migrate_template(service)
            self._templates.add(service)
        name = f"{service}_{next(self._numbers)}"
        owner = owner_role(service)
        await self._as_admin(
            f'CREATE DATABASE "{name}" TEMPLATE "{service}" OWNER "{owner}" STRATEGY file_copy',
            # A clone does not inherit who may connect.
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
            f'GRANT CONNECT ON DATABASE "{name}" TO "{service}"',
        )
        return Database(name, self._server.url(owner, name), self._server.url(service, name))

    async def drop(self, database: Database) -> None:
        """Remove it, cutting whatever is still connected."""
        await self._as_admin(f'DROP DATABASE "{database.name}" WITH (FORCE)')

    async def _migrate_template(self, service: str) -> None:
        # Imported here so that tests of the platform itself need no service's code.
        from chassis.migrations import migrate

        create_service_databases(self._server.admin_dsn, [service], self._server.password)
        await migrate(self._server.url(owner_role(service), service), service)

    async def _as_admin(self, *statements: str) -> None:
        connection = await asyncpg.connect(self._server.admin_dsn, command_timeout=30)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()
