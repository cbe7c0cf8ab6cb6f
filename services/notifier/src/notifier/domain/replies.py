"""What a mail server's answer, or its silence, says about the mail at hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_OURS = frozenset({530, 534, 535, 538})  # authentication: our configuration, nobody's address
_OUT_OF_STEP = frozenset({421, 500, 502, 503})


class Stage(StrEnum):
    """How far a delivery had come. What fails before `DOT` is surely unsent."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Verdict(StrEnum):
    """What to do with the mail."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SOON = "soon"
    """Surely unsent, and not this mail's fault: again on another connection."""
    LATER = "later"
    """Surely unsent: the server asks to come back."""
    STOP = "stop"
    """Surely unsent, and so would be every other: stop all mail, a human must look."""


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict, with a code that holds nothing personal, e.g. `rcpt_5.1.1`."""

    verdict: Verdict
    reason: str | None = None


def read_reply(stage: Stage, code: int | None, text: str = "") -> Result:
    """Judge an answer to `stage`; `code` is None after a disconnect or timeout, -1 for garbage.

    An answer to `DATA` is judged only when it is not the wanted 354.
    """
    found = _ENHANCED.match(text)
    enhanced = found.group(1) if found else ""
    reason = f"{stage}_{enhanced or code}"
    if stage is Stage.DOT:
        return _after_the_dot(code, enhanced, reason)
    if code is None or code < 400:
        return Result(Verdict.SOON, f"{stage}_{'lost' if code is None else 'garbled'}")
    if code in _OURS or enhanced.startswith("5.7."):
        return Result(Verdict.STOP, reason)
    if code in _OUT_OF_STEP or stage is Stage.CONNECT:
        return Result(Verdict.SOON, reason)
    if code < 500:
        return Result(Verdict.LATER, reason)
    # A sender that is refused is ours, whoever the recipient.
    return Result(Verdict.STOP if stage is Stage.MAIL else Verdict.FAILED, reason)


def _after_the_dot(code: int | None, enhanced: str, reason: str) -> Result:
    if code is None:
        return Result(Verdict.UNCERTAIN, "dot_no_reply")
    if 200 <= code < 300:
        return Result(Verdict.ACCEPTED)
    # 421 is what a server says when it goes away, whatever it did before.
    if code < 400 or code >= 600 or code == 421:
        return Result(Verdict.UNCERTAIN, "dot_421" if code == 421 else "dot_garbled")
    if code < 500:
        return Result(Verdict.LATER, reason)
    return Result(Verdict.STOP if enhanced.startswith("5.7.") else Verdict.FAILED, reason)
