"""Which mails an obligation calls for: a matter of its state, not of how it came to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from notifier.domain.states import Kind, MailKey

REQUIRED = frozenset({"scheduled", "released", "overdue", "completed", "completed_late"})
WELCOME = frozenset({"supplemental", "exempt"})

# A reminder that falls due again after a re-opening: far above the ordinals a cycle file uses.
ORDINALS_PER_ROUND = 100


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one person owes, as far as mail is concerned. `completed` and `released` say whether."""

    person_id: str
    cycle: str
    occurrence: str
    status: str
    hold: bool = False
    released: bool = False
    completed: bool = False
    due_on: date | None = None
    reopened: int = 0

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


def reminder_ordinal(ordinal: int, times: int) -> int:
    """The ordinal of the mail of a reminder that has fallen due for the `times`-th time (from 1).

    The same reminder falls due again only after a re-opening; it then is another mail.
    """
    return ordinal + ORDINALS_PER_ROUND * (times - 1)
