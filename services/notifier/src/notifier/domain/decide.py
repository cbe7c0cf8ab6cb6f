"""Whether a planned mail may go out, asked again at the moment of sending."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from notifier.domain.planning import WELCOME, Obligation
from notifier.domain.states import Kind, State

GIVE_UP_AFTER = 100  # refusals "for now"; with the pauses between them about four days

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """What is known of the recipient. `hold` is the person's own, above every obligation's."""

    known: bool
    address: str | None = None
    erased: bool = False
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A planned mail that is about to be sent.

    `age_s` is how long it has been in the ledger, in real seconds; `superseded` says that a later
    reminder of the same obligation exists; `due_on` is the due day a reminder was planned for.
    `alias` says that its person's id was merged into another; `twin` is where the same mail of
    an id merged into this person stands, if that was sent, may have been, or is being sent.
    """

    kind: Kind
    ordinal: int
    due_on: date | None = None
    attempts: int = 0
    age_s: float = 0.0
    superseded: bool = False
    alias: bool = False
    twin: State | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The state a planned mail passes to (`planned`: it waits), and why, as a code."""

    state: State
    reason: str | None = None


GO = Decision(State.SENDING)


def decide(
    mail: Candidate,
    obligation: Obligation | None,
    addressee: Addressee,
    *,
    cycle_known: bool,
    contact_wait_s: float,
) -> Decision:
    """What becomes of a planned mail now.

    `contact_wait_s` is how long to wait for a contact nobody has told us of: the topics of one
    person arrive independently.
    """
    refused = _refused(mail, addressee)
    if refused:
        return Decision(State.CANCELLED, refused)
    if obligation is None:
        return Decision(State.PLANNED, "obligation_unknown")
    if obligation.hold or addressee.hold:
        return Decision(State.WITHHELD, "hold")
    pointless = _pointless(mail, obligation)
    if pointless:
        return Decision(State.CANCELLED, pointless)
    if not cycle_known or mail.twin is not None or _ahead(mail, obligation):
        return Decision(State.PLANNED, "projection_behind")
    return _reachable(mail, addressee, contact_wait_s)


def usable(address: str) -> bool:
    """Whether an SMTP server without extensions can be asked to deliver to it."""
    local, _, _ = address.rpartition("@")
    return len(address) <= 254 and len(local) <= 64 and _ADDRESS.fullmatch(address) is not None


def _refused(mail: Candidate, addressee: Addressee) -> str | None:
    """Why no mail of this key may go to this id, whatever the obligation says, as a code."""
    if addressee.erased:
        return "erased"
    # One human gets each mail once, under whichever id.
    if mail.alias or mail.twin in (State.ACCEPTED, State.UNCERTAIN):
        return "merged"
    return None


def _pointless(mail: Candidate, obligation: Obligation) -> str | None:
    """Why this mail would be wrong by now, as a code."""
    if obligation.status in ("ended", "not_in_scope"):
        return obligation.status
    if mail.kind.confirms:
        stands = obligation.completed and mail.ordinal == obligation.reopened + 1
        return None if stands else "revoked"
    if obligation.status in WELCOME:
        return obligation.status
    return None if mail.kind is Kind.RELEASE else _needless(mail, obligation)


def _needless(mail: Candidate, obligation: Obligation) -> str | None:
    """Why a reminder, or a welcome back, asks for nothing any more, as a code."""
    if obligation.completed:
        return "completed"
    if obligation.paused:
        return "paused"
    if mail.kind is Kind.BACK_FROM_LEAVE:
        return "superseded" if mail.ordinal < obligation.resumed else None
    if mail.superseded:
        return "superseded"
    if mail.due_on and obligation.due_on and mail.due_on < obligation.due_on:
        return "due_moved"
    return None


def _ahead(mail: Candidate, obligation: Obligation) -> bool:
    """Whether the mail knows of a state of the obligation that has not arrived here yet."""
    if not mail.kind.reminds:
        return False
    return mail.due_on is None or obligation.due_on is None or obligation.due_on < mail.due_on


def _reachable(mail: Candidate, addressee: Addressee, contact_wait_s: float) -> Decision:
    if mail.attempts >= GIVE_UP_AFTER:
        return Decision(State.FAILED, "gave_up")
    if not addressee.known and mail.age_s < contact_wait_s:
        return Decision(State.PLANNED, "contact_unknown")
    if not addressee.address:
        return Decision(State.FAILED, "no_address")
    return GO if usable(addressee.address) else Decision(State.FAILED, "bad_address")
