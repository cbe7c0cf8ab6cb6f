"""A sender of signed webhooks that costs little: keep-alive sockets, requests made beforehand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from typing import cast

from embedded.ports import LOOPBACK

SOURCE = "campus-lms"
KEY = b"a key of thirty-two bytes, bench"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
CONNECTIONS = 128
BODY_BYTES = 500
ACCEPTED = b"HTTP/1.1 202"


def requests(count: int) -> list[bytes]:
    """Whole HTTP requests, each another person's, with a body of 500 bytes and a good signature."""
    timestamp = str(int(time.time()))
    made = []
    for number in range(count):
        body = _body(number)
        webhook_id = f"msg_{number:024d}"
        content = f"{webhook_id}.{timestamp}.".encode() + body
        digest = hmac.digest(KEY, content, hashlib.sha256)
        head = (
            f"POST /webhooks/{SOURCE} HTTP/1.1\r\nhost: {LOOPBACK}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"webhook-id: {webhook_id}\r\nwebhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: v1,{base64.b64encode(digest).decode()}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def requests_per_s(port: int, count: int) -> float:
    """Send `count` requests over 128 connections, one at a time on each; all must get 202."""
    # The server keeps the processor that it inherited; this side uses the others.
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0) or {0})
    made = requests(count)
    waiting = iter(made)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    senders = [
        (await loop.create_connection(lambda: _Sender(waiting), LOOPBACK, port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(sender.done for sender in senders))
    return count / (time.perf_counter() - started)


class _Sender(asyncio.Protocol):
    def __init__(self, waiting: Iterator[bytes]) -> None:
        self._waiting = waiting
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        # An answer is one short segment: its last bytes end the head, and there is no body.
        if not data.startswith(ACCEPTED) or not data.endswith(b"\r\n\r\n"):
            self.done.set_exception(RuntimeError(f"not accepted: {data[:200]!r}"))
            self._transport.abort()
        else:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or RuntimeError("the server hung up"))

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)


def _body(number: int) -> bytes:
    message = {
        "type": "module.completed",
        "timestamp": "2023-10-20T08:00:00-04:00",
        "data": {
            "person": f"9{number:08d}",
            "module": "psh23-b",
            "completed_at": "2023-10-19T16:20:00-04:00",
            "status": "completed",
            "attempt": 1,
            "note": "",
        },
    }
    size = len(json.dumps(message))
    message["data"]["note"] = "x" * (BODY_BYTES - size)  # type: ignore[index]
    return json.dumps(message).encode()
