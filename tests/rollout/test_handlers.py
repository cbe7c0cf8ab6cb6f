"""Facts in, obligations out, on a real database: each promise of the service by itself."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import asyncpg
import pytest

from chassis.schedule import Due
from rollout.cycle_file import CycleFileError
from rollout.handlers.learn_facts import learn_completions
from rollout.handlers.run_cycle import CHUNK, work_day
from schemas.envelope import Event
from schemas.roster import Leave
from support.databases import Database
from support.rollouts import (
    Rollout,
    department_event,
    department_events,
    held,
    module_event,
    person_event,
    rollout_on,
    shuffled,
)
from support.training import at, day, shipped, shipped_text
from support.waiting import eventually

Fresh = Callable[[str], Awaitable[Database]]


async def test_nothing_is_decided_before_the_cycle_opens(rollout: Rollout) -> None:
    await rollout.publish()
    await rollout.tell(*department_events(), person_event("p1"))
    assert await rollout.obligations() == {}
    await rollout.until("09-01")
    assert (await rollout.obligation("p1"))["status"] == "scheduled"


async def test_everybody_is_decided_when_a_cycle_is_published(rollout: Rollout) -> None:
    people = [person_event(f"p{n:04}") for n in range(CHUNK + 200)]
    await rollout.tell(*department_events(), *people)
    await rollout.until("09-05")
    await rollout.publish()
    await rollout.work()
    assert len(await rollout.obligations()) == CHUNK + 200
    assert len(await rollout.events("obligation")) == CHUNK + 200
    assert await rollout.fetch("SELECT 1 FROM cycle WHERE decided_to IS NULL")


async def test_publishing_the_same_file_again_changes_nothing(rollout: Rollout) -> None:
    first = await rollout.publish()
    again = await rollout.publish()
    assert (first.changed, again.changed, again.policy_version) == (True, False, 1)
    assert len(await rollout.events("cycle.published")) == 1


async def test_a_dry_run_says_what_would_be_and_changes_nothing(rollout: Rollout) -> None:
    published = await rollout.publish(dry_run=True)
    assert (published.changed, published.policy_version) == (True, 1)
    assert await rollout.fetch("SELECT 1 FROM policy") == []
    assert await rollout.fetch("SELECT 1 FROM due_work") == []


async def test_a_changed_file_is_a_new_policy_that_decides_everybody_again(
    rollout: Rollout,
) -> None:
    await rollout.tell(*department_events(), person_event("p1", held("d-physics")))
    await rollout.publish()
    await rollout.until("09-05")
    await rollout.publish(shipped_text().replace("2024-01-10", "2024-01-17", 1))
    await rollout.work()
    after = await rollout.obligation("p1")
    assert (after["policy_version"], after["version"]) == (2, 2)
    assert after["planned_on"] >= day("01-17")


async def test_a_file_that_drops_a_group_with_released_people_is_refused(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("p1"))
    await rollout.publish()
    await rollout.until("09-22")
    text = shipped_text().replace("group: pilot", "group: beta")
    with pytest.raises(CycleFileError, match="'pilot'"):
        await rollout.publish(text)


async def test_each_person_is_released_on_the_planned_day_and_counted_once(
    rollout: Rollout,
) -> None:
    await rollout.tell(*department_events(), *(person_event(f"p{n}") for n in range(60)))
    await rollout.publish()
    await rollout.until("09-30")
    rows = await rollout.obligations()
    for row in rows.values():
        assert (row["status"], row["due_on"]) == ("released", day("10-06"))
        assert row["released_at"] == shipped().begins_at(row["planned_on"])
    batches = await rollout.events("group.released")
    assert sum(batch["people"] for batch in batches) == 60
    assert batches[-1]["total"] == 60
    assert [batch["version"] for batch in batches] == list(range(1, len(batches) + 1))
    assert len({batch["released_on"] for batch in batches}) == len(batches)


async def released_in_chunks(rollout: Rollout) -> None:
    """More people than one chunk holds are planned for October 6."""
    await rollout.tell(*department_events())
    await rollout.publish()
    await rollout.until("10-05", "12:00")
    people = [person_event(f"p{n:05}", received="10-05") for n in range(2 * CHUNK + 300)]
    await rollout.tell(*people)


async def test_the_counts_are_right_when_a_day_is_worked_in_chunks(rollout: Rollout) -> None:
    await released_in_chunks(rollout)
    await rollout.until("10-06")
    batches = await rollout.events("group.released")
    assert [(b["version"], b["people"], b["total"]) for b in batches] == [
        (1, CHUNK, CHUNK),
        (2, CHUNK, 2 * CHUNK),
        (3, 300, 2 * CHUNK + 300),
    ]


async def test_a_worker_that_dies_between_chunks_releases_nobody_twice(rollout: Rollout) -> None:
    await released_in_chunks(rollout)
    rollout.calendar.step(at("10-06"))
    assert await rollout.worker().work_one()
    async with rollout.pool.acquire() as connection:
        # The second chunk is done and then lost with its transaction.
        transaction = connection.transaction()
        await transaction.start()
        (row,) = await connection.fetch("SELECT kind, key, due_at FROM due_work")
        assert not await work_day(connection, Due(*row), at("10-06"))
        await transaction.rollback()
    await rollout.work()
    batches = await rollout.events("group.released")
    assert [batch["total"] for batch in batches] == [CHUNK, 2 * CHUNK, 2 * CHUNK + 300]
    released = [e for e in await rollout.events("obligation") if e["status"] == "released"]
    assert len(released) == len({e["person_id"] for e in released}) == 2 * CHUNK + 300


async def test_an_obligation_s_versions_are_dense_and_published_once(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("p1"))
    await rollout.publish()
    await rollout.until("09-24")
    await rollout.tell(module_event("p1", on="09-24"), module_event("p1", on="09-24"))
    await rollout.tell(module_event("p1", on="09-24"))
    await rollout.until("10-31")
    events = await rollout.events("obligation")
    assert [(e["version"], e["status"]) for e in events] == [
        (1, "scheduled"),
        (2, "released"),
        (3, "completed"),
    ]


async def test_reminders_fall_due_at_the_daily_hour_and_once(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("p1"))
    await rollout.publish()
    await rollout.until("11-15")
    told = [(e["kind"], e["ordinal"], e["effective_on"]) for e in await rollout.events("reminder")]
    assert told == [
        ("reminder", 1, "2023-09-22"),
        ("reminder", 2, "2023-09-29"),
        ("due_soon", 1, "2023-10-05"),
        ("overdue", 1, "2023-10-10"),
        ("overdue", 2, "2023-10-17"),
        ("overdue", 3, "2023-10-24"),
    ]


async def test_a_missed_day_is_worked_once_when_the_service_is_back(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), *(person_event(f"p{n}") for n in range(20)))
    await rollout.publish()
    await rollout.until("09-10")
    rollout.calendar.step(at("09-30", "11:00"))  # a Saturday
    await rollout.work()
    assert await rollout.events("group.released") == []
    await rollout.until("10-02")
    (batch,) = await rollout.events("group.released")
    assert (batch["released_on"], batch["people"]) == ("2023-10-02", 20)
    assert (await rollout.obligation("p1"))["due_on"] == day("10-16")


async def test_a_completion_of_a_person_nobody_has_told_of_counts_once_they_are_known(
    rollout: Rollout,
) -> None:
    await rollout.tell(*department_events(), module_event("p1", on="09-12"))
    await rollout.publish()
    await rollout.until("09-15")
    assert await rollout.obligations() == {}
    await rollout.tell(person_event("p1", received="09-15"))
    await rollout.until("09-22")
    assert (await rollout.obligation("p1"))["status"] == "completed"


async def test_a_department_s_area_decides_its_people_again(rollout: Rollout) -> None:
    await rollout.tell(person_event("p1", held("d-new")), person_event("p2", held("d-other")))
    await rollout.publish()
    await rollout.until("09-05")
    assert (await rollout.obligation("p1"))["group_id"] is None
    await rollout.tell(department_event("d-new", "vp-research", received="09-05"))
    await rollout.work()
    assert (await rollout.obligation("p1"))["group_id"] == "vp-research"
    assert (await rollout.obligation("p2"))["version"] == 1


async def test_a_sabbatical_excuses_nobody(rollout: Rollout) -> None:
    sabbatical = Leave(start_on=day("08-01"), end_on=day("2024-05-31"))
    professor = person_event("p1", held("d-physics", "faculty"), leaves=(sabbatical,))
    await rollout.tell(*department_events(), professor)
    await rollout.publish()
    await rollout.until("02-09")
    assert (await rollout.obligation("p1"))["status"] == "released"


async def test_versions_of_one_person_in_one_batch_have_their_consequences_in_order(
    rollout: Rollout,
) -> None:
    await rollout.tell(*department_events(), person_event("p1"))
    await rollout.publish()
    await rollout.until("09-25")
    await rollout.tell(
        person_event("p1", version=2, received="09-25", separated_on=day("09-24")),
        person_event("p1", version=3, received="09-25"),
    )
    after = await rollout.obligation("p1")
    assert (after["status"], after["due_on"], after["version"]) == ("released", day("10-09"), 4)


async def test_two_transactions_that_know_different_facts_of_one_person_take_turns(
    rollout: Rollout,
) -> None:
    await rollout.tell(*department_events())
    await rollout.publish()
    await rollout.until("09-05")
    async with rollout.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await learn_completions(connection, [module_event("p1", on="09-05")], at("09-05"))
        other = asyncio.create_task(rollout.tell(person_event("p1")))
        await eventually(
            lambda: rollout.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"),
            because="the other transaction waits",
        )
        await transaction.commit()
    await other
    assert (await rollout.obligation("p1"))["option"] == "B"


async def test_an_older_version_after_a_newer_one_changes_nothing(rollout: Rollout) -> None:
    second = person_event("p1", held("d-csail"), version=2, received="09-02")
    await rollout.tell(*department_events(), second)
    await rollout.publish()
    await rollout.until("09-03")
    before = await rollout.obligation("p1")
    await rollout.tell(person_event("p1"))
    assert await rollout.obligation("p1") == before


def history() -> list[Event]:
    """A spring term in which everything awkward happens, in the order it was received."""
    d = "d-csail"
    events: list[Event] = [
        *department_events(),
        *(person_event(f"p{n}", held(d if n % 2 else "d-hr")) for n in range(12)),
        person_event("g1", held("d-physics", "graduate_student", paid=False, year_of_study=3)),
        person_event("l1", held("d-lincoln")),
        person_event("p1", held("d-libraries"), version=2, received="09-28"),
        person_event("p2", version=2, received="09-18", separated_on=day("09-17")),
        person_event("p2", version=3, received="10-16"),
        person_event("p3", held(d), version=2, received="10-02", separated_on=day("10-20")),
        person_event("p4", held("d-libraries"), version=2, received="09-26"),
        person_event("late", received="10-05"),
        module_event("p5", "A", "09-13"),
        module_event("p6", "B", "09-27"),
        module_event("p6", "B", "10-03", version=2, revoked=True),
        module_event("p8", "C", "10-12"),
        module_event("p10", "A", "09-14"),
        module_event("p10", "B", "09-15"),
        module_event("p10", "A", "09-19", version=2, revoked=True),
        module_event("unknown", "A", "09-14"),
        department_event("d-hr", "ist", version=2, received="09-20"),
    ]
    return sorted(events, key=lambda event: event.received_at)


async def live_through(rollout: Rollout, days: dict[date, list[Event]]) -> dict[str, Any]:
    await rollout.publish()
    for received, events in sorted(days.items()):
        await rollout.until(str(received), "12:00")
        await rollout.tell(*events)
    await rollout.until("11-30")
    return await rollout.obligations()


@pytest.mark.parametrize("seed", range(4))
async def test_duplicates_and_another_order_give_identical_obligations(
    database: Fresh, seed: int
) -> None:
    dice = random.Random(seed)
    days: dict[date, list[Event]] = {}
    for event in history():
        days.setdefault(event.received_at.date(), []).append(event)
    mixed: dict[date, list[Event]] = {}
    past: list[Event] = []
    for received, events in sorted(days.items()):
        past += events
        mixed[received] = shuffled(events, dice) + dice.choices(past, k=5)
    async with rollout_on(await database("rollout")) as one:
        plain = await live_through(one, days)
    async with rollout_on(await database("rollout")) as other:
        assert await live_through(other, mixed) == plain
    assert len(plain) == 15


async def test_a_history_that_arrives_all_at_once_gives_the_same_plan_in_any_order(
    database: Fresh,
) -> None:
    results = []
    for seed in range(3):
        events = shuffled(history(), random.Random(seed))
        async with rollout_on(await database("rollout")) as rollout:
            await rollout.publish()
            await rollout.until("10-16", "12:00")
            for event in events:
                await rollout.tell(event)
            await rollout.until("12-31")
            results.append(await rollout.obligations())
    for result in results[1:]:
        assert {k: (v, result[k]) for k, v in results[0].items() if v != result[k]} == {}


@pytest.mark.parametrize(
    "change",
    [
        "status = 'released'",
        "status = 'completed'",
        "status = 'overdue', released_at = now()",
        "released_at = now()",
        "planned_on = '2023-09-11', group_id = NULL",
        "completed_at = now()",
        "status = 'done'",
    ],
)
async def test_the_database_refuses_a_state_that_cannot_be(rollout: Rollout, change: str) -> None:
    await rollout.tell(*department_events(), person_event("p1"))
    await rollout.publish()
    await rollout.until("09-01")
    with pytest.raises(asyncpg.CheckViolationError):
        await rollout.fetch(f"UPDATE obligation SET {change}")
