"""One source's word on one person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from roster.domain.facts import Contact, Facts, Leave

HR = "hr"
OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Report:
    """One source's whole record of one person.

    `effective_on`: the civil day it is true from, the day of receipt when the source does not say.
    `reported_at`: the instant the source said so, the instant of receipt when it does not say.
    """

    person_id: str
    facts: Facts
    contact: Contact
    source: str = HR
    effective_on: date | None = None
    reported_at: datetime | None = None


def in_order(report: Report) -> Report:
    """The report with appointments and leaves sorted; the order of a source says nothing."""
    facts = report.facts
    if len(facts.appointments) < 2 and len(facts.leaves) < 2:
        return report
    appointments = tuple(sorted(facts.appointments, key=lambda each: each.appointment_id))
    leaves = leaves_in_order(facts.leaves)
    return replace(report, facts=replace(facts, appointments=appointments, leaves=leaves))


def leaves_in_order(leaves: Iterable[Leave]) -> tuple[Leave, ...]:
    """Each leave once, in order of their days."""
    return tuple(
        sorted(set(leaves), key=lambda each: (each.start_on, each.kind, each.end_on or date.max))
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it is kept for ever, without its personal data.

    `digest` settles which of two reports of one instant holds, so that arrival never decides.
    """

    person_id: str
    source: str
    reported_at: datetime
    effective_on: date
    received_at: datetime
    digest: bytes
    facts: Facts

    @property
    def rank(self) -> tuple[datetime, bytes, date]:
        """The greater of two reports of one source and person holds."""
        return self.reported_at, self.digest, self.effective_on
