"""Settings of reporting; the prefix of every variable is REPORTING_."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from chassis.sign_in import SignInSettings


class ReportingSettings(SignInSettings):
    """What every service needs, and how people sign in. `timezone` decides business dates."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_", extra="ignore", frozen=True)
