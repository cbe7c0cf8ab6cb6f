"""What machines may do for the office over HTTP, and what of it leaves on Kafka."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from chassis.postgres import Connection
from support.databases import Database
from support.reports import ADA, BEN, report
from support.roster_service import MACHINE, TOPICS, RunningRoster, running_roster
from support.waiting import eventually

BY = {"actor": "office1", "reason": "asked for in writing"}


@pytest.fixture
async def roster(
    place: Database, fresh_topics: Callable[..., Awaitable[str]], connection: Connection
) -> AsyncIterator[RunningRoster]:
    """A running roster that knows Ada, and Ben under two ids."""
    await report(connection, ADA, BEN)
    await report(connection, replace(BEN, person_id="p3"))
    async with running_roster(place, await fresh_topics(*TOPICS)) as running:
        yield running


async def post(roster: RunningRoster, path: str, **body: object) -> tuple[int, Any]:
    """What the roster answers."""
    answer = await roster.client.post(path, json={**BY, **body}, headers=MACHINE)
    return answer.status_code, answer.json()


async def get(roster: RunningRoster, path: str) -> tuple[int, Any]:
    """What the roster answers."""
    answer = await roster.client.get(path, headers=MACHINE)
    return answer.status_code, answer.json()


async def tombstones(roster: RunningRoster) -> list[bytes | None]:
    """Keys of the empty records on the contact topic."""
    consumer = AIOKafkaConsumer(
        "roster.contact.v1", bootstrap_servers=roster.bootstrap, auto_offset_reset="earliest"
    )
    async with consumer:
        found = await consumer.getmany(timeout_ms=2_000)
    return [r.key for records in found.values() for r in records if r.value is None]


async def test_an_act_is_done_and_what_cannot_be_is_refused_in_a_sentence(
    roster: RunningRoster,
) -> None:
    assert await post(roster, "/people/p1/hold", code="legal") == (
        200,
        {"person_id": "p1", "hold": True},
    )
    assert (await post(roster, "/people/p1/lift"))[0] == 200
    status, problem = await post(roster, "/people/p1/lift")
    assert (status, problem["detail"]) == (409, "p1 is not on hold.")


async def test_a_merge_is_tried_made_and_undone(roster: RunningRoster) -> None:
    tried = await post(roster, "/people/p3/merge", into="p2", dry_run=True)
    assert tried[1]["dry_run"] is True
    assert (await get(roster, "/people/p3"))[1]["current"]["merged_into"] is None
    done = await post(roster, "/people/p3/merge", into="p2")
    assert [each["person_id"] for each in done[1]["people"]] == ["p2", "p3"]
    assert (await post(roster, "/people/p3/split"))[0] == 200
    status, person = await get(roster, "/people/p2/as-of/2023-09-01")
    assert (status, person["aliases"]) == (200, [])
    assert (await get(roster, "/people/p77/as-of/2023-09-01"))[0] == 404


async def test_an_erasure_is_a_tombstone_for_every_service(roster: RunningRoster) -> None:
    assert (await post(roster, "/people/p1/erase"))[1] == {"erased": ["p1"], "already": False}
    assert (await post(roster, "/erasures/republish"))[1] == {"erasures": 1}

    async def relayed() -> bool:
        return await tombstones(roster) == [b"p1", b"p1"]

    await eventually(relayed, timeout=30, because="both tombstones are on the topic")


async def test_seats_roles_and_proposals_are_the_offices(roster: RunningRoster) -> None:
    seat = {"committee": "cod", "start_on": "2023-09-01", "end_on": "2025-08-31"}
    assert await post(roster, "/people/p1/seats", **seat) == (201, {"seat": "seat-1"})
    renewed = await post(roster, "/people/p1/seats/seat-1/renew", end_on="2027-08-31")
    assert renewed == (201, {"seat": "seat-2"})
    resigned = await post(roster, "/people/p1/seats/seat-2/resign", end_on="2026-01-31")
    assert resigned == (200, {"seat": "seat-2"})
    assert (await post(roster, "/people/p1/roles/grant", role="office"))[1] == {"changed": True}
    assert (await post(roster, "/people/p1/roles/revoke", role="office"))[1] == {"changed": True}
    assert (await post(roster, "/proposals/1/accept", keep="p1"))[0] == 409
    assert (await post(roster, "/proposals/1/decline"))[0] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"actor": "a@b.c"}, 422),
        ({"actor": None}, 422),
        ({"code": "because"}, 422),
        ({"note": "a free text"}, 422),
        ({"reason": "write to a@b.c"}, 422),
    ],
)
async def test_who_acts_is_an_id_and_why_is_a_code(
    roster: RunningRoster, body: dict[str, Any], status: int
) -> None:
    assert (await post(roster, "/people/p1/hold", **{"code": "legal", **body}))[0] == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/people/a%00b/hold", {"code": "legal"}),
        ("/people/a@b.c/erase", {}),
        ("/people/a%00b/seats/seat-1/resign", {"end_on": "2024-01-01"}),
        ("/proposals/0/decline", {}),
        ("/proposals/99999999999999999999/decline", {}),
    ],
)
async def test_what_can_be_no_id_is_refused_before_anybody_looks(
    roster: RunningRoster, path: str, body: dict[str, str]
) -> None:
    status, problem = await post(roster, path, **body)
    assert status == 422
    assert "_id" in str(problem)


async def test_without_the_machines_token_nothing_is_done(roster: RunningRoster) -> None:
    answer = await roster.client.post("/people/p1/erase", json=BY)
    assert answer.status_code == 401
