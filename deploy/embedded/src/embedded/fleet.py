"""The five services as processes on a running platform: prepared, started, watched, stopped."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from embedded.platform import Platform
from embedded.ports import is_listening
from embedded.processes import Supervisor
from embedded.services import SERVICES, Service


class Fleet:
    """Starts services by their own commands and nothing else, as any other platform would.

    `stepped` gives all of them a business calendar that is moved by hand. Use it from the thread
    that lives as long as the services should.
    """

    def __init__(
        self,
        platform: Platform,
        services: Sequence[Service] = SERVICES,
        *,
        stepped: bool = False,
    ) -> None:
        self.services = tuple(services)
        self.supervisor = Supervisor(platform.folder / "logs")
        self._platform = platform
        self._stepped = stepped

    def environment(self, service: Service) -> dict[str, str]:
        """The whole environment the service's commands run in."""
        return dict(os.environ) | service.environment(self._platform, stepped=self._stepped)

    def prepare(self) -> None:
        """Create the topics and migrate every database; what is there already stays.

        Raises:
            RuntimeError: one of the commands failed; holds what it printed.
        """
        bootstrap = f"--bootstrap={self._platform.broker.bootstrap}"
        topics = [sys.executable, "-m", "chassis", "topics", "create", bootstrap]
        with ThreadPoolExecutor() as pool:
            commands = [pool.submit(_run, topics, dict(os.environ))]
            for service in self.services:
                migrate = service.command("migrate")
                commands.append(pool.submit(_run, migrate, self.environment(service)))
            for command in commands:
                command.result()

    def start(self, timeout: float = 60.0) -> None:
        """Start every service and wait until each says it is ready.

        Raises:
            RuntimeError: a port is taken, or one was not ready after `timeout` seconds; says
                what it waits for.
        """
        for service in self.services:
            # Whoever listens there would be taken for the service, and be ready.
            if is_listening(service.port):
                raise RuntimeError(f"{service.name} cannot have port {service.port}: it is in use")
        for service in self.services:
            environment = self.environment(service)
            self.supervisor.start(service.name, service.command("run"), env=environment)
        deadline = time.monotonic() + timeout
        with httpx.Client(timeout=2.0) as client:
            for service in self.services:
                self._wait_ready(client, service, deadline)

    def stop(self) -> None:
        """End every service in order, the last one started first."""
        self.supervisor.stop_all()

    def _wait_ready(self, client: httpx.Client, service: Service, deadline: float) -> None:
        while (phase := _phase(client, service)) is not None:
            if time.monotonic() > deadline:
                log = self.supervisor.log(service.name)
                raise RuntimeError(f"{service.name} is not ready: {phase}; its log is {log}")
            time.sleep(0.1)


def _phase(client: httpx.Client, service: Service) -> str | None:
    try:
        answer = client.get(f"{service.url}/health/ready")
    except httpx.TransportError:
        return "it does not answer"
    return None if answer.is_success else str(answer.json().get("phase", answer.status_code))


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
