"""A TCP proxy before Postgres that can keep a commit's answer from whoever waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from embedded.ports import LOOPBACK


class WithheldReplies:
    """Forwards everything; a connection that has sent `marker` hears nothing any more."""

    def __init__(self, dsn: str, marker: bytes) -> None:
        self._target = urlsplit(dsn)
        self._marker = marker
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def dsn(self) -> str:
        """The database's URL by way of this proxy."""
        userinfo, _, _ = self._target.netloc.rpartition("@")
        return self._target._replace(netloc=f"{userinfo}@{LOOPBACK}:{self.port}").geturl()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["WithheldReplies"]:
        server = await asyncio.start_server(self._connected, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        host, port = self._target.hostname, self._target.port
        upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        withheld = asyncio.Event()
        try:
            await asyncio.gather(
                self._requests(reader, upstream_writer, withheld),
                self._replies(upstream_reader, writer, withheld),
            )
        except (OSError, asyncio.CancelledError):
            return
        finally:
            upstream_writer.close()
            writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, withheld: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if self._marker in data:
                withheld.set()
            to.write(data)
            await to.drain()
        to.close()

    async def _replies(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, withheld: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if not withheld.is_set():
                to.write(data)
                await to.drain()
        to.close()
