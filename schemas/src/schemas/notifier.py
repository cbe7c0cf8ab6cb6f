"""Events of the notifier: what became of every intended mail."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.envelope import Event


class MailKind(StrEnum):
    """What a mail is about: every kind of the product.

    A kind added later would need a new major, because a reader refuses what it does not know.
    """

    RELEASE = "release"
    REMINDER = "reminder"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    CONFIRMATION = "confirmation"
    SUPPLEMENTAL_CONFIRMATION = "supplemental_confirmation"
    BACK_FROM_LEAVE = "back_from_leave"
    REOPENED = "reopened"
    WRONG_OPTION = "wrong_option"
    EXEMPTION = "exemption"
    EXTENSION_DECIDED = "extension_decided"
    TERM_EXPIRING = "term_expiring"
    POLICY_COPY = "policy_copy"
    WORKSHOP_INVITATION = "workshop_invitation"
    DIGEST = "digest"
    ANNUAL_REPORT = "annual_report"


class MailState(StrEnum):
    """Where a mail stands. After `sending` only accepted, failed or uncertain may follow."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    WITHHELD = "withheld"


class MailChanged(Event):
    """State of one mail, keyed (person, cycle, occurrence, kind, ordinal). No address, no text."""

    TYPE: ClassVar[str] = "edu.rollcall.mail.changed.v1"
    TOPIC: ClassVar[str] = "notifier.mail.v1"

    mail_id: UUID = Field(description="uuid5 of the mail's key; Message-ID derives from it.")
    person_id: str = Field(min_length=1, max_length=64)
    cycle: str
    occurrence: str = "1"
    kind: MailKind
    ordinal: int = Field(ge=1)
    state: MailState
    reason: str | None = Field(
        default=None, description="Code: why cancelled, failed or uncertain."
    )

    @property
    def key(self) -> str:
        return self.person_id

    @property
    def subject(self) -> str:
        return str(self.mail_id)
