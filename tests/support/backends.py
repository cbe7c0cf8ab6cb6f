"""The real Kafka and Postgres under the tests: embedded, or in containers.

`TEST_BACKEND=containers` chooses testcontainers; anything else runs them from wheels.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.kafka import Broker
from embedded.ports import LOOPBACK, free_port
from embedded.postgres import Postgres

KAFKA_IMAGE = "apache/kafka:4.1.1"
POSTGRES_IMAGE = "postgres:17"
_CONTAINER_PASSWORD = "only-for-tests"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server the tests may create databases on; `password` maps a role to its password."""

    address: str
    password: Callable[[str], str]

    def url(self, role: str, database: str) -> str:
        """A connection URL with the role's password in it."""
        return f"postgresql://{role}:{self.password(role)}@{self.address}/{database}"

    @property
    def admin_dsn(self) -> str:
        """A connection URL of the superuser."""
        return self.url("postgres", "postgres")


def _in_containers() -> bool:
    return os.environ.get("TEST_BACKEND", "embedded") == "containers"


@contextmanager
def running_kafka(folder: Path) -> Iterator[str]:
    """A broker for as long as the block lasts; gives its address for clients."""
    with _kafka_container() if _in_containers() else _embedded_kafka(folder) as bootstrap:
        yield bootstrap


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """A server for as long as the block lasts; it does not fsync."""
    with _postgres_container() if _in_containers() else _embedded_postgres(folder) as server:
        yield server


@contextmanager
def _embedded_kafka(folder: Path) -> Iterator[str]:
    broker = Broker(folder)
    broker.start()
    try:
        yield broker.bootstrap
    finally:
        # Nobody reads its data again, so an orderly end would only take longer.
        broker.kill()


@contextmanager
def _embedded_postgres(folder: Path) -> Iterator[PostgresServer]:
    postgres = Postgres(folder, durable=False)
    postgres.start()
    try:
        yield PostgresServer(f"{LOOPBACK}:{postgres.port}", postgres.password)
    finally:
        postgres.kill()


@contextmanager
def _kafka_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port = free_port()
    host = os.environ.get("TESTCONTAINERS_HOST_OVERRIDE", LOOPBACK)
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://{host}:{port}",
        "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    container.with_envs(**{f"KAFKA_{key}": value for key, value in settings.items()})
    container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(90))
    with container:
        yield f"{host}:{port}"


@contextmanager
def _postgres_container() -> Iterator[PostgresServer]:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(
        POSTGRES_IMAGE, username="postgres", password=_CONTAINER_PASSWORD, dbname="postgres"
    )
    container.with_command("postgres -c fsync=off -c max_connections=200")
    with container:
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(5432)}"
        yield PostgresServer(address, lambda _role: _CONTAINER_PASSWORD)
