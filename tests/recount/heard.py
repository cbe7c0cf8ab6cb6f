"""What the learning systems' words amount to: decision record 0002, 8 and 10."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recount.standing import Learned


@dataclass(frozen=True)
class Amount:
    """What holds, the earliest first, and each instant at which nothing held any more."""

    valid: tuple[tuple[datetime, str], ...]
    undone: tuple[datetime, ...]


def amount_of(words: Mapping[str, Sequence[Learned]]) -> tuple[Amount, int]:
    """Of the words by id: what they amount to together, and how often it was taken back.

    That is the most of what any id alone, and all together, count.
    """
    everything = [(each, word) for each, heard in words.items() for word in heard]
    together = _fold(everything)
    alone = [_fold([(each, word) for word in heard]) for each, heard in words.items()]
    undone = {at for amount in (together, *alone) for at in amount.undone}
    times = max(len(amount.undone) for amount in (together, *alone))
    return Amount(together.valid, tuple(sorted(undone))), times


def _fold(words: list[tuple[str, Learned]]) -> Amount:
    holds: dict[tuple[str, str, str], tuple[datetime, str]] = {}
    newest: dict[tuple[str, str, str], int] = {}
    undone: list[datetime] = []
    for each, word in sorted(words, key=lambda pair: (pair[1].received_at, pair[1].version)):
        place = (each, word.source, word.course)
        if word.version <= newest.get(place, 0):
            continue
        newest[place] = word.version
        had = bool(holds)
        holds.pop(place, None)
        if word.option is not None:
            holds[place] = (word.completed_at, word.option)
        if had and not holds:
            undone.append(word.received_at)
    return Amount(tuple(sorted(holds.values())), tuple(undone))
