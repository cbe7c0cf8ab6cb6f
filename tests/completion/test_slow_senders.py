"""Senders that dawdle, never stop or hang up: each costs a bounded time and no alarm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from completion.intake import route
from support.completions import CAMPUS, Completion
from support.waiting import eventually


@asynccontextmanager
async def begun(
    service: Completion, length: int, part: bytes = b"{"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A request whose body is announced to be `length` bytes, of which only `part` has come."""
    headers = CAMPUS.headers(b"", "msg_slow") | {"host": "x", "content-length": str(length)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    url = httpx.URL(service.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"POST /webhooks/campus-lms HTTP/1.1\r\n{head}\r\n".encode() + part)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answers(service: Completion, status: int) -> int:
    """How many webhooks got this answer so far, by the HTTP metric."""
    wanted = f'rollcall_http_request_seconds_count{{method="POST",route="{route.PATH}"'
    lines = (await service.client.get("/metrics")).text.splitlines()
    found = [line for line in lines if line.startswith(wanted) and f'status="{status}"' in line]
    return int(float(found[0].split()[-1])) if found else 0


async def test_a_body_that_does_not_come_to_its_end_is_given_up(
    completion: Completion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "BODY_S", 0.2)
    async with begun(completion, 500) as (reader, writer):
        for _ in range(5):
            writer.write(b" ")
            await asyncio.sleep(0.05)
        answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Too slow" in answer


async def test_after_a_body_that_is_too_large_the_connection_is_closed(
    completion: Completion,
) -> None:
    async with begun(completion, 10_000_000) as (reader, _):
        answer = await asyncio.wait_for(reader.read(), 3)  # idle connections are closed after 5 s
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_sender_that_hangs_up_is_no_failure_of_ours(
    completion: Completion, capsys: pytest.CaptureFixture[str]
) -> None:
    failures, refusals = await answers(completion, 500), await answers(completion, 400)
    async with begun(completion, 500):
        pass

    async def noticed() -> bool:
        return await answers(completion, 400) == refusals + 1

    await eventually(noticed)
    assert await answers(completion, 500) == failures
    assert "request_failed" not in capsys.readouterr().out
