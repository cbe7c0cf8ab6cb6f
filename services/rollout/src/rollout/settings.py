"""What the service needs to know before it starts."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class RolloutSettings(ServiceSettings):
    """Settings of rollout, from variables that begin with ROLLOUT_."""

    model_config = SettingsConfigDict(env_prefix="ROLLOUT_")
