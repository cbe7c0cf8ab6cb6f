"""What a new record of a person turns out to be."""

from __future__ import annotations

from enum import StrEnum

from roster.domain.facts import Facts


class Change(StrEnum):
    """What a record of a person turns out to be."""

    ONBOARDED = "onboarded"
    CHANGED = "changed"
    SEPARATED = "separated"


def change_of(stored: Facts | None, reported: Facts, *, said_before: bool) -> Change | None:
    """Which event the reported facts make, or None when they say nothing new.

    `said_before`: that these were the facts on the reported day was known already. Facts equal
    to the stored ones are news when it was not: they hold from another day than believed.
    """
    if stored is None:
        return Change.ONBOARDED
    if stored == reported:
        return None if said_before else Change.CHANGED
    if stored.separated_on is not None and reported.onboarded_on > stored.separated_on:
        return Change.ONBOARDED
    if stored.separated_on is None and reported.separated_on is not None:
        return Change.SEPARATED
    return Change.CHANGED
