"""The outside world: HR uploads its extracts, learning systems post their signed webhooks."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

import httpx

from embedded.services import Service
from embedded.university import SOURCE, Happening

AT_ONCE = 16
PATIENCE_SECONDS = 90.0
_AGAIN = frozenset({429, 500, 502, 503, 504})


class Refused(RuntimeError):
    """A service refused what the demo expected it to take; holds its answer."""


async def persist(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Repeat a call for as long as the service is away, as every sender must.

    Raises:
        Refused: it answered with a client error, or did not come back in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = await call()
        except httpx.TransportError as error:
            trouble = type(error).__name__
        else:
            if answer.status_code not in _AGAIN:
                if answer.is_error:
                    raise Refused(f"{answer.request.url}: {answer.status_code} {answer.text}")
                return answer
            trouble = f"{answer.status_code} {answer.text}"
        if time.monotonic() > deadline:
            raise Refused(f"no success in {PATIENCE_SECONDS:.0f} s: {trouble}")
        await asyncio.sleep(0.1)


class Outside:
    """Delivers happenings to the services' doors."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        services: dict[str, Service],
        *,
        token: str,
        webhook_secret: bytes,
    ) -> None:
        self._client = client
        self._services = services
        self._authorized = {"Authorization": f"Bearer {token}"}
        self._secret = webhook_secret

    async def deliver(self, happenings: Sequence[Happening]) -> None:
        """Deliver in order of kinds: departments, people, then webhooks, several at once."""
        for kind in ("departments_csv", "people_csv"):
            for each in happenings:
                if each.kind == kind:
                    await persist(partial(self._upload, each))
        webhooks = iter([each for each in happenings if each.kind == "webhook"])
        await asyncio.gather(*(self._post_all(webhooks) for _ in range(AT_ONCE)))

    async def _post_all(self, webhooks: Iterator[Happening]) -> None:
        for each in webhooks:
            await persist(partial(self._post, each))

    async def _upload(self, extract: Happening) -> httpx.Response:
        what = extract.kind.removesuffix("_csv")
        return await self._client.post(
            f"{self._services['roster'].url}/imports/{what}",
            content=extract.payload.encode(),
            headers=self._authorized | {"Content-Type": "text/csv"},
            timeout=60.0,
        )

    async def _post(self, webhook: Happening) -> httpx.Response:
        body = webhook.payload.encode()
        identity, now = webhook.webhook_id or "", str(int(time.time()))
        signed = f"{identity}.{now}.".encode() + body
        signature = base64.b64encode(hmac.new(self._secret, signed, hashlib.sha256).digest())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{signature.decode()}",
        }
        url = f"{self._services['completion'].url}/webhooks/{SOURCE}"
        return await self._client.post(url, content=body, headers=headers)
