"""What the roster needs to know before it starts."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class RosterSettings(ServiceSettings):
    """Settings of the roster, from variables that begin with ROSTER_."""

    model_config = SettingsConfigDict(env_prefix="ROSTER_")
