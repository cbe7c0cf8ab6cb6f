"""The roster's doors beside the file upload: SCIM, Kafka, and the office's own hands."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from aiokafka import AIOKafkaProducer

from embedded.demo.patience import persist
from embedded.demo.records import Rows, inbound_record, people_of, scim_user
from embedded.university import Happening

ZONE = ZoneInfo("America/New_York")
INBOUND = "roster.inbound.v1"
OFFICE = "demo-office"
_TYPE = b"edu.rollcall.person.reported.v1"


class ScimDoor:
    """An identity system that says whole users; whether one is there already, it asks."""

    def __init__(self, client: httpx.AsyncClient, roster: str, token: str) -> None:
        self._client = client
        self._users = f"{roster}/scim/v2/Users"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/scim+json",
        }

    async def say(self, happening: Happening) -> None:
        """Put every person of the happening."""
        for rows in people_of(happening.payload):
            await persist(partial(self._say, scim_user(rows)))

    async def _say(self, user: dict[str, Any]) -> httpx.Response:
        query = {"filter": f'externalId eq "{user["externalId"]}"'}
        found = await self._client.get(self._users, params=query, headers=self._headers)
        if found.is_error:
            return found
        body = json.dumps(user).encode()
        for known in found.json().get("Resources", ()):
            url = f"{self._users}/{known['id']}"
            return await self._client.put(url, content=body, headers=self._headers)
        return await self._client.post(self._users, content=body, headers=self._headers)


class InboundDoor:
    """An HR system that publishes to Kafka."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def say(self, happening: Happening) -> None:
        """Publish every person of the happening, said at its moment."""
        said_at = happening.at.replace(tzinfo=ZONE).isoformat()
        for rows in people_of(happening.payload):
            await self._producer.send_and_wait(
                INBOUND,
                json.dumps(inbound_record(rows, said_at)).encode(),
                key=rows[0]["person_id"].encode(),
                headers=_headers(),
            )


class OfficeDoor:
    """The office, acting through the machine API."""

    def __init__(self, client: httpx.AsyncClient, roster: str, token: str) -> None:
        self._client = client
        self._people = f"{roster}/people"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def act(self, happening: Happening) -> None:
        """Hold, lift, merge or split, as the payload says."""
        told = json.loads(happening.payload)
        body = {"actor": OFFICE, "reason": "as told by the demo"}
        if told["action"] == "hold":
            body["code"] = "other"
        if told["action"] == "merge":
            body["into"] = told["into"]
        await self._post(f"{told['person_id']}/{told['action']}", body)

    async def seat(self, happening: Happening) -> None:
        """Give every person of the happening the committee seat that their rows end with."""
        for rows in people_of(happening.payload):
            await self._post(f"{rows[0]['person_id']}/seats", _seat(rows))

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        url = f"{self._people}/{path}"
        await persist(lambda: self._client.post(url, json=body, headers=self._headers))


def _seat(rows: Rows) -> dict[str, Any]:
    seat = rows[-1]
    return {
        "actor": OFFICE,
        "committee": seat["department_id"],
        "start_on": seat["start_on"],
        "end_on": seat["end_on"] or None,
        "nominated_by": seat["nominated_by"] or None,
    }


def _headers() -> Sequence[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid4()).encode()),
        ("ce_source", b"/campus/hr"),
        ("ce_type", _TYPE),
        ("ce_time", datetime.now(ZONE).isoformat().encode()),
        ("content-type", b"application/json"),
    ]
