"""Which mails an obligation calls for: a matter of its state, not of how it came to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from notifier.domain.states import Kind, MailKey, State

REQUIRED = frozenset({"scheduled", "released", "overdue", "completed", "completed_late"})
WELCOME = frozenset({"supplemental", "exempt"})
OPEN = frozenset({"released", "overdue"})

# Why a mail may have been given up that is wanted after all when its person is back where it is
# called for. Other reasons are final: what they speak of does not come again.
_WANTED_AGAIN = {
    State.CANCELLED: frozenset({"ended", "not_in_scope", "revoked", "merged"}) | WELCOME,
    State.FAILED: frozenset({"no_address", "bad_address"}),
}

# A reminder that falls due again after a re-opening: far above the ordinals a cycle file uses.
ORDINALS_PER_ROUND = 100


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one person owes, as far as mail is concerned. `completed` and `released` say whether.

    `paused`: on a leave that stops deadlines; `resumed` counts such leaves that have ended.
    """

    person_id: str
    cycle: str
    occurrence: str
    status: str
    hold: bool = False
    released: bool = False
    completed: bool = False
    due_on: date | None = None
    reopened: int = 0
    paused: bool = False
    resumed: int = 0

    @property
    def required(self) -> bool:
        """Whether the person has to do it, or has done it as required."""
        return self.status in REQUIRED

    def key(self, kind: Kind, ordinal: int) -> MailKey:
        """The key of one of its mails."""
        return MailKey(self.person_id, self.cycle, self.occurrence, kind, ordinal)


def mails_called_for(obligation: Obligation) -> tuple[MailKey, ...]:
    """The mails that must exist in the ledger while the obligation is in this state.

    Asking again, or in another order, gives the same keys. A completion is confirmed at once, also
    before the release; one that was taken back and made again is confirmed again.
    """
    keys = []
    if obligation.released:
        keys.append(obligation.key(Kind.RELEASE, 1))
    if obligation.completed:
        ordinal = obligation.reopened + 1
        if obligation.required:
            keys.append(obligation.key(Kind.CONFIRMATION, ordinal))
        elif obligation.status in WELCOME:
            keys.append(obligation.key(Kind.SUPPLEMENTAL_CONFIRMATION, ordinal))
    return tuple(keys)


def welcome_back(obligation: Obligation, resumed_before: int) -> MailKey | None:
    """The mail for whom a leave has just ended, with something still to do; else None.

    A matter of the change, not of the state: who was merged with somebody that had been away, and
    is separate again, was never away.
    """
    ended = obligation.resumed > resumed_before
    if not ended or obligation.paused or obligation.status not in OPEN:
        return None
    return obligation.key(Kind.BACK_FROM_LEAVE, obligation.resumed)


def called_for_again(
    mail: MailKey, state: State, reason: str | None, obligation: Obligation
) -> bool:
    """Whether a mail that was given up in `state` for `reason` belongs to the obligation's state.

    Whether it may go out, `decide` says.
    """
    if reason not in _WANTED_AGAIN.get(state, ()):
        return False
    return mail.occasion in {key.occasion for key in mails_called_for(obligation)}


def reminder_ordinal(ordinal: int, times: int) -> int:
    """The ordinal of the mail of a reminder that has fallen due for the `times`-th time (from 1).

    The same reminder falls due again only after a re-opening; it then is another mail.
    """
    return ordinal + ORDINALS_PER_ROUND * (times - 1)
