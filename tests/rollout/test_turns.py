"""Transactions that meet: publishing, deciding, learning and asking take turns, and never block."""

import asyncio

from chassis.errors import is_transient
from chassis.schedule import Due
from rollout.handlers import explain
from rollout.handlers.run_cycle import CHUNK, DECIDE, decide_everybody
from support.rollouts import (
    Rollout,
    department_event,
    department_events,
    held,
    module_event,
    person_event,
)
from support.training import at, shipped_text
from support.waiting import eventually


def another_text() -> str:
    return shipped_text().replace("2024-01-10", "2024-01-17", 1)


async def test_a_cycle_published_twice_at_once_is_published_once(rollout: Rollout) -> None:
    both = await asyncio.gather(rollout.publish(), rollout.publish())
    assert sorted(each.changed for each in both) == [False, True]


async def test_a_new_policy_can_be_published_while_people_are_decided_by_the_one_before(
    rollout: Rollout,
) -> None:
    await rollout.tell(*department_events(), *(person_event(f"p{n:04}") for n in range(CHUNK + 9)))
    await rollout.publish()
    rollout.calendar.step(at("09-01"))
    async with rollout.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        # As the due worker does: the work is held while a chunk of it is done.
        row = await connection.fetchrow("SELECT * FROM due_work WHERE kind = $1 FOR UPDATE", DECIDE)
        assert row is not None
        due = Due(row["kind"], row["key"], row["due_at"])
        assert not await decide_everybody(connection, due, at("09-01"))
        publishing = asyncio.create_task(rollout.publish(another_text()))
        await eventually(
            lambda: rollout.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"),
            because="publishing waits for the chunk",
        )
        await transaction.commit()
        assert (await publishing).policy_version == 2
        async with connection.transaction():
            assert await decide_everybody(connection, due, at("09-01")), "it was replaced"
    await rollout.work()
    assert await rollout.fetch("SELECT 1 FROM cycle WHERE decided_to IS NULL")
    (policies,) = await rollout.fetch(
        "SELECT array_agg(DISTINCT policy_version) AS all FROM obligation"
    )
    assert policies["all"] == [2]


async def test_why_is_answered_while_a_department_is_being_changed(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("p1"))
    await rollout.publish()
    await rollout.until("09-05")
    async with rollout.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM department FOR UPDATE")
        async with rollout.pool.acquire() as asking:
            card = await asyncio.wait_for(
                explain.why(asking, "p1", "2023-24", rollout.calendar.now()), 5
            )
    assert card["group"] == "pilot"


async def tell_until_taken(rollout: Rollout, batches: list[list[object]]) -> None:
    """As the consumer does: a batch is told again after trouble that passes."""
    for batch in batches:
        while True:
            try:
                await rollout.tell(*batch)  # type: ignore[arg-type]
                break
            except Exception as error:
                if not is_transient(error):
                    raise


async def test_a_busy_stream_and_the_daily_run_at_once_come_to_what_they_do_one_by_one(
    rollout: Rollout,
) -> None:
    names = [f"p{n:03}" for n in range(400)]
    await rollout.tell(*department_events(), *(person_event(name) for name in names))
    await rollout.publish()
    await rollout.until("09-10")
    batches: list[list[object]] = []
    for start in range(0, 400, 20):
        some = names[start : start + 20]
        batches.append([module_event(name, on="09-12") for name in reversed(some[:10])])
        batches.append(
            [person_event(name, held("d-csail"), version=2, received="09-12") for name in some[10:]]
        )
    batches.append([department_event("d-hr", "ist", version=2, received="09-12")])
    rollout.calendar.step(at("09-13", "08:00"))
    telling = asyncio.create_task(tell_until_taken(rollout, batches))
    rollout.calendar.step(at("09-13"))
    while not telling.done() or await rollout.fetch(
        "SELECT 1 FROM due_work WHERE due_at <= $1", rollout.calendar.now()
    ):
        await rollout.worker().work_one()
        await asyncio.sleep(0)
    await telling
    rows = await rollout.fetch("SELECT * FROM obligation ORDER BY person_id")
    assert [row["person_id"] for row in rows] == names
    assert sum(row["option"] == "B" for row in rows) == 200
    moved = [row for row in rows if row["department_ids"] == ["d-csail"]]
    assert len(moved) == 200
    assert all(row["group_id"] == "vp-research" for row in moved if row["released_at"] is None)
    for event in await rollout.fetch(
        """
        SELECT array_agg(sequence ORDER BY id) AS versions FROM outbox
        WHERE type LIKE '%obligation%' GROUP BY subject
        """
    ):
        assert event["versions"] == list(range(1, len(event["versions"]) + 1))
