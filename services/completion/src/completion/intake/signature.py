"""Whether a request was signed by a source: Standard Webhooks, symmetric, over the raw bytes.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
Written here because their Python library takes six times as long; the tests hold it against that.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

TOLERANCE_S = 300
SIGNATURES_LENGTH_MAX = 1_024  # twenty signatures; each costs time before anybody is known
VERSION = b"v1,"


class Signed(NamedTuple):
    """The headers a signature consists of; empty where one is missing."""

    webhook_id: str
    timestamp: str
    signature: str

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> Signed:
        """Those of a request, from its raw headers."""
        found = dict(headers)
        return cls(*(found.get(name, b"").decode("latin-1") for name in _HEADERS))


HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_HEADERS = tuple(name.encode() for name in HEADERS)


class Signatures:
    """Verifies against every active secret of a source; `clock` gives real seconds since 1970."""

    def __init__(
        self,
        secrets_by_source: Mapping[str, Iterable[bytes]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = {name: tuple(keys) for name, keys in secrets_by_source.items()}
        # An unknown source costs as much time as a known one, so that names cannot be probed.
        self._nobody = (secrets.token_bytes(32),)
        self._clock = clock

    def verify(self, source: str, signed: Signed, body: bytes) -> bool:
        """True when any secret of `source` made one of the signatures, within five minutes."""
        if not (signed.webhook_id and self._recent(signed.timestamp)):
            return False
        if len(signed.signature) > SIGNATURES_LENGTH_MAX:
            return False
        content = f"{signed.webhook_id}.{signed.timestamp}.".encode() + body
        given = signed.signature.encode().split(b" ")
        for secret in self._secrets.get(source, self._nobody):
            made = VERSION + base64.b64encode(hmac.digest(secret, content, "sha256"))
            for one in given:
                if hmac.compare_digest(made, one):
                    return True
        return False

    def _recent(self, timestamp: str) -> bool:
        # Digits that are not ASCII are digits too, and int() would read them.
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        return abs(self._clock() - int(timestamp)) <= TOLERANCE_S
