"""Events of completion: facts from learning systems."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from schemas.envelope import Event


class CompletionState(Event):
    """Base of the completion events: one person's standing in one course of one source.

    `cycle` and `option` are ours, mapped from the source's course; both are None when the
    course counts towards nothing we know (it is kept, and does not count).
    """

    TOPIC: ClassVar[str] = "completion.module.v1"

    person_id: str = Field(min_length=1, max_length=64)
    source: str = Field(description="Learning system that said so.")
    course: str = Field(description="The source's own id of the module.")
    cycle: str | None = None
    option: str | None = None
    completed_at: AwareDatetime = Field(description="When the person finished, by the source.")

    @property
    def key(self) -> str:
        return self.person_id

    @property
    def subject(self) -> str:
        return f"{self.person_id}/{self.source}/{self.course}"


class ModuleCompleted(CompletionState):
    """The person has completed the module; of several completions the earliest stands."""

    TYPE: ClassVar[str] = "edu.rollcall.module.completed.v1"


class ModuleRevoked(CompletionState):
    """An explicit revocation, void or deletion: the completion no longer holds."""

    TYPE: ClassVar[str] = "edu.rollcall.module.revoked.v1"
