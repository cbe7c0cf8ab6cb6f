"""Two ids of one person (docs/decisions/0002, 14), on a real database.

In the pilot the own day of o1 is 12 September, that of n10 15 September; the group is due on
6 October. Merges are told at noon, as two events in either order.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from rollout.domain import own_day
from rollout.handlers import explain
from schemas.envelope import Event
from schemas.roster import Leave
from support.databases import Database
from support.rollouts import (
    Rollout,
    department_events,
    held,
    module_event,
    person_event,
    rollout_on,
    shuffled,
)
from support.training import at, day, shipped

Fresh = Callable[[str], Awaitable[Database]]
LATE_STAFF: dict[str, Any] = {"received": "09-25"}


def merge(received: str, version: int = 2, *, new: Any = None) -> list[Event]:
    """What the roster says when `o1` becomes an alias of `n10`."""
    return [
        person_event("o1", version=version, received=received, merged_into="n10").model_copy(
            update={"appointments": ()}
        ),
        person_event("n10", *(new or ()), version=version, received=received, aliases=("o1",)),
    ]


def split(received: str, version: int = 3) -> list[Event]:
    """What the roster says when they are two again."""
    return [
        person_event("o1", version=version, received=received),
        person_event("n10", version=version, received=received),
    ]


async def tell_on(rollout: Rollout, when: str, *events: Event) -> None:
    """Each event by itself, at noon of that day."""
    await rollout.until(when, "12:00")
    for event in events:
        await rollout.tell(event)


async def both(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("o1"), person_event("n10"))
    await rollout.publish()


def either_way(events: Sequence[Event]) -> list[list[Event]]:
    return [list(events), list(reversed(events))]


async def statuses(rollout: Rollout, person_id: str) -> list[str]:
    return [
        each["status"]
        for each in await rollout.events("obligation")
        if each["person_id"] == person_id
    ]


async def mailed(rollout: Rollout) -> list[tuple[str, str, str, int, int]]:
    return [
        (e["effective_on"][5:], e["person_id"], e["kind"], e["ordinal"], e["version"])
        for e in await rollout.events("reminder")
    ]


def test_the_days_this_file_counts_on() -> None:
    pilot = shipped().groups[0]
    assert own_day(shipped(), pilot, "o1") == day("09-12")
    assert own_day(shipped(), pilot, "n10") == day("09-15")


@pytest.mark.parametrize("order", [0, 1])
async def test_the_survivor_takes_the_release_and_goes_on_without_a_break(
    rollout: Rollout, order: int
) -> None:
    await both(rollout)
    await tell_on(rollout, "09-13", *either_way(merge("09-13"))[order])
    await rollout.until("10-10")
    old, new = await rollout.obligation("o1"), await rollout.obligation("n10")
    assert (old["status"], old["rule"], old["department_ids"]) == ("not_in_scope", "merged", [])
    assert (new["status"], new["merged_from"]) == ("overdue", ["o1"])
    assert new["released_at"] == old["released_at"] == at("09-12")
    assert (new["planned_on"], new["due_on"]) == (day("09-12"), day("10-06"))
    assert [(b["people"], b["total"]) for b in await rollout.events("group.released")] == [(1, 1)]
    assert await mailed(rollout) == [
        ("09-22", "n10", "reminder", 1, 1),
        ("09-29", "n10", "reminder", 2, 1),
        ("10-05", "n10", "due_soon", 1, 1),
        ("10-10", "n10", "overdue", 1, 1),
    ]


async def test_an_alias_s_word_alone_changes_nothing_until_the_survivor_says_so_too(
    rollout: Rollout,
) -> None:
    await both(rollout)
    alias, survivor = merge("09-13")
    await tell_on(rollout, "09-13", alias)
    assert (await rollout.obligation("o1"))["status"] == "released"
    assert (await rollout.obligation("n10"))["status"] == "scheduled"
    await rollout.tell(survivor)
    assert (await rollout.obligation("o1"))["rule"] == "merged"
    assert (await rollout.obligation("n10"))["status"] == "released"


async def test_what_was_sent_under_the_alias_is_not_sent_again(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(rollout, "09-22", *merge("09-22"))
    await rollout.until("10-05")
    assert await mailed(rollout) == [
        ("09-22", "n10", "reminder", 1, 1),
        ("09-22", "o1", "reminder", 1, 1),
        ("09-29", "n10", "reminder", 2, 1),
        ("10-05", "n10", "due_soon", 1, 1),
    ]


async def test_of_two_releases_the_earlier_holds_with_the_later_due_day(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("o1"))
    await rollout.publish()
    await tell_on(rollout, "09-25", person_event("n10", **LATE_STAFF))
    await rollout.until("09-27")
    assert (await rollout.obligation("n10"))["due_on"] == day("10-10")
    await tell_on(rollout, "09-27", *merge("09-27"))
    new = await rollout.obligation("n10")
    assert (new["released_at"], new["due_on"]) == (at("09-12"), day("10-10"))
    assert new["own_released_at"] == at("09-26")


async def test_a_merge_before_any_release_leaves_one_release(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(rollout, "09-05", *merge("09-05"))
    await rollout.until("09-20")
    assert (await rollout.obligation("n10"))["released_at"] == at("09-15")
    assert (await rollout.obligation("o1"))["released_at"] is None
    assert [b["total"] for b in await rollout.events("group.released")] == [1]


@pytest.mark.parametrize("order", [0, 1])
async def test_the_earliest_valid_completion_of_all_ids_wins(rollout: Rollout, order: int) -> None:
    await both(rollout)
    await tell_on(rollout, "09-18", module_event("n10", "A", "09-18"))
    await tell_on(rollout, "09-20", module_event("o1", "B", "09-15"))
    await tell_on(rollout, "09-21", *either_way(merge("09-21"))[order])
    new = await rollout.obligation("n10")
    assert (new["status"], new["option"], new["supplemental_options"]) == ("completed", "B", ["A"])
    assert (await rollout.obligation("o1"))["completed_at"] is None
    await tell_on(rollout, "10-02", module_event("o1", "B", "10-02", version=2, revoked=True))
    assert (await rollout.obligation("n10"))["option"] == "A"


async def test_a_completion_that_comes_later_under_the_alias_counts(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(rollout, "09-21", *merge("09-21"))
    await tell_on(rollout, "09-25", module_event("o1", "A", "09-25"))
    assert (await rollout.obligation("n10"))["status"] == "completed"
    assert (await rollout.obligation("o1"))["status"] == "not_in_scope"
    await tell_on(rollout, "09-28", module_event("o1", "A", "09-28", version=2, revoked=True))
    new = await rollout.obligation("n10")
    assert (new["status"], new["reopened"], new["due_on"]) == ("released", 1, day("10-12"))


@pytest.mark.parametrize("order", [0, 1])
async def test_a_split_gives_each_id_its_own_again(rollout: Rollout, order: int) -> None:
    await rollout.tell(*department_events(), person_event("o1"))
    await rollout.publish()
    newcomer = (held("d-csail"),)
    await tell_on(rollout, "09-18", person_event("n10", *newcomer, received="09-18"))
    await tell_on(rollout, "09-20", *merge("09-20", new=newcomer))
    await tell_on(rollout, "09-25", module_event("o1", "A", "09-25"))
    assert (await rollout.obligation("n10"))["status"] == "completed"
    events = split("10-02")
    events[1] = person_event("n10", *newcomer, version=3, received="10-02")
    await tell_on(rollout, "10-02", *either_way(events)[order])
    old, new = await rollout.obligation("o1"), await rollout.obligation("n10")
    assert (old["status"], old["option"], old["released_at"]) == ("completed", "A", at("09-12"))
    assert (old["rule"], old["department_ids"]) == ("paid_staff", ["d-hr"])
    assert (new["status"], new["group_id"], new["completed_at"]) == (
        "scheduled",
        "vp-research",
        None,
    )
    assert (new["released_at"], new["due_on"], new["merged_from"]) == (None, None, [])
    await rollout.until("12-15")
    new = await rollout.obligation("n10")
    assert new["released_at"] == shipped().begins_at(own_day(shipped(), shipped().groups[2], "n10"))
    assert [b["people"] for b in await rollout.events("group.released")] == [1, 1]


async def test_after_a_split_the_alias_goes_on_with_notice(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(rollout, "09-20", *merge("09-20"))
    await tell_on(rollout, "10-11", *split("10-11"))
    old, new = await rollout.obligation("o1"), await rollout.obligation("n10")
    assert (old["status"], old["due_on"]) == ("released", day("10-25"))
    assert (new["status"], new["due_on"]) == ("overdue", day("10-06"))
    assert (new["released_at"], old["released_at"]) == (at("09-15"), at("09-12"))
    await rollout.until("11-30")
    series: dict[object, list[int]] = {}
    for each in await rollout.events("reminder"):
        subject = (each["person_id"], each["kind"], each["ordinal"])
        series.setdefault(subject, []).append(each["version"])
    assert all(versions == [1] for versions in series.values())


async def test_a_reminder_whose_day_passed_while_they_were_one_is_not_late_afterwards(
    rollout: Rollout,
) -> None:
    """o1 was told on the 10th that it is overdue; for n10 that day would have been the 11th."""
    await rollout.tell(*department_events(), person_event("o1"))
    await rollout.publish()
    await tell_on(rollout, "09-25", person_event("n10", **LATE_STAFF))
    await tell_on(rollout, "10-10", *merge("10-10"))
    await tell_on(rollout, "10-12", *split("10-12"))
    await rollout.until("10-16")
    assert [each for each in await mailed(rollout) if each[0] >= "10-10"] == [
        ("10-10", "o1", "overdue", 1, 1)
    ]


async def test_a_merge_that_is_split_and_merged_again_comes_to_the_same(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(rollout, "09-20", *merge("09-20"))
    once = await rollout.obligation("n10")
    await tell_on(rollout, "09-20", *split("09-20"), *merge("09-20", version=4))
    again = await rollout.obligation("n10")
    same = ("status", "group_id", "planned_on", "released_at", "merged_from", "rule")
    assert [again[name] for name in same] == [once[name] for name in same]
    assert again["due_on"] == day("10-06")


async def test_who_returns_under_a_new_id_goes_on_with_the_old_record(rollout: Rollout) -> None:
    await rollout.tell(*department_events(), person_event("o1"))
    await rollout.publish()
    left = person_event("o1", version=2, received="09-18", separated_on=day("09-17"))
    await tell_on(rollout, "09-18", left)
    back = person_event("n10", received="10-16", onboarded_on=day("10-16"))
    await tell_on(rollout, "10-16", back)
    assert (await rollout.obligation("n10"))["status"] == "exempt"
    merged = merge("10-18", version=3)
    merged[1] = person_event("n10", version=2, received="10-18", aliases=("o1",))
    await tell_on(rollout, "10-18", *merged)
    new = await rollout.obligation("n10")
    assert (new["status"], new["released_at"]) == ("released", at("09-12"))
    assert new["due_on"] == day("11-01")


async def test_a_merge_of_a_paused_id_stays_paused_and_resumes_once(rollout: Rollout) -> None:
    ill = Leave(start_on=day("09-20"), end_on=day("10-20"), pauses=True)
    await rollout.tell(*department_events(), person_event("o1", leaves=(ill,)))
    await rollout.tell(person_event("n10", held("d-csail")))
    await rollout.publish()
    alias, _ = merge("10-02")
    survivor = person_event("n10", version=2, received="10-02", aliases=("o1",), leaves=(ill,))
    await tell_on(rollout, "10-02", alias, survivor)
    assert (await rollout.obligation("n10"))["paused"]
    assert not (await rollout.obligation("o1"))["paused"]
    await rollout.until("10-21")
    new = await rollout.obligation("n10")
    assert (new["resumed"], new["due_on"]) == (1, day("11-06"))


async def test_merging_an_id_that_has_an_alias_takes_it_along(rollout: Rollout) -> None:
    await both(rollout)
    await rollout.tell(person_event("oldest"))
    await tell_on(rollout, "09-20", person_event("o1", version=2, aliases=("oldest",)))
    alias, _ = merge("09-21", version=3)
    survivor = person_event("n10", version=2, received="09-21", aliases=("o1", "oldest"))
    await tell_on(rollout, "09-21", alias, survivor)
    rows = await rollout.obligations()
    assert {name: row["rule"] for name, row in rows.items()} == {
        "n10": "paid_staff",
        "o1": "merged",
        "oldest": "merged",
    }
    assert rows["n10"]["merged_from"] == ["o1", "oldest"]
    assert rows["n10"]["released_at"] == min(
        row["own_released_at"] for row in rows.values() if row["own_released_at"]
    )


async def test_one_whom_two_list_belongs_to_the_one_it_names(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(
        rollout,
        "09-20",
        person_event("another", received="09-20", aliases=("o1",)),
        *merge("09-20"),
    )
    assert (await rollout.obligation("n10"))["merged_from"] == ["o1"]
    assert (await rollout.obligation("another"))["merged_from"] == []


async def test_why_follows_an_alias(rollout: Rollout) -> None:
    await both(rollout)
    await tell_on(rollout, "09-20", *merge("09-20"))
    async with rollout.pool.acquire() as connection, connection.transaction():
        card = await explain.why(connection, "o1", "2023-24", rollout.calendar.now())
    assert (card["person_id"], card["alias"], card["rule"]) == ("n10", "o1", "paid_staff")


def history() -> list[Event]:
    """Merges of every kind, completions and revocations around them, in the order of receipt."""
    names = [f"{pair}{n}" for n in range(6) for pair in "ab"]
    events: list[Event] = [
        *department_events(),
        *(person_event(name, held("d-hr" if name[0] == "a" else "d-csail")) for name in names),
        module_event("a0", "A", "09-13"),
        module_event("b0", "B", "09-14"),
        module_event("a0", "A", "10-02", version=2, revoked=True),
        module_event("b1", "B", "09-28"),
        module_event("a2", "C", "10-12"),
        module_event("a3", "A", "09-25"),
        module_event("a3", "A", "09-27", version=2, revoked=True),
        module_event("a4", "B", "11-02"),
    ]
    for number, on in enumerate(("09-20", "09-19", "10-03", "09-29", "10-20")):
        old, new = f"a{number}", f"b{number}"
        gone = person_event(old, version=2, received=on, merged_into=new)
        events.append(gone.model_copy(update={"appointments": ()}))
        events.append(
            person_event(
                new,
                held("d-csail"),
                held("d-hr", name="a2"),
                version=2,
                received=on,
                aliases=(old,),
            )
        )
    events.append(person_event("a4", version=3, received="11-14"))
    events.append(person_event("b4", held("d-csail"), version=3, received="11-14"))
    return sorted(events, key=lambda event: event.received_at)


@pytest.mark.parametrize("seed", range(3))
async def test_order_and_repetition_of_the_facts_do_not_matter(database: Fresh, seed: int) -> None:
    dice = random.Random(seed)
    days: dict[str, list[Event]] = {}
    for event in history():
        days.setdefault(str(event.received_at.date()), []).append(event)
    results = []
    for mixed in (False, True):
        past: list[Event] = []
        async with rollout_on(await database("rollout")) as rollout:
            await rollout.publish()
            for received, events in sorted(days.items()):
                past += events
                await rollout.until(received, "12:00")
                told = shuffled(events, dice) + dice.choices(past, k=3) if mixed else events
                for event in told:
                    await rollout.tell(event)
            await rollout.until("2024-01-31")
            results.append((await rollout.obligations(), await mailed(rollout)))
    (plain, plain_mails), (other, other_mails) = results
    assert {k: (v, other[k]) for k, v in plain.items() if v != other[k]} == {}
    assert sorted(other_mails) == sorted(plain_mails)
