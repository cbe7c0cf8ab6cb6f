"""When something was received, and by which intake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Receipt:
    """One intake: everything it brings was received at this instant, on this civil day."""

    intake_id: UUID
    received_at: datetime
    received_on: date
