"""An open loop of PATCH requests: each is due at its time, whether the last was answered or not."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Sequence

import httpx

from embedded.ports import LOOPBACK

RATE = 100
"""Requests a second."""
WARM = 200
"""Requests before those that count."""
CONNECTIONS = 32


async def p99_ms(
    port: int, root: str, ids: Sequence[str], headers: dict[str, str], count: int
) -> float:
    """The 99th percentile of the time from when a request was due until it was answered."""
    # The server keeps the processor that it inherited; this side uses the others.
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0) or {0})
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    base = f"http://{LOOPBACK}:{port}{root}"
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=30) as client:
        started = time.perf_counter() + 0.5
        sent = [
            _send(client, f"{base}/{ids[number % len(ids)]}", number, started + number / RATE)
            for number in range(WARM + count)
        ]
        took = await asyncio.gather(*sent)
    return 1000 * statistics.quantiles(took[WARM:], n=100)[98]


async def _send(client: httpx.AsyncClient, url: str, number: int, due: float) -> float:
    await asyncio.sleep(due - time.perf_counter())
    answer = await client.patch(url, content=_body(number))
    if answer.status_code != 204:
        raise RuntimeError(f"a PATCH was answered {answer.status_code}")
    return time.perf_counter() - due


def _body(number: int) -> bytes:
    name = f"Preferred Name {time.time_ns()} {number}"
    operation = {"op": "replace", "path": "displayName", "value": name}
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return json.dumps({"schemas": [schema], "Operations": [operation]}).encode()
