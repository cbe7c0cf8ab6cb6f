"""The mail sink's journal: every message that was ever accepted."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """One accepted message by its headers; `line` is its place in the journal."""

    line: int
    mail_id: str
    kind: str
    person_id: str
    cycle: str
    occurrence: str
    ordinal: int
    recipients: tuple[str, ...]

    @property
    def place(self) -> str:
        """Coordinates for a human."""
        return f"journal:{self.line}"


def read_journal(path: Path) -> tuple[list[Mail], list[str]]:
    """The journal's mails, and complaints about messages that do not say what they are.

    A last line without its newline was never accepted.
    """
    with path.open("rb") as file:
        return sort_out(_messages(line for line in file if line.endswith(b"\n")))


def sort_out(messages: Iterable[Mail | str]) -> tuple[list[Mail], list[str]]:
    """Tell mails from complaints."""
    mails: list[Mail] = []
    complaints: list[str] = []
    for each in messages:
        if isinstance(each, Mail):
            mails.append(each)
        else:
            complaints.append(each)
    return mails, complaints


def _messages(lines: Iterable[bytes]) -> Iterator[Mail | str]:
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
            raw = base64.b64decode(fields["raw"], validate=True)
            yield mail_of(number, raw, tuple(fields["rcpt_to"]))
        except (KeyError, TypeError, ValueError) as error:
            yield f"journal:{number} cannot be read: {error!r}"


def mail_of(line: int, raw: bytes, recipients: tuple[str, ...]) -> Mail | str:
    """The mail in these bytes, or a complaint."""
    headers = message_from_bytes(raw, policy=default)
    names = ("Mail", "Kind", "Person", "Cycle", "Occurrence", "Ordinal")
    told = {name: str(headers.get(f"X-Rollcall-{name}", "")).strip() for name in names}
    missing = [name for name, value in told.items() if not value]
    if missing:
        return f"journal:{line} has no X-Rollcall-{', X-Rollcall-'.join(missing)}"
    return Mail(
        line,
        told["Mail"],
        told["Kind"],
        told["Person"],
        told["Cycle"],
        told["Occurrence"],
        int(told["Ordinal"]),
        recipients,
    )
