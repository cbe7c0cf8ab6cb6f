"""The mail sink's journal: one JSON object per line for every message it ever accepted."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email import message_from_bytes
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AcceptedMail:
    """A message the sink said 250 to. `received_at` is Unix time in seconds on the real clock."""

    received_at: float
    mail_from: str
    rcpt_to: tuple[str, ...]
    message_id: str
    sha256: str
    raw: bytes

    @classmethod
    def of(
        cls, raw: bytes, *, mail_from: str, rcpt_to: tuple[str, ...], received_at: float
    ) -> "AcceptedMail":
        """Describe the message with these exact bytes."""
        message_id = str(message_from_bytes(raw).get("Message-ID", "")).strip()
        digest = hashlib.sha256(raw).hexdigest()
        return cls(received_at, mail_from, rcpt_to, message_id, digest, raw)

    def to_line(self) -> bytes:
        """The journal line, newline included; `raw` is in base64."""
        fields = asdict(self) | {"raw": base64.b64encode(self.raw).decode()}
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "AcceptedMail":
        """Read back what `to_line` wrote."""
        fields = json.loads(line)
        fields["raw"] = base64.b64decode(fields["raw"])
        fields["rcpt_to"] = tuple(fields["rcpt_to"])
        return cls(**fields)


def read_journal(path: Path) -> Iterator[AcceptedMail]:
    """Every accepted message in order; a last line without its newline was never accepted."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield AcceptedMail.from_line(line)


class Journal:
    """The writing end. What `append` returned from survives SIGKILL and a power cut."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab+", buffering=0)
        self._drop_torn_line()

    def append(self, lines: list[bytes]) -> None:
        """Write the lines in one go and fsync; blocks for as long as the disk takes."""
        os.writev(self._file.fileno(), lines)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _drop_torn_line(self) -> None:
        # Otherwise the next record would be glued to the half of one that was never acknowledged.
        self._file.seek(0)
        complete = sum(len(line) for line in self._file if line.endswith(b"\n"))
        self._file.truncate(complete)
