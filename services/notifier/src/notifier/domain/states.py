"""What identifies a mail, and the states it walks through.

```
planned ──► sending ──► accepted | failed | uncertain
  │  ▲         │
  │  └─────────┘ only when the server surely has nothing: refused, or lost before the message
  ├──► withheld ──► planned | cancelled
  └──► cancelled | failed ──► planned, when it is called for again
```
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

_NAMESPACE = uuid.UUID("b1f5a0b4-6c0e-5f43-8f0e-2f1f6f9f3a57")


class Kind(StrEnum):
    """What a mail is about."""

    RELEASE = "release"
    REMINDER = "reminder"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    CONFIRMATION = "confirmation"
    SUPPLEMENTAL_CONFIRMATION = "supplemental_confirmation"
    BACK_FROM_LEAVE = "back_from_leave"

    @property
    def reminds(self) -> bool:
        """Whether it asks for something that may have been done meanwhile."""
        return self in (Kind.REMINDER, Kind.DUE_SOON, Kind.OVERDUE)

    @property
    def confirms(self) -> bool:
        """Whether it tells of a completion."""
        return self in (Kind.CONFIRMATION, Kind.SUPPLEMENTAL_CONFIRMATION)


class State(StrEnum):
    """Where a mail stands."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    WITHHELD = "withheld"


MAY_FOLLOW: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.SENDING, State.FAILED, State.CANCELLED, State.WITHHELD}),
    State.SENDING: frozenset({State.ACCEPTED, State.FAILED, State.UNCERTAIN, State.PLANNED}),
    State.WITHHELD: frozenset({State.PLANNED, State.CANCELLED}),
    State.ACCEPTED: frozenset(),
    State.FAILED: frozenset({State.PLANNED}),
    State.UNCERTAIN: frozenset(),
    State.CANCELLED: frozenset({State.PLANNED}),
}


def may_follow(state: State, after: State) -> bool:
    """Whether a mail may pass from state `after` to `state`."""
    return state in MAY_FOLLOW[after]


@dataclass(frozen=True, slots=True)
class MailKey:
    """Identity of an intended mail: there is never a second one with the same key."""

    person_id: str
    cycle: str
    occurrence: str
    kind: Kind
    ordinal: int

    @property
    def mail_id(self) -> uuid.UUID:
        """The key as a UUID, the same for ever and in every database."""
        parts = (self.person_id, self.cycle, self.occurrence, self.kind, str(self.ordinal))
        return uuid.uuid5(_NAMESPACE, "\n".join(parts))

    @property
    def occasion(self) -> tuple[str, str, str, str, int]:
        """What it is sent for: a completion is confirmed once, by whichever kind fitted first."""
        matter = "completion" if self.kind.confirms else self.kind.value
        return (self.person_id, self.cycle, self.occurrence, matter, self.ordinal)
