"""Events of rollout: cycles, daily releases, obligations and reminders."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas.envelope import Contract, Event


class ObligationStatus(StrEnum):
    """Where an obligation stands."""

    NOT_IN_SCOPE = "not_in_scope"
    SUPPLEMENTAL = "supplemental"
    EXEMPT = "exempt"
    SCHEDULED = "scheduled"
    RELEASED = "released"
    OVERDUE = "overdue"
    COMPLETED = "completed"
    COMPLETED_LATE = "completed_late"
    ENDED = "ended"


class ReminderKind(StrEnum):
    """Why a person is reminded."""

    REMINDER = "reminder"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    TERM_EXPIRING = "term_expiring"


class Option(Contract):
    """A module that can fulfil the requirement."""

    option: str
    title: str
    description: str = ""


class Group(Contract):
    """One wave of a cycle; `due_on` is the last day, to its end in the cycle's zone."""

    group: str
    title: str
    start_on: date
    due_on: date


class Sender(Contract):
    """Who mail about a cycle comes from, for one area (None: every other area)."""

    area_id: str | None = None
    name: str
    address: str


class CyclePublished(Event):
    """A cycle as it now stands; `version` is its policy version."""

    TYPE: ClassVar[str] = "edu.rollcall.cycle.published.v1"
    TOPIC: ClassVar[str] = "rollout.group.v1"

    cycle: str
    title: str
    timezone: str = Field(description="IANA zone in which the cycle's dates are civil dates.")
    required_options: int = Field(ge=1, description="How many options fulfil the requirement.")
    options: tuple[Option, ...]
    groups: tuple[Group, ...]
    contact: str = Field(description="The one address for questions about this cycle.")
    senders: tuple[Sender, ...] = ()
    survey_url: str | None = Field(default=None, description="Linked, never stored.")
    policy_sha256: str = Field(description="Digest of the cycle file.")

    @property
    def key(self) -> str:
        return self.cycle


class GroupReleased(Event):
    """One day's batch of one group became visible and due."""

    TYPE: ClassVar[str] = "edu.rollcall.group.released.v1"
    TOPIC: ClassVar[str] = "rollout.group.v1"

    cycle: str
    group: str
    released_on: date = Field(description="Business date of the batch.")
    people: int = Field(ge=1, description="People released by this batch.")
    total: int = Field(
        ge=1, description="People of the group released so far, this batch included."
    )

    @property
    def key(self) -> str:
        return self.cycle

    @property
    def subject(self) -> str:
        return f"{self.cycle}/{self.group}"


class ObligationChanged(Event):
    """What one person owes in one cycle, in full.

    (person, cycle, occurrence) is unique for ever: `occurrence` is "1" for an edition and the
    term's start for rolling kinds. `rule`, `policy_version` and `person_version` are what the
    proof is recomputed from. `reopened` counts how often a completion was taken back; mails
    that may repeat after a re-opening take it into their key.
    """

    TYPE: ClassVar[str] = "edu.rollcall.obligation.changed.v1"
    TOPIC: ClassVar[str] = "rollout.obligation.v1"

    person_id: str = Field(min_length=1, max_length=64)
    cycle: str
    occurrence: str = "1"
    status: ObligationStatus
    hold: bool = Field(default=False, description="On hold: in no report, no mail goes out.")
    group: str | None = None
    department_ids: tuple[str, ...] = Field(
        default=(), description="Departments the obligation is shown under; counted once."
    )
    planned_on: date | None = Field(default=None, description="Day the release is planned for.")
    released_at: AwareDatetime | None = None
    due_on: date | None = Field(default=None, description="Last day, to its end in the zone.")
    completed_at: AwareDatetime | None = None
    option: str | None = Field(
        default=None, description="Option that fulfilled it; never shown to officers."
    )
    supplemental_options: tuple[str, ...] = Field(
        default=(), description="Further options completed."
    )
    reopened: int = Field(default=0, ge=0)
    paused: bool = Field(
        default=False, description="On a leave that stops deadlines: no reminder, never overdue."
    )
    resumed: int = Field(
        default=0, ge=0, description="How often such a leave has ended with the obligation open."
    )
    merged_from: tuple[str, ...] = Field(
        default=(), description="Ids whose obligation of this cycle went into this one, sorted."
    )
    rule: str = Field(description="Code of the rule that decided.")
    policy_version: int = Field(ge=1)
    person_version: int = Field(ge=1, description="Version of the person facts decided on.")

    @property
    def key(self) -> str:
        return self.person_id

    @property
    def subject(self) -> str:
        return f"{self.person_id}/{self.cycle}/{self.occurrence}"


class ReminderDue(Event):
    """A reminder has fallen due: `ordinal` numbers the reminders of its kind from 1."""

    TYPE: ClassVar[str] = "edu.rollcall.reminder.due.v1"
    TOPIC: ClassVar[str] = "rollout.reminder.v1"

    person_id: str = Field(min_length=1, max_length=64)
    cycle: str
    occurrence: str = "1"
    kind: ReminderKind
    ordinal: int = Field(ge=1)
    due_on: date

    @property
    def key(self) -> str:
        return self.person_id

    @property
    def subject(self) -> str:
        return f"{self.person_id}/{self.cycle}/{self.occurrence}/{self.kind}/{self.ordinal}"
