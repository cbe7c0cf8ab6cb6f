"""What the door remembers of a user between requests, and how a write moves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

FORMER_MAX = 40


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a department without an appointment of its own; `until` is None while in it."""

    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Membership as this source's record says: first day, and last day once separated."""

    onboarded_on: date
    separated_on: date | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Departments a user is in by group or by the `department` attribute, and since when."""

    groups: frozenset[str] = frozenset()
    department: str | None = None
    spans: Mapping[str, Span] = field(default_factory=dict)

    @property
    def present(self) -> frozenset[str]:
        """The departments the user is in now."""
        return self.groups | ({self.department} if self.department else set())


def standing_after(
    before: Standing | None, *, active: bool, onboarded_on: date | None, day: date
) -> Standing:
    """Where a write that is true from `day` leaves the membership.

    Inactive separates as of that day; active again is a new membership from that day on, unless it
    is still the last day of the old one.
    """
    if before is None:
        first = onboarded_on or day
        return Standing(first, None if active else max(first, day))
    first = onboarded_on or before.onboarded_on
    if not active:
        last = before.separated_on or day
        return Standing(first, max(first, last))
    if before.separated_on is None or day <= before.separated_on:
        return Standing(first)
    return Standing(first if first > before.separated_on else day)


def places_after(places: Places, *, day: date, first: date | None = None) -> Places:
    """The spans brought in line with where the user is now; `first` is since when for new ones."""
    spans = dict(places.spans)
    for department in places.present:
        known = spans.get(department)
        if known is None:
            spans[department] = Span(first or day)
        elif known.until is not None:
            spans[department] = Span(known.since if known.until >= day else day)
    for department, span in spans.items():
        if department not in places.present and span.until is None:
            spans[department] = replace(span, until=max(span.since, day))
    return replace(places, spans=_newest(spans, places.present))


def _newest(spans: Mapping[str, Span], present: Collection[str]) -> dict[str, Span]:
    former = sorted(
        (name for name in spans if name not in present),
        key=lambda name: (spans[name].until or date.max, name),
    )
    kept = {*present, *former[-FORMER_MAX:]}
    return {name: span for name, span in sorted(spans.items()) if name in kept}
