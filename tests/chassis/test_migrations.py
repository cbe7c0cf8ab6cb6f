from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from chassis.errors import NotReady, Stop
from chassis.migrations import migrate, migrations_of, require_current
from support.databases import Database

NewDatabase = Callable[[str], Awaitable[Database]]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `sample` with a folder of migrations, importable for this test."""
    folder = tmp_path / "sample" / "migrations"
    folder.mkdir(parents=True)
    (tmp_path / "sample" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "sample", raising=False)
    return folder


async def test_files_are_applied_in_order_and_once(database: NewDatabase, package: Path) -> None:
    (package / "0003_second.sql").write_text("ALTER TABLE thing ADD COLUMN b int")
    (package / "0002_first.sql").write_text("CREATE TABLE thing (a int)")
    db = await database("chassis")
    assert await migrate(db.owner_dsn, "sample") == ["0002_first.sql", "0003_second.sql"]
    assert await migrate(db.owner_dsn, "sample") == []


async def test_a_file_that_fails_leaves_nothing_of_itself_behind(
    database: NewDatabase, package: Path
) -> None:
    (package / "0002_half.sql").write_text("CREATE TABLE half (a int); SELECT 1/0")
    db = await database("chassis")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(db.owner_dsn, "sample")
    connection = await asyncpg.connect(db.owner_dsn)
    try:
        assert await connection.fetchval("SELECT to_regclass('half')") is None
        with pytest.raises(NotReady, match=r"0002_half\.sql"):
            await require_current(connection, "sample")
    finally:
        await connection.close()


async def test_a_file_changed_after_it_was_applied_stops_the_run(
    database: NewDatabase, package: Path
) -> None:
    file = package / "0002_first.sql"
    file.write_text("CREATE TABLE thing (a int)")
    db = await database("chassis")
    await migrate(db.owner_dsn, "sample")
    file.write_text("CREATE TABLE thing (a bigint)")
    with pytest.raises(Stop, match="changed after it had been applied"):
        await migrate(db.owner_dsn, "sample")


def test_a_number_used_twice_is_refused(package: Path) -> None:
    (package / "0001_mine_too.sql").write_text("SELECT 1")
    with pytest.raises(Stop, match="exists twice"):
        migrations_of("sample")


async def test_the_app_role_may_change_rows_and_not_tables(database: NewDatabase) -> None:
    connection = await asyncpg.connect((await database("chassis")).app_dsn)
    try:
        await connection.execute("INSERT INTO inbox VALUES ('c', gen_random_uuid())")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE inbox ADD COLUMN x int")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (a int)")
    finally:
        await connection.close()


def test_the_chassis_comes_before_the_package() -> None:
    assert migrations_of("chassis")[0].name == "0001_chassis.sql"
