"""An SMTP server that misbehaves at any stage as it is told: refuses, drops, babbles, is silent."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Literal

Stage = Literal["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "RSET"]

GOOD = {
    "CONNECT": "220 faulty.localhost",
    "EHLO": "250 faulty.localhost",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 accepted",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 bye",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do instead of the good answer; `accept` keeps the message all the same."""

    reply: str | None = None
    drop: bool = False
    accept: bool = False
    until: asyncio.Event | None = None


DROP = Fault(drop=True)


@dataclass
class FaultySmtp:
    """Messages accepted so far, and the faults that wait for their stage, in order."""

    port: int = 0
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def fault(self, stage: Stage, fault: Fault | str, times: int = 1) -> None:
        """At the next `times` of `stage`: this. A text is an answer."""
        made = Fault(reply=fault) if isinstance(fault, str) else fault
        self._faults[stage] += [made] * times

    def heal(self) -> None:
        """Forget faults that have not happened yet."""
        self._faults.clear()

    def cut(self) -> None:
        """Cut every open connection."""
        for writer in self._open:
            writer.transport.abort()

    def ids(self) -> list[str]:
        """Mail ids of what was accepted, in order."""
        return [str(message_from_bytes(raw)["X-Rollcall-Mail"]) for _, raw in self.accepted]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def answer(
        self, stage: str, writer: asyncio.StreamWriter, message: "_Message"
    ) -> str | None:
        """Answer `stage`, or misbehave; the answer, or None when the connection is over."""
        self.reached[stage] += 1
        fault = self._faults[stage].pop(0) if self._faults[stage] else None
        if stage == "DOT" and (fault is None or fault.accept):
            self.accepted.append((message.recipient, message.raw))
        if fault and fault.until:
            await fault.until.wait()
        if fault and fault.drop:
            writer.transport.abort()
            return None
        reply = (fault.reply if fault else None) or GOOD[stage]
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return None if stage == "QUIT" else reply


@dataclass
class _Message:
    recipient: str = ""
    raw: bytes = b""


class _Session:
    def __init__(
        self, server: FaultySmtp, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._message = _Message()

    async def run(self) -> None:
        answer = await self._answer("CONNECT")
        while answer:
            line = (await self._reader.readuntil(b"\n")).decode().strip()
            verb = line[:4].upper()
            if verb == "RCPT":
                self._message.recipient = line.partition("<")[2].rstrip(">")
            answer = await self._answer(verb)
            if verb == "DATA" and answer and answer.startswith("354"):
                raw = await self._reader.readuntil(b"\r\n.\r\n")
                self._message.raw = raw[:-3].replace(b"\r\n..", b"\r\n.")
                answer = await self._answer("DOT")

    async def _answer(self, stage: str) -> str | None:
        return await self._server.answer(stage, self._writer, self._message)


@asynccontextmanager
async def faulty_smtp() -> AsyncIterator[FaultySmtp]:
    """A server on a free port of the loopback address for as long as the block lasts."""
    faulty = FaultySmtp()
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    faulty.port = server.sockets[0].getsockname()[1]
    try:
        yield faulty
    finally:
        faulty.cut()
        server.close()
        await server.wait_closed()
