"""Settings of the completion service, from environment variables that begin with COMPLETION_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class CompletionSettings(ServiceSettings):
    """What the completion service needs to know beyond what every service does."""

    model_config = SettingsConfigDict(env_prefix="COMPLETION_", extra="ignore", frozen=True)

    sources_file: Path = Field(description="TOML file of the learning systems that may speak.")
    webhook_max_bytes: int = Field(default=64 * 1024, ge=1_024, le=1_048_576)
    webhook_rate_per_s: float = Field(
        default=2_000.0, gt=0, description="Requests a source may make per second, on average."
    )
    request_days: int = Field(
        default=400,
        ge=30,
        le=36_500,
        description="How long interpreted webhooks are kept as they came; senders may repeat one "
        "for days.",
    )
