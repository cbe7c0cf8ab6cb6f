"""What was done under one id, and what becomes of it when ids are one person: 0002, 14."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from recount.standing import Mailed, Standing

OPEN = frozenset({"released", "overdue"})
Told = frozenset[tuple[str, int, int]]
"""Reminders that fell due, by kind, ordinal and round."""


@dataclass(frozen=True)
class Own:
    """What an id itself was released with."""

    group: str
    planned_on: date | None
    released_on: date


@dataclass(frozen=True)
class Track:
    """Where one id stood at the moment it was merged, or stands now."""

    own: Own | None
    standing: Standing
    told: Told
    mails: frozenset[Mailed]
    opened_on: date | None
    told_until: date | None

    @property
    def is_asked(self) -> bool:
        """Whether the training was asked for under this id."""
        return self.standing.status in OPEN and not self.standing.hold

    def set_aside(self) -> "Track":
        """The track of an id that has been an alias for a while: nothing is asked under it."""
        standing = replace(self.standing, status="not_in_scope", paused=False)
        return replace(self, standing=standing)


def as_one(mine: Track, others: Sequence[Track]) -> Track:
    """My track as if it had been one with the others always; `others` in the order of their ids."""
    tracks = [mine, *others]
    released = [track for track in tracks if track.own]
    if not released:
        return mine if mine.standing.released_on is None else _without_release(mine)
    first = min(released, key=lambda track: track.own.released_on)  # type: ignore[union-attr]
    assert first.own is not None
    asked = next((track for track in tracks if track.is_asked), first).standing
    dues = [track.standing.due_on for track in [mine, *released] if track.standing.due_on]
    standing = replace(
        mine.standing,
        status=asked.status,
        hold=asked.hold,
        paused=asked.paused,
        group=first.own.group,
        planned_on=first.own.planned_on,
        released_on=first.own.released_on,
        due_on=max(dues),
        resumed=max(track.standing.resumed for track in tracks),
    )
    return replace(
        mine,
        standing=standing,
        opened_on=_last(track.opened_on for track in tracks),
        told_until=_last(track.told_until for track in tracks),
    )


def _without_release(mine: Track) -> Track:
    """What was taken from an id that was split off is gone."""
    now = mine.standing
    standing = replace(
        now,
        status="scheduled" if now.status in OPEN else now.status,
        group=None,
        planned_on=None,
        released_on=None,
        due_on=None,
        paused=False,
    )
    return replace(mine, standing=standing, opened_on=None, told_until=None)


def _last(days: Iterable[date | None]) -> date | None:
    return max((day for day in days if day), default=None)
