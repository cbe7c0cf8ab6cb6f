"""The embedded Postgres keeps what it committed, and keeps services out of each other's data."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from embedded.postgres import Postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    postgres = Postgres(tmp_path_factory.mktemp("server"), durable=False)
    postgres.start()
    postgres.create_service_databases(["roster", "rollout"])
    yield postgres
    postgres.kill()


async def test_a_killed_server_comes_back_with_what_was_committed(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path)
    try:
        postgres.start()
        postgres.create_service_databases(["roster"])
        async with _connected(postgres.url("roster_owner", "roster")) as owner:
            await owner.execute("CREATE TABLE kept AS SELECT 'before the crash' AS line")

        postgres.kill()
        assert postgres.pid is None
        postgres.start()

        async with _connected(postgres.url("roster", "roster")) as app:
            assert await app.fetchval("SELECT line FROM kept") == "before the crash"
    finally:
        postgres.kill()


async def test_a_service_reads_and_writes_the_rows_its_owner_role_made_room_for(
    server: Postgres,
) -> None:
    async with _connected(server.url("roster_owner", "roster")) as owner:
        await owner.execute("CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY, name text)")
    async with _connected(server.url("roster", "roster")) as app:
        await app.execute("INSERT INTO person (name) VALUES ('Ada')")
        await app.execute("UPDATE person SET name = 'Grace'")
        assert await app.fetchval("DELETE FROM person RETURNING name") == "Grace"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE guarded ADD COLUMN more int",
        "TRUNCATE guarded",
        "DROP TABLE guarded",
    ],
)
async def test_a_service_cannot_change_its_own_schema(server: Postgres, statement: str) -> None:
    async with _connected(server.url("roster_owner", "roster")) as owner:
        await owner.execute("CREATE TABLE IF NOT EXISTS guarded (id int)")
    async with _connected(server.url("roster", "roster")) as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


@pytest.mark.parametrize("role", ["roster", "roster_owner"])
async def test_a_service_cannot_connect_to_another_services_database(
    server: Postgres, role: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(server.url(role, "rollout"))


async def test_a_wrong_password_is_refused_even_on_the_loopback_address(server: Postgres) -> None:
    url = server.url("roster", "roster").replace(server.password("roster"), "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


def test_creating_the_databases_again_changes_nothing(server: Postgres) -> None:
    server.create_service_databases(["roster", "rollout"])


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
