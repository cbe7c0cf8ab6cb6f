"""How each of the five services is started here: its command, its port and its environment."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from embedded.platform import Platform
from embedded.ports import LOOPBACK, free_port
from embedded.service_databases import owner_role


@dataclass(frozen=True, slots=True)
class Service:
    """A service as a process: its name is its package, its console script and its database.

    `extra` are settings of this service beyond those that follow from the platform.
    """

    name: str
    port: int
    needs_mail: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where its HTTP interface listens."""
        return f"http://{LOOPBACK}:{self.port}"

    def command(self, *arguments: str) -> list[str]:
        """Its console script from the environment this interpreter belongs to."""
        return [str(Path(sys.executable).parent / self.name), *arguments]

    def environment(self, platform: Platform, *, stepped: bool = False) -> dict[str, str]:
        """Its settings, each under the service's own prefix.

        `stepped` lets whoever holds the machine token move the business calendar.
        """
        postgres = platform.postgres
        settings = {
            "KAFKA_BOOTSTRAP": platform.broker.bootstrap,
            "DATABASE_URL": postgres.url(self.name, self.name),
            "OWNER_DATABASE_URL": postgres.url(owner_role(self.name), self.name),
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": str(self.port),
            "CALENDAR": "stepped" if stepped else "system",
            "MACHINE_TOKEN": platform.secrets.of("machine token"),
        }
        if self.needs_mail:
            settings |= {"SMTP_HOST": platform.mail.host, "SMTP_PORT": str(platform.mail.port)}
        settings |= self.extra
        return {f"{self.name.upper()}_{key}": value for key, value in settings.items()}


def on_free_ports(services: Iterable[Service]) -> tuple[Service, ...]:
    """The same services at ports nobody listens on, so that two platforms fit one machine."""
    return tuple(replace(service, port=free_port()) for service in services)


SERVICES = (
    Service("roster", 8101),
    Service("rollout", 8102),
    Service("completion", 8103),
    Service("notifier", 8104, needs_mail=True),
    Service("reporting", 8105),
)
