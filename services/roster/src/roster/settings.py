"""What the roster needs to know before it starts."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.sign_in import SignInSettings


class RosterSettings(SignInSettings):
    """Settings of the roster, from variables that begin with ROSTER_."""

    model_config = SettingsConfigDict(env_prefix="ROSTER_")

    feeds_silent_after_h: dict[str, float] = Field(
        default_factory=dict,
        description='Hours after which a silent source is an alarm, as {"hr": 48, "students": 30}.',
    )
    mappings_folder: Path | None = Field(
        default=None,
        description="Mapping files of your own, NAME.toml each; found by name before the presets.",
    )
