"""A server in a process of its own, as it runs everywhere else."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from embedded.ports import LOOPBACK
from support.waiting import eventually


@asynccontextmanager
async def serving(
    arguments: list[str], environment: dict[str, str], port: int, probe: str
) -> AsyncIterator[int]:
    """A Python process from when it answers `probe` until the block ends; gives its id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=os.environ | environment
    )
    try:
        await eventually(lambda: _answers(process, port, probe), timeout=60)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(process: asyncio.subprocess.Process, port: int, path: str) -> bool:
    if process.returncode is not None:
        raise RuntimeError(f"the server ended with status {process.returncode}")
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return status.startswith(b"HTTP/1.1") and b" 503 " not in status
