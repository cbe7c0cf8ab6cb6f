"""Events of reporting: the nightly editions."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas.envelope import Event


class EditionPublished(Event):
    """One department's edition of one business date; `version` counts its restatements from 1."""

    TYPE: ClassVar[str] = "edu.rollcall.edition.published.v1"
    TOPIC: ClassVar[str] = "reporting.report.v1"

    department_id: str = Field(min_length=1, max_length=64)
    cycle: str
    business_date: date
    cutoff_at: AwareDatetime = Field(description="Nothing known after this instant is in it.")
    required: int = Field(ge=0)
    released: int = Field(ge=0)
    done: int = Field(ge=0)
    overdue: int = Field(ge=0)
    exempt: int = Field(ge=0)
    sha256: str = Field(description="Digest of the edition's canonical CSV.")

    @property
    def key(self) -> str:
        return self.department_id

    @property
    def subject(self) -> str:
        return f"{self.department_id}/{self.cycle}/{self.business_date}"
