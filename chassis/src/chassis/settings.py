"""Settings from the environment; what is wrong with them is said in a sentence at the start."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service needs to know. Each service subclasses it with its own prefix.

    Any value may instead come from a file named after the variable in the folder that
    `ROLLCALL_SECRETS` names (as Docker and Kubernetes mount secrets).
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr = Field(description="Postgres URL of the service's app role.")
    owner_database_url: SecretStr | None = Field(
        default=None, description="Postgres URL of the owning role; only `migrate` needs it."
    )
    kafka_bootstrap: str = Field(description="host:port[,host:port] of the brokers.")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)
    calendar: Literal["system", "stepped"] = Field(
        default="system", description="'stepped' lets the holder of the machine token set the day."
    )
    timezone: str = "America/New_York"
    machine_token: SecretStr = Field(
        description="Bearer token of machine endpoints.", min_length=16
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    stall_after_s: float = Field(
        default=60.0, gt=0, description="Real seconds without progress after which it exits."
    )


S = TypeVar("S", bound=ServiceSettings)


def load(settings: type[S], **overrides: Any) -> S:
    """Read `settings` from the environment, or exit with status 2 and one sentence per mistake."""
    prefix = settings.model_config.get("env_prefix", "")
    try:
        return settings(_secrets_dir=_secrets_dir(), **overrides)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = prefix + "_".join(str(part) for part in problem["loc"]).upper()
            what = "is not set" if problem["type"] == "missing" else f"is wrong: {problem['msg']}"
            print(f"The environment variable {name} {what}.", file=sys.stderr)
        raise SystemExit(2) from None


def _secrets_dir() -> Path | None:
    folder = os.environ.get("ROLLCALL_SECRETS")
    return Path(folder) if folder else None
