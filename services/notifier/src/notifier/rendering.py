"""From a claimed mail to the bytes that go out: the same bytes every time it is asked.

What depends on the person alone (name, address, code, ids) is filled into a frame; the frame
(headers, text, HTML with its styles inlined) is made once per kind, cycle, sender and due day with
the standard library, because doing so for every mail would cost a hundred times as much.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from notifier.domain import Kind, SenderChoice, choose_sender, usable
from schemas.rollout import CyclePublished

# Private-use characters: `clean` takes them out of all data, so only ours are in a frame.
_NAME, _CODE = "\ue000name\ue001", "\ue000code\ue001"
_MARKS = re.compile(f"({_NAME}|{_CODE})")
_UNSAFE = re.compile(
    "[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\ue000\ue001\ufeff\ud800-\udfff]+"
)
_INSTITUTION = (
    *("name", "community", "list_id", "learning_center", "needs_page", "working_hours"),
    *("from_name", "from_address", "support_intro"),
)
_DUTY = ("title", "text")
_PLACE = ("name", "what", "email")
_COUNT_WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
_PART = (
    "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_PLAIN, _HTML = (_PART % "plain").encode(), (_PART % "html").encode()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that may go out: `planned_at` becomes its date, `areas` choose its sender."""

    mail_id: UUID
    person_id: str
    cycle: str
    occurrence: str
    kind: Kind
    ordinal: int
    planned_at: datetime
    due_on: date | None
    completed: bool
    areas: tuple[str, ...]
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be sent: `raw` has CRLF line ends and is 7-bit throughout."""

    raw: bytes
    mail_from: str
    rcpt_to: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class _Frame:
    """The shared part of many mails: encoded pieces, and the marks of what goes between them."""

    headers: bytes
    text: tuple[bytes | str, ...]
    html: tuple[bytes | str, ...]


class Renderer:
    """Renders mail for one institution.

    `cycles` are those published so far; `domain` is that of envelope senders and Message-IDs,
    `code_key` the key of verification codes. Raises ValueError naming what the institution's file
    lacks.
    """

    def __init__(self, institution: dict[str, Any], domain: str, code_key: bytes) -> None:
        missing = sorted(_missing(institution))
        if missing:
            raise ValueError(f"missing: {', '.join(missing)}")
        if not usable(institution["from_address"]):
            raise ValueError("from_address: is no address")
        self._institution = _cleaned(institution)
        self._fallback = SenderChoice(
            None, self._institution["from_name"], self._institution["from_address"]
        )
        self._domain = domain
        self._code_key = code_key
        self._cycles: dict[str, CyclePublished] = {}
        self._templates = Environment(
            loader=PackageLoader("notifier"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
        self._frame = lru_cache(maxsize=512)(self._make_frame)

    def use_cycles(self, cycles: dict[str, CyclePublished]) -> None:
        """Take over what is published now; frames of cycles that did not change are kept."""
        self._cycles = {name: _cleaned_cycle(cycle) for name, cycle in cycles.items()}

    def knows(self, cycle: str) -> bool:
        """Whether mail about `cycle` can be rendered."""
        return cycle in self._cycles

    def render(self, mail: Outgoing) -> Rendered:
        """The mail as bytes. Raises KeyError for a cycle that is not known."""
        cycle = self._cycles[mail.cycle]
        senders = [SenderChoice(s.area_id, s.name, s.address) for s in cycle.senders]
        sender = choose_sender(senders, mail.areas, self._fallback)
        done = mail.kind is Kind.RELEASE and mail.completed
        template = "release_done" if done else mail.kind.value
        frame = self._frame(template, mail.cycle, cycle.version, sender, mail.due_on)
        name, code = clean(mail.name) or "colleague", self.code(mail.mail_id)
        boundary = f"rollcall-{mail.mail_id.hex}".encode()
        raw = b"".join(
            (
                self._own_headers(mail, name),
                frame.headers,
                b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n' % boundary,
                b"--%s\r\n" % boundary,
                _PLAIN,
                _fill(frame.text, name, code),
                b"--%s\r\n" % boundary,
                _HTML,
                _fill(frame.html, escape(name), code),
                b"--%s--\r\n" % boundary,
            )
        )
        return Rendered(raw, f"bounce+{mail.mail_id.hex}@{self._domain}", mail.address)

    def code(self, mail_id: UUID) -> str:
        """The code in a mail that only we can make: eight letters and digits in two groups."""
        digest = hmac.digest(self._code_key, mail_id.bytes, hashlib.sha256)
        text = base64.b32encode(digest[:5]).decode()
        return f"{text[:4]}-{text[4:]}"

    def _own_headers(self, mail: Outgoing, name: str) -> bytes:
        lines = (
            f"Message-ID: <{mail.mail_id}@{self._domain}>",
            f"Date: {format_datetime(mail.planned_at)}",
            f"To: {_mailbox(name, mail.address)}",
            f"X-Rollcall-Mail: {mail.mail_id}",
            f"X-Rollcall-Kind: {mail.kind.value}",
            f"X-Rollcall-Person: {_header(mail.person_id)}",
            f"X-Rollcall-Cycle: {_header(mail.cycle)}",
            f"X-Rollcall-Occurrence: {_header(mail.occurrence)}",
            f"X-Rollcall-Ordinal: {mail.ordinal}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")

    def _make_frame(
        self, template: str, cycle_id: str, _version: int, sender: SenderChoice, due_on: date | None
    ) -> _Frame:
        cycle = self._cycles[cycle_id]
        values: dict[str, Any] = {
            "institution": self._institution,
            "cycle": cycle,
            "sender": sender,
            "due_long": _long(due_on),
            "due_short": _short(due_on),
            "count_words": _COUNT_WORDS.get(cycle.required_options, str(cycle.required_options)),
            "survey_url": _plain_url(cycle.survey_url),
            "NAME": _NAME,
            "CODE": _CODE,
        }
        text = self._templates.get_template(f"{template}.txt")
        values["subject"] = "".join(text.blocks["subject"](text.new_context(values)))
        html = self._templates.get_template(f"{template}.html").render(values)
        return _Frame(
            headers=_shared_headers(values["subject"], sender, cycle.title, self._list_id(cycle)),
            text=_pieces(_tidy(text.render(values))),
            html=_pieces(self._inliner.inline(html)),
        )

    def _list_id(self, cycle: CyclePublished) -> str:
        label = re.sub(r"[^A-Za-z0-9-]+", "-", cycle.cycle).strip("-") or "cycle"
        return f"{label}.{self._institution['list_id']}"


def _missing(institution: dict[str, Any]) -> list[str]:
    """Texts that are not there: found at the start, and not by the first mail."""
    tables: list[tuple[str, Any, tuple[str, ...]]] = [
        ("", institution, _INSTITUTION),
        ("duty.", institution.get("duty"), _DUTY),
    ]
    support = institution.get("support")
    places = support if isinstance(support, list) and support else [None]
    tables += [(f"support[{number}].", place, _PLACE) for number, place in enumerate(places)]
    return [
        f"{where}{name}"
        for where, table, names in tables
        for name in names
        if not (isinstance(table, dict) and isinstance(table.get(name), str) and table[name])
    ]


def load_institution(path: Path | None) -> dict[str, Any]:
    """Read the institution's file, or the packaged one. Raises OSError, tomllib.TOMLDecodeError."""
    if path is not None:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    packaged = files("notifier").joinpath("templates/institution.toml")
    return tomllib.loads(packaged.read_text(encoding="utf-8"))


def clean(value: str, limit: int = 200) -> str:
    """Text from outside as one harmless line: no control character, no encoded word, not long.

    Some Python versions decode `=?UTF-8?Q?=0A?=` in a header into a line break and what follows it
    into a header of its own, so the sequence that opens an encoded word is broken up.
    """
    line = _UNSAFE.sub(" ", value).strip()
    return line.replace("=?", "= ?")[:limit]


def decoded_part(raw: bytes, suffix: str) -> bytes:
    """The decoded HTML part of a rendered mail, or the text for any other suffix than `.html`."""
    message = message_from_bytes(raw, policy=SMTP)
    part = message.get_body(("html",) if suffix == ".html" else ("plain",))
    assert isinstance(part, EmailMessage)
    content: str = part.get_content()
    return content.encode()


def _shared_headers(subject: str, sender: SenderChoice, title: str, list_id: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    user, _, domain = sender.address.rpartition("@")
    mailbox = Address(sender.name, user, domain)
    message["From"] = mailbox
    message["Reply-To"] = mailbox
    message["Subject"] = subject
    message["List-Id"] = f"{_mailbox(title, list_id)}"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["MIME-Version"] = "1.0"
    raw = message.as_bytes().rstrip(b"\r\n") + b"\r\n"
    expected = [name.lower().encode() for name in message]
    found = re.findall(rb"(?m)^([A-Za-z-]+):", raw)
    if [name.lower() for name in found] != expected:
        raise ValueError("a header grew another header")
    return raw


def _pieces(text: str) -> tuple[bytes | str, ...]:
    parts = _MARKS.split(text)
    return tuple(
        part if part in (_NAME, _CODE) else _quoted_printable(part) for part in parts if part
    )


def _fill(pieces: Sequence[bytes | str], name: str, code: str) -> bytes:
    values = {_NAME: _quoted_printable(name), _CODE: _quoted_printable(code)}
    # Pieces are joined by soft line breaks, which no reader sees.
    encoded = (values[piece] if isinstance(piece, str) else piece for piece in pieces)
    return b"=\r\n".join(encoded) + b"\r\n"


def _quoted_printable(text: str) -> bytes:
    return binascii.b2a_qp(text.encode("utf-8"), istext=True).replace(b"\n", b"\r\n")


def _mailbox(name: str, address: str) -> str:
    if not name.isascii():
        return f"{_header(name)} <{address}>"
    return f'"{quote(name)}" <{address}>'


def _header(value: str) -> str:
    line = clean(value)
    if line.isascii():
        return line
    return Header(line, "utf-8", maxlinelen=200).encode(linesep="\r\n")


def _tidy(text: str) -> str:
    """No spaces at line ends, never two empty lines in a row, one line end at the end."""
    lines = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _long(day: date | None) -> str:
    return f"{day:%A}, {_short(day)}" if day else "the day shown there"


def _short(day: date | None) -> str:
    return f"{day:%B} {day.day}, {day.year}" if day else "the day shown there"


def _plain_url(url: str | None) -> str | None:
    return url if url and re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+", url) else None


def _cleaned(value: Any) -> Any:
    """Every text in a structure, cleaned."""
    if isinstance(value, str):
        return clean(value, 2000)
    if isinstance(value, dict):
        return {key: _cleaned(each) for key, each in value.items()}
    return [_cleaned(each) for each in value] if isinstance(value, list) else value


def _cleaned_cycle(cycle: CyclePublished) -> CyclePublished:
    return CyclePublished.model_validate(
        _cleaned(cycle.model_dump(mode="json")) | {"cycle": cycle.cycle}
    )
