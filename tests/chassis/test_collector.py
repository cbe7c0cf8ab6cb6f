"""Memory that nobody uses goes back to the system."""

import asyncio
import platform
import sys

import psutil
import pytest

from chassis import collector

MB = 1024 * 1024


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone keeps it")
async def test_pages_between_living_objects_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "TRIM_EVERY_S", 0.01)
    # Too large for Python's own allocator and too small for a mapping of its own.
    blocks = [bytes(20_000) for _ in range(5_000)]
    kept = blocks[::100]
    del blocks
    before = _resident()
    giving = asyncio.create_task(collector.give_back())
    try:
        await asyncio.sleep(0.1)
        assert before - _resident() > 50 * MB
    finally:
        giving.cancel()
    assert sys.getsizeof(kept[0]) > 20_000


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)
