"""Python's cycle collector and C's allocator, set for what these processes do."""

from __future__ import annotations

import asyncio
import ctypes
import gc

YOUNG = 50_000
TRIM_EVERY_S = 5.0


def settle() -> None:
    """Call once when everything is imported, before work begins.

    A batch of 2,000 records is some 30,000 objects that end with the batch and hold no cycles, and
    the collector's default of 700 would search them again and again, for a tenth of the rate.
    What is imported by now never ends and need not be searched at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)


async def give_back() -> None:
    """Return to the system, every few seconds, the memory of what has ended; runs for ever.

    Records of some hundred bytes come and go between buffers of megabytes, and glibc keeps the
    pages between them: up to 30 MB that nobody uses.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
    while True:
        await asyncio.sleep(TRIM_EVERY_S)
        if trim is not None:
            trim(0)
