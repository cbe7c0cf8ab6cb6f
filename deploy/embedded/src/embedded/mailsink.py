"""An SMTP server that accepts every message and journals it before it says so.

Run as `python -m embedded.mailsink --port 2525 --journal mails.jsonl`.
"""

import asyncio
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.journal import AcceptedMail, Journal
from embedded.mailserver import LISTENING
from embedded.ports import LOOPBACK

_MAX_MESSAGE_BYTES = 10 * 1024 * 1024


class JournalingHandler:
    """Answers the end of DATA only when the message is on disk.

    Messages that arrive while the disk is busy share the next fsync.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """Journal the message, then accept it; the name is aiosmtpd's."""
        raw = envelope.content
        assert isinstance(raw, bytes), "the server runs without decode_data"
        mail = AcceptedMail.of(
            raw,
            mail_from=envelope.mail_from or "",
            rcpt_to=tuple(envelope.rcpt_tos),
            received_at=time.time(),
        )
        await self._append(mail.to_line())
        return f"250 2.0.0 accepted {mail.sha256[:16]}"

    async def _append(self, line: bytes) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((line, done))
        async with self._writing:
            if not done.done():
                await self._flush()
        await done

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        await asyncio.to_thread(self._journal.append, [line for line, _ in batch])
        for _, done in batch:
            done.set_result(None)


async def serve(port: int, journal: Journal) -> None:
    """Serve on the loopback address until SIGTERM or SIGINT."""
    handler = JournalingHandler(journal)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            hostname="mailsink.localhost",
            data_size_limit=_MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
        ),
        host=LOOPBACK,
        port=port,
    )
    stopping = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    async with server:
        print(f"{LISTENING} at {LOOPBACK}:{port}", flush=True)
        await stopping.wait()


def main(
    port: Annotated[int, typer.Option(help="TCP port on the loopback address.")],
    journal: Annotated[Path, typer.Option(help="File to append accepted messages to.")],
) -> None:
    """Accept every mail and journal it."""
    writer = Journal(journal)
    try:
        asyncio.run(serve(port, writer))
    finally:
        writer.close()


if __name__ == "__main__":
    typer.run(main)
