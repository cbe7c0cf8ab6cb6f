"""Fixtures for every test: a real broker and a real Postgres, each started when first asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator

import pytest

from support.backends import PostgresServer, running_kafka, running_postgres
from support.databases import Database, Databases
from support.strict import fail_skips_in_ci


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fail_skips_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_skips_in_ci(report)
    return report


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker without topics, `host:port`."""
    with running_kafka(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A Postgres server that tests may create databases on."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: PostgresServer) -> Databases:
    """The migrated templates of this session."""
    return Databases(postgres)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """`await database("roster")`: a freshly migrated database of this test's own."""
    made: list[Database] = []

    async def fresh(service: str) -> Database:
        made.append(await databases.fresh(service))
        return made[-1]

    yield fresh
    for each in made:
        await databases.drop(each)


@pytest.fixture
def fresh_topics(kafka: str) -> Callable[..., Awaitable[str]]:
    """`await fresh_topics("roster.person.v1", ...)`: empty topics; gives the broker's address."""
    # Imported here so that tests of the platform itself need no contracts.
    from support.topics import recreate_topics

    async def recreate(*names: str) -> str:
        await recreate_topics(kafka, names)
        return kafka

    return recreate
