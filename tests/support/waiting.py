"""Waiting for something to become true: never a blind sleep, always a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    probe: Callable[[], Awaitable[T]],
    *,
    timeout: float = ...,
    every: float = ...,
    because: str = ...,
) -> T: ...


@overload
async def eventually(
    probe: Callable[[], T],
    *,
    timeout: float = ...,
    every: float = ...,
    because: str = ...,
) -> T: ...


async def eventually(
    probe: Callable[[], Any],
    *,
    timeout: float = 10.0,
    every: float = 0.02,
    because: str = "",
) -> Any:
    """Call `probe` until what it returns is truthy, and return that.

    An AssertionError inside `probe` counts as "not yet". Intervals and timeout are real seconds.

    Raises:
        AssertionError: the time was up; says what the last answer was.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            last = probe()
            if inspect.isawaitable(last):
                last = await last
            if last:
                return last
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{because or probe} not within {timeout} s; last: {last!r}")
        await asyncio.sleep(every)
