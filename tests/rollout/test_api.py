"""The machine endpoints, asked over HTTP of one running service."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.databases import Databases
from support.events import send_events
from support.rollout_process import TOPICS, RolloutProcess, rollout_process
from support.rollouts import department_events, held, person_event
from support.topics import recreate_topics
from support.training import shipped_text


@pytest.fixture(scope="module")
async def running(databases: Databases, kafka: str) -> AsyncIterator[RolloutProcess]:
    await recreate_topics(kafka, TOPICS)
    database = await databases.fresh("rollout")
    async with rollout_process(database, kafka) as started:
        yield started
    await databases.drop(database)


async def test_the_machine_endpoints_ask_for_the_token(running: RolloutProcess) -> None:
    async with running.client as client:
        client.headers.pop("authorization")
        for method, path in [
            ("POST", "/cycles"),
            ("GET", "/cycles"),
            ("GET", "/why/p1?cycle=2023-24"),
            ("GET", "/exceptions?cycle=2023-24"),
        ]:
            assert (await client.request(method, path)).status_code == 401


async def test_the_api_publishes_a_cycle_and_answers_why(running: RolloutProcess) -> None:
    facts = [*department_events(), person_event("p1"), person_event("p2", held("d-lost"))]
    await send_events(running.bootstrap, facts)
    async with running.client as client:

        async def get(path: str) -> Any:
            answer = await client.get(path)
            return answer.status_code, answer.json()

        status, problem = await get("/why/p1?cycle=2023-24")
        assert (status, problem["detail"]) == (404, "No cycle '2023-24' has been published.")
        dry = await client.post("/cycles?dry_run=true", content=shipped_text())
        assert (dry.json()["changed"], dry.json()["dry_run"]) == (True, True)
        await running.publish_cycle()
        await running.rest(consumed=len(facts))
        await running.step_through("09-01")

        _, (cycle,) = await get("/cycles")
        assert (cycle["cycle"], cycle["decided"], cycle["people"]) == (
            "2023-24",
            True,
            {"scheduled": 2},
        )
        _, card = await get("/why/p1?cycle=2023-24")
        assert (card["rule"], card["group"], card["outcome"]) == (
            "paid_staff",
            "pilot",
            "required",
        )
        assert card["obligation"]["status"] == "scheduled"
        assert card["flip"]["outcome"] == "exempt"
        assert await get("/exceptions?cycle=2023-24") == (
            200,
            {
                "cycle": "2023-24",
                "people_without_group": ["p2"],
                "people_without_area": ["p2"],
                "people_without_year_of_study": [],
                "departments_without_area": ["d-lost"],
            },
        )
        assert (await get("/why/nobody?cycle=2023-24"))[0] == 404
        assert (await get("/exceptions?cycle=2019"))[0] == 404
        for hostile in ("/why/%00?cycle=2023-24", "/why/p1?cycle=%00", "/exceptions?cycle=%00"):
            assert (await get(hostile))[0] == 422


async def test_a_cycle_file_with_errors_is_answered_with_all_of_them(
    running: RolloutProcess,
) -> None:
    broken = shipped_text().replace("outcome: exempt", "outcome: maybe").replace("[ist]", "[]")
    async with running.client as client:
        answer = await client.post("/cycles", content=broken.encode())
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        (error,) = answer.json()["errors"]
        assert (error["field"], error["line"] > 0) == ("rules[1].outcome", True)
        not_text = await client.post("/cycles", content=b"\xff\xfe")
        assert not_text.status_code == 422
        enormous = await client.post("/cycles", content=b"a" * 300_000)
        assert enormous.status_code == 413
    assert await running.fetch("SELECT 1 FROM policy WHERE source LIKE '%maybe%'") == []
