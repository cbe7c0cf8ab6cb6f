"""Passwords and tokens that differ per folder and stay the same over restarts."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path


class DerivedSecrets:
    """Derives any number of secrets from one random file, `secret`, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, purpose: str) -> str:
        """32 hexadecimal digits for this purpose; makes the file on first use."""
        key = self._key().encode()
        return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()[:32]

    def _key(self) -> str:
        path = self._folder / "secret"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
        return path.read_text()
