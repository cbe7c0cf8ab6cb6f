"""Making tokens."""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIX = "rcscim_"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}")


def new_token() -> str:
    """A token nobody can guess, with a beginning that scanners for leaked secrets can look for."""
    return PREFIX + secrets.token_urlsafe(32)


def sha256_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()
