"""A hold outranks every feed and leaves no trace (docs/decisions/0002, 7, 9 and 11)."""

from typing import Any

from rollout.handlers import explain
from schemas.envelope import Event
from schemas.roster import Leave
from support.rollouts import Rollout, department_events, held, module_event, person_event
from support.training import at, day


async def pilot(rollout: Rollout, *people: Event) -> None:
    await rollout.tell(*department_events(), *(people or (person_event("p1"),)))
    await rollout.publish()


def on_hold(version: int, received: str, **more: Any) -> Event:
    return person_event("p1", version=version, received=received, hold=True, **more)


async def test_whoever_is_on_hold_is_in_no_list_and_no_count(rollout: Rollout) -> None:
    lost = held("d-lost"), held("d-lost", "graduate_student", "a2", paid=False)
    await pilot(rollout, person_event("p1", *lost, hold=True))
    await rollout.until("09-05")
    async with rollout.pool.acquire() as connection:
        found = await explain.exceptions(connection, "2023-24", 10)
        (cycle,) = await explain.list_cycles(connection)
    people = [found[kind] for kind in found if kind.startswith("people")]
    assert people == [[], [], []]
    assert cycle["people"] == {}


async def test_no_feed_and_no_day_asks_anything_of_somebody_on_hold(rollout: Rollout) -> None:
    await pilot(rollout)
    await rollout.until("09-22", "12:00")
    told = len(await rollout.events("reminder"))
    await rollout.tell(on_hold(2, "09-22"))
    ill = Leave(start_on=day("10-02"), end_on=day("10-20"), pauses=True)
    steps = {
        "09-25": on_hold(3, "09-25", leaves=(ill,)),
        "10-23": on_hold(4, "10-23", separated_on=day("10-20")),
        "10-30": on_hold(5, "10-30"),
    }
    for when, event in steps.items():
        await rollout.until(when, "12:00")
        await rollout.tell(event)
    await rollout.until("12-20")
    row = await rollout.obligation("p1")
    assert (row["hold"], row["resumed"], row["status"]) == (True, 0, "overdue")
    assert len(await rollout.events("reminder")) == told
    assert all(e["hold"] for e in await rollout.events("obligation") if e["person_version"] > 1)


async def test_nobody_on_hold_is_released_on_the_planned_day(rollout: Rollout) -> None:
    await pilot(rollout, person_event("p1", hold=True), person_event("p2"))
    await rollout.until("10-31")
    row = await rollout.obligation("p1")
    assert (row["status"], row["released_at"]) == ("scheduled", None)
    assert [batch["total"] for batch in await rollout.events("group.released")] == [1]


async def test_a_completion_on_hold_counts_and_is_there_when_the_hold_is_lifted(
    rollout: Rollout,
) -> None:
    await pilot(rollout)
    await rollout.until("09-25", "12:00")
    await rollout.tell(on_hold(2, "09-25"))
    await rollout.tell(module_event("p1", "A", "09-25"))
    assert (await rollout.obligation("p1"))["status"] == "completed"
    await rollout.until("10-16", "12:00")
    await rollout.tell(person_event("p1", version=3, received="10-16"))
    row = await rollout.obligation("p1")
    assert (row["status"], row["hold"], row["due_on"]) == ("completed", False, day("10-06"))


async def test_the_hold_of_either_id_counts_once_they_are_one(rollout: Rollout) -> None:
    await pilot(rollout, person_event("p1"), person_event("p2"))
    await rollout.until("09-25", "12:00")
    await rollout.tell(on_hold(2, "09-25", aliases=("p2",)))
    await rollout.tell(person_event("p2", version=2, received="09-25", merged_into="p1"))
    await rollout.until("10-31")
    rows = await rollout.obligations()
    assert (rows["p1"]["hold"], rows["p1"]["released_at"] is not None) == (True, True)
    assert (rows["p2"]["rule"], rows["p2"]["next_on"]) == ("merged", None)
    after = [e for e in await rollout.events("reminder") if e["effective_on"] > "2023-09-25"]
    assert after == []


async def test_lifting_a_hold_releases_at_the_next_daily_run(rollout: Rollout) -> None:
    await pilot(rollout, person_event("p1", hold=True))
    await rollout.until("10-11", "12:00")
    await rollout.tell(person_event("p1", version=2, received="10-11"))
    assert (await rollout.obligation("p1"))["released_at"] is None
    await rollout.until("10-12")
    row = await rollout.obligation("p1")
    assert (row["released_at"], row["due_on"]) == (at("10-12"), day("10-26"))
