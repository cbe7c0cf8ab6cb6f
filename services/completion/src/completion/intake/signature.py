"""Whether a request was signed by a source: Standard Webhooks, over the raw bytes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers


class Signed(NamedTuple):
    """The headers a signature consists of; empty where one is missing."""

    webhook_id: str
    timestamp: str
    signature: str

    @classmethod
    def of(cls, headers: Headers) -> Signed:
        """Those of a request."""
        return cls(*(headers.get(name, "") for name in HEADERS))


HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Signatures:
    """Verifies against every active secret of a source, with a clock tolerance of five minutes."""

    def __init__(self, secrets_by_source: Mapping[str, Iterable[bytes]]) -> None:
        self._hooks = {
            name: [Webhook(secret) for secret in keys] for name, keys in secrets_by_source.items()
        }
        # An unknown source costs as much time as a known one, so that names cannot be probed.
        self._nobody = [Webhook(secrets.token_bytes(32))]

    def verify(self, source: str, signed: Signed, body: bytes) -> bool:
        """True when any secret of `source` made one of the signatures, and the time is right."""
        headers = dict(zip(HEADERS, signed, strict=True))
        return any(_holds(hook, headers, body) for hook in self._hooks.get(source, self._nobody))


def _holds(hook: Webhook, headers: dict[str, str], body: bytes) -> bool:
    try:
        hook.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        # ValueError: the library meets base64, UTF-8 and commas that are not there.
        return False
    return True
