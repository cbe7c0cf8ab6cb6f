"""An answer of 2xx is a promise: it waits for the commit, and is not given without."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from chassis.postgres import Connection
from support.completions import (
    Completion,
    new_person,
    said,
)
from support.databases import Database
from support.waiting import eventually

NewDatabase = Callable[[str], Awaitable[Database]]
FreshTopics = Callable[..., Awaitable[str]]

WAITING = """
SELECT pid FROM pg_stat_activity
WHERE query LIKE '%INSERT INTO webhook_request%' AND wait_event_type = 'Lock'
  AND datname = current_database()
"""


@asynccontextmanager
async def locked_requests(service: Completion) -> AsyncIterator[Connection]:
    """Nothing can be written to `webhook_request` while the block runs."""
    connection = await asyncpg.connect(service.dsn)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE webhook_request IN EXCLUSIVE MODE")
            yield connection
    finally:
        await connection.close()


async def test_no_answer_is_given_before_the_commit(completion: Completion) -> None:
    async with locked_requests(completion):
        posts = [asyncio.create_task(completion.post(said(new_person()))) for _ in range(3)]
        await eventually(lambda: completion.fetch(WAITING))
        done, _ = await asyncio.wait(posts, timeout=0.5)
        assert not done
    assert [(await post).status_code for post in posts] == [202] * 3


async def test_when_the_commit_fails_nobody_is_told_202_and_the_next_one_is_stored(
    completion: Completion,
) -> None:
    body = said(new_person())
    async with locked_requests(completion) as connection:
        post = asyncio.create_task(completion.post(body, "msg_cut"))
        (waiting,) = await eventually(lambda: completion.fetch(WAITING))
        await connection.execute("SELECT pg_terminate_backend($1)", waiting["pid"])
        answer = await post
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    query = "SELECT FROM webhook_request WHERE webhook_id = 'msg_cut'"
    assert await completion.fetch(query) == []
    assert (await completion.post(body, "msg_cut")).status_code == 202
    assert len(await completion.fetch(query)) == 1
