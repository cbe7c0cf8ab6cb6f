"""What the notifier needs to know; every variable starts with NOTIFIER_."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class NotifierSettings(ServiceSettings):
    """Settings of the notifier."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_", extra="ignore", frozen=True)

    smtp_host: str = Field(description="The campus relay.")
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_starttls: bool = Field(default=False, description="Refuse to send without TLS.")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    connections: int = Field(default=8, ge=1, le=64, description="SMTP connections kept open.")
    smtp_timeout_s: float = Field(default=30.0, gt=0, description="For connecting and commands.")
    smtp_reply_timeout_s: float = Field(
        default=600.0, gt=0, description="For the answer to the final dot (RFC 5321: 600)."
    )
    retry_after_s: float = Field(
        default=30.0, gt=0, description="First pause after a refusal for now; it doubles."
    )
    contact_wait_s: float = Field(
        default=30.0, ge=0, description="How long a mail waits for a contact that never came."
    )
    envelope_domain: str = Field(
        default="localhost",
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        description="Domain of envelope senders and Message-IDs; bounces come back to it.",
    )
    code_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Key of the codes that prove a mail is ours; by default made from "
        "the machine token.",
    )
    institution_file: Path | None = Field(
        default=None, description="TOML with names, places and support; by default the packaged."
    )

    @property
    def code_key(self) -> bytes:
        """Key for verification codes."""
        if self.code_secret is not None:
            return self.code_secret.get_secret_value().encode()
        token = self.machine_token.get_secret_value().encode()
        return hmac.digest(token, b"mail verification code", hashlib.sha256)
