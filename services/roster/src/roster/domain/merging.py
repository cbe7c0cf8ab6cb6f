"""Two ids that are one human."""

from __future__ import annotations

from dataclasses import replace

from roster.domain.facts import Facts, State


def merge_refusal(
    person_id: str, alias: State | None, into: str, target: State | None
) -> str | None:
    """Why the one id may not become an alias of the other, as a sentence; None when it may."""
    if person_id == into:
        return "An id cannot be merged into itself."
    for each, state in ((person_id, alias), (into, target)):
        if state is None:
            return f"Nobody has reported a person {each}."
        if state.merged_into is not None:
            return f"{each} is an alias: use {state.merged_into}."
    if alias and target and alias.hold != target.hold:
        return "One of the two is on hold: hold both, or lift the hold, and then merge."
    return None


def as_alias(state: State, into: str) -> State:
    """The state of an id whose appointments and leaves are with another from now on."""
    facts = Facts(state.facts.onboarded_on, state.facts.separated_on)
    return replace(state, facts=facts, merged_into=into, aliases=())
