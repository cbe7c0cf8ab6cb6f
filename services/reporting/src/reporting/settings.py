"""Settings of reporting; the prefix of every variable is REPORTING_."""

from __future__ import annotations

import secrets

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class ReportingSettings(ServiceSettings):
    """What every service needs, and how people sign in. `timezone` decides business dates."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_", extra="ignore", frozen=True)

    demo_sign_in: bool = Field(
        default=False,
        description="Anybody on this machine may sign in as anybody. For demos only.",
    )
    session_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        min_length=16,
        description="Signs session cookies; without one, a restart signs everybody out.",
    )
