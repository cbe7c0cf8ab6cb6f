"""The outside world: HR uploads its extracts, learning systems post their signed webhooks."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from embedded.demo.doors import InboundDoor, OfficeDoor, ScimDoor
from embedded.demo.patience import persist
from embedded.services import Service
from embedded.university import SOURCE, Happening

AT_ONCE = 16


Deliver = Callable[[Happening], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Secrets:
    """What outsiders were given: the machine token, a token for SCIM, the webhooks' secret."""

    machine: str
    scim: str
    webhooks: bytes


class Outside:
    """Delivers happenings to the services' doors."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        services: dict[str, Service],
        *,
        inbound: InboundDoor,
        secrets: Secrets,
    ) -> None:
        roster = services["roster"].url
        self._client = client
        self._services = services
        self._authorized = {"Authorization": f"Bearer {secrets.machine}"}
        self._secret = secrets.webhooks
        office = OfficeDoor(client, roster, secrets.machine)
        self._act = office.act
        self._doors: Mapping[str, Deliver] = {
            "csv": self._upload,
            "scim": ScimDoor(client, roster, secrets.scim).say,
            "inbound": inbound.say,
            "seat": office.seat,
        }

    async def deliver(self, happenings: Sequence[Happening]) -> None:
        """Deliver departments, people, what the office does, then webhooks, several at once."""
        for kind in ("departments_csv", "people_csv"):
            for each in happenings:
                if each.kind == kind:
                    await self._doors[each.door](each)
        for each in happenings:
            if each.kind == "office":
                await self._act(each)
        webhooks = iter([each for each in happenings if each.kind == "webhook"])
        await asyncio.gather(*(self._post_all(webhooks) for _ in range(AT_ONCE)))

    async def _post_all(self, webhooks: Iterator[Happening]) -> None:
        for each in webhooks:
            await persist(partial(self._post, each))

    async def _upload(self, extract: Happening) -> None:
        what = extract.kind.removesuffix("_csv")
        await persist(
            lambda: self._client.post(
                f"{self._services['roster'].url}/imports/{what}",
                content=extract.payload.encode(),
                headers=self._authorized | {"Content-Type": "text/csv"},
                timeout=60.0,
            )
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
