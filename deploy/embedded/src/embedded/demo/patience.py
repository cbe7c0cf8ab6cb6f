"""How outsiders call a service that may be away for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx

PATIENCE_SECONDS = 90.0
_AGAIN = frozenset({429, 500, 502, 503, 504})


class Refused(RuntimeError):
    """A service refused what the demo expected it to take; holds its answer."""


async def persist(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Repeat a call for as long as the service is away, as every sender must.

    Raises:
        Refused: it answered with a client error, or did not come back in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = await call()
        except httpx.TransportError as error:
            trouble = type(error).__name__
        else:
            if answer.status_code not in _AGAIN:
                if answer.is_error:
                    raise Refused(f"{answer.request.url}: {answer.status_code} {answer.text}")
                return answer
            trouble = f"{answer.status_code} {answer.text}"
        if time.monotonic() > deadline:
            raise Refused(f"no success in {PATIENCE_SECONDS:.0f} s: {trouble}")
        await asyncio.sleep(0.1)
