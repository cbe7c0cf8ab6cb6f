"""Who a mail comes from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SenderChoice:
    """A name and address mail may come from; `area_id` None is for everybody else."""

    area_id: str | None
    name: str
    address: str


def choose_sender(
    senders: Sequence[SenderChoice], areas: Collection[str], fallback: SenderChoice
) -> SenderChoice:
    """The first sender of one of the person's areas, else the last; `fallback` without senders."""
    for sender in senders:
        if sender.area_id in areas:
            return sender
    return senders[-1] if senders else fallback
