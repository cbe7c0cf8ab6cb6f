"""What a new record of a person turns out to be."""

from __future__ import annotations

from enum import StrEnum

from roster.domain.facts import State


class Change(StrEnum):
    """What a record of a person turns out to be."""

    ONBOARDED = "onboarded"
    CHANGED = "changed"
    SEPARATED = "separated"


def change_of(stored: State | None, composed: State, *, moved: bool = False) -> Change | None:
    """Which event the composed state makes, or None when it says nothing new.

    `moved`: what is said is said from another day than before, and is news for that.
    """
    if stored is None:
        return Change.ONBOARDED
    if stored == composed:
        return Change.CHANGED if moved else None
    before, after = stored.facts, composed.facts
    if before.separated_on is not None and after.onboarded_on > before.separated_on:
        return Change.ONBOARDED
    if before.separated_on is None and after.separated_on is not None:
        return Change.SEPARATED
    return Change.CHANGED
