"""What a learning system's reports add up to, whatever their order and however often they come.

A history is a *set* of statements, and the fact is a function of that set. So a duplicate, an
older report after a newer one, and a revocation that overtakes its completion cannot do harm.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Kind(StrEnum):
    """What a source says has happened; a failed attempt is heard and changes nothing."""

    COMPLETED = "completed"
    REVOKED = "revoked"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of a stored request."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    UNMATCHED = "unmatched"
    UNREADABLE = "unreadable"


class Report(NamedTuple):
    """One message of a source. `reference` is how it names the person: id, login or e-mail.

    `at` is when the person finished; for a revocation, completions up to and including it are
    taken back.
    """

    reference: str
    course: str
    kind: Kind
    at: datetime


class Module(NamedTuple):
    """One person's standing in one course of one source is one aggregate; this is its key."""

    person_id: str
    source: str
    course: str


class Statement(NamedTuple):
    """The part of a report that a fact may rest on; `kind` is never `FAILED`."""

    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """What a course counts towards; both None when it counts towards nothing we know."""

    cycle: str | None = None
    option: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the module is completed, and when; `revoked` when that no longer holds."""

    completed_at: datetime
    revoked: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """An aggregate after a change; `version` counts its changes from 1 without a gap."""

    module: Module
    standing: Standing
    target: Target
    version: int

    def effective_on(self, zone: str) -> date:
        """Civil day of the completion in the institution's zone."""
        return self.standing.completed_at.astimezone(ZoneInfo(zone)).date()


def standing(history: Iterable[Statement]) -> Standing | None:
    """The earliest completion that no revocation covers, else the last that stood, as revoked.

    None while there is no completion: a revocation that came first is only remembered.
    """
    history = set(history)
    completions = [at for kind, at in history if kind is Kind.COMPLETED]
    if not completions:
        return None
    latest = max(completions)
    revocations = [at for kind, at in history if kind is Kind.REVOKED]
    earlier = [at for at in revocations if at < latest]
    stood = min(at for at in completions if not earlier or at > max(earlier))
    return Standing(stood, revoked=len(earlier) < len(revocations))


def decide(
    module: Module, history: Iterable[Statement], target: Target | None, before: Fact | None
) -> Fact | None:
    """The fact after `history`: `before` itself when nothing changed, else its next version.

    With no `target` (the course is not listed) it counts for what it counted for before.
    """
    now = standing(history)
    if before is None:
        return Fact(module, now, target or Target(), 1) if now else None
    after = Fact(module, now or before.standing, target or before.target, before.version + 1)
    same = (after.standing, after.target) == (before.standing, before.target)
    return before if same else after


def learn(history: set[Statement], before: Fact | None, published: Iterable[Fact]) -> Fact | None:
    """The fact after what was `published` of one module already, the newest of which holds.

    `history` grows by what was surely said for it: that the completion happened; that one known
    from before it was taken back; and of one taken back itself, that no completion came later.
    """
    fact = before
    for each in sorted(published, key=lambda each: each.version):
        if fact is not None and each.version <= fact.version:
            continue
        stood = each.standing.completed_at
        history.add(Statement(Kind.COMPLETED, stood))
        completions = {at for kind, at in history if kind is Kind.COMPLETED}
        gone = completions if each.standing.revoked else set()
        for covered in (gone, {at for at in completions if at < stood}):
            if covered:
                history.add(Statement(Kind.REVOKED, max(covered)))
        fact = each
    return fact


class MatchedBy(IntEnum):
    """What of a person a reference was equal to, the strongest first."""

    ID = 1
    LOGIN = 2
    EMAIL = 3


def fold(reference: str) -> str:
    """A reference as it is compared: logins and e-mail addresses in any case are the same."""
    return unicodedata.normalize("NFC", reference.strip()).casefold()


class Candidate(NamedTuple):
    """An id that a reference fits; `human` is the id it was merged into, else itself."""

    by: MatchedBy
    person_id: str
    human: str


def match(candidates: Iterable[Candidate]) -> str | None:
    """The id meant; None when nobody is, or when two people are: then nobody may guess.

    One id alone keeps what it was meant for, also an alias: a split then takes it along. Several
    ids of one human mean the one they were merged into.
    """
    found = list(candidates)
    strongest = min((each.by for each in found), default=None)
    meant = [each for each in found if each.by is strongest]
    for ids in ({each.person_id for each in meant}, {each.human for each in meant}):
        if len(ids) == 1:
            return ids.pop()
    return None


def pseudonym(reference: str, key: bytes) -> str:
    """Tells references apart without telling whose they are; useless to whoever lacks `key`."""
    return hashlib.blake2s(reference.encode(), key=key[:32], digest_size=6).hexdigest()
