"""The mail sink as a process that can be started, killed and read."""

import sys
from pathlib import Path

from embedded.journal import AcceptedMail, read_journal
from embedded.ports import LOOPBACK
from embedded.server import Server

LISTENING = "accepting mail"


class MailServer(Server):
    """One mail sink with its journal in `folder`."""

    name = "mailsink"
    host = LOOPBACK

    @property
    def journal(self) -> Path:
        """The file of accepted messages."""
        return self._folder / "mails.jsonl"

    def accepted(self) -> list[AcceptedMail]:
        """Every message accepted so far, over all restarts."""
        return list(read_journal(self.journal))

    def _set_up(self) -> None:
        """Nothing: the sink makes its journal."""

    def _command(self) -> list[str]:
        options = [f"--port={self.port}", f"--journal={self.journal}"]
        return [sys.executable, "-m", "embedded.mailsink", *options]

    def _is_ready(self) -> bool:
        # Its own word: at the same port somebody else's sink may be listening.
        return self._has_said(LISTENING.encode())
