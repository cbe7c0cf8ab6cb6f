"""The rate limit and the shared commit, by themselves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from completion import subscribers
from completion.handlers import Institution
from completion.intake.group_commit import WAITING_BYTES_MAX, Commit, GroupCommit, NotStored
from completion.intake.rate import RateLimit
from completion.store.webhooks import Arrival
from completion.subscribers import Interpreter
from support.waiting import eventually


def arrival(number: int, body: bytes = b"{}") -> Arrival:
    return Arrival("lms", f"msg_{number}", "1", "v1,x", datetime(2023, 9, 1, tzinfo=UTC), body)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_source_may_burst_for_two_seconds_worth_and_then_waits() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    assert [limit.take("a") for _ in range(20)] == [0] * 20
    assert limit.take("a") == 1
    clock.now += 0.1
    assert limit.take("a") == 0
    assert limit.take("a") == 1


def test_one_source_does_not_use_up_anothers_share() -> None:
    limit = RateLimit(1, Clock())
    while not limit.take("a"):
        pass
    assert limit.take("b") == 0


def test_a_slow_limit_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = RateLimit(0.1, clock)
    assert limit.take("a") == 0
    assert limit.take("a") == 10
    clock.now += 4
    assert limit.take("a") == 6


class Disk:
    """Commits when told to, and remembers the groups."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.free = asyncio.Event()
        self.broken = False
        self.away = False
        self.sessions = 0

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Commit]:
        if self.away:
            raise OSError("no route to host")
        self.sessions += 1
        yield self.commit

    async def commit(self, group: Sequence[Arrival]) -> None:
        self.groups.append([one.webhook_id for one in group])
        await self.free.wait()
        if self.broken:
            raise OSError("no space left")


async def test_what_arrives_during_a_commit_shares_the_next() -> None:
    disk, commits = Disk(), GroupCommit()
    writer = asyncio.create_task(commits.run(disk.session))
    first = asyncio.create_task(commits.add(arrival(0)))
    await eventually(lambda: disk.groups)
    later = [asyncio.create_task(commits.add(arrival(n))) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in (first, *later))
    disk.free.set()
    await asyncio.gather(first, *later)
    assert disk.groups == [["msg_0"], ["msg_1", "msg_2", "msg_3"]]
    writer.cancel()


async def test_when_a_commit_fails_all_its_requests_are_told_and_the_next_group_goes_on() -> None:
    disk, commits = Disk(), GroupCommit()
    disk.broken = True
    disk.free.set()
    writer = asyncio.create_task(commits.run(disk.session))
    results = await asyncio.gather(
        *(commits.add(arrival(n)) for n in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [NotStored] * 3
    disk.broken = False
    await commits.add(arrival(4))
    assert disk.sessions == 2
    writer.cancel()


async def test_while_the_database_is_away_requests_are_told_at_once_that_they_are_not_stored() -> (
    None
):
    disk, commits = Disk(), GroupCommit()
    disk.away = True
    disk.free.set()
    writer = asyncio.create_task(commits.run(disk.session))
    with pytest.raises(NotStored):
        await commits.add(arrival(0))
    disk.away = False
    await commits.add(arrival(1))
    assert disk.groups == [["msg_1"]]
    writer.cancel()


async def test_a_request_that_was_given_up_does_not_disturb_its_group() -> None:
    disk, commits = Disk(), GroupCommit()
    writer = asyncio.create_task(commits.run(disk.session))
    given_up = asyncio.create_task(commits.add(arrival(0)))
    other = asyncio.create_task(commits.add(arrival(1)))
    await eventually(lambda: disk.groups)
    given_up.cancel()
    disk.free.set()
    await other
    writer.cancel()


async def test_whoever_waits_when_the_service_stops_is_told_that_nothing_is_stored() -> None:
    disk, commits = Disk(), GroupCommit()
    writer = asyncio.create_task(commits.run(disk.session))
    committing = asyncio.create_task(commits.add(arrival(0)))
    await eventually(lambda: disk.groups)
    waiting = asyncio.create_task(commits.add(arrival(1)))
    await asyncio.sleep(0)
    writer.cancel()
    with suppress(asyncio.CancelledError):
        await writer
    for task in (committing, waiting):
        with pytest.raises(NotStored):
            await task


async def test_what_waits_in_memory_is_limited() -> None:
    commits = GroupCommit()
    body = b"x" * (WAITING_BYTES_MAX // 4 + 1)
    waiting = [asyncio.create_task(commits.add(arrival(n, body))) for n in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(NotStored):
        await commits.add(arrival(9))
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_interpretation_gives_way_to_a_burst_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = 0

    def pouring_in() -> int:
        nonlocal stored
        stored += 1_000
        return stored

    monkeypatch.setattr(subscribers, "LOOKS_MAX", 5)
    interpreter = Interpreter(Institution({}, "America/New_York"), pouring_in)
    await asyncio.sleep(subscribers.LOOK_S)
    await asyncio.wait_for(interpreter._give_way(), 5)
    assert stored > 3_000
    assert interpreter._burst


async def test_interpretation_does_not_wait_when_requests_trickle_in() -> None:
    interpreter = Interpreter(Institution({}, "America/New_York"), lambda: 3)
    await asyncio.sleep(subscribers.LOOK_S)
    waiting = asyncio.create_task(interpreter._give_way())
    await asyncio.sleep(0)
    assert waiting.done()
