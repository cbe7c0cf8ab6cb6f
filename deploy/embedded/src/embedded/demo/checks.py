"""The demo's own checks, each a sentence that is true or a reason to fail."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

from embedded.journal import read_journal

_KEY = tuple(f"X-Rollcall-{part}" for part in ("Person", "Cycle", "Occurrence", "Kind", "Ordinal"))


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence, and why it is not true; an empty `trouble` means that it is."""

    sentence: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Mails:
    """What the mail server took: how many, and each key it took more than once."""

    accepted: int
    repeated: Sequence[tuple[str, ...]]
    releases: int


def read_mails(journal: Path) -> Mails:
    """Count the mails in the mail server's journal by their keys."""
    keys: Counter[tuple[str, ...]] = Counter()
    for mail in read_journal(journal):
        headers = message_from_bytes(mail.raw)
        keys[tuple(headers[name] for name in _KEY)] += 1
    repeated = [key for key, count in keys.items() if count > 1]
    releases = sum(1 for key in keys if key[3] == "release")
    return Mails(keys.total(), repeated, releases)


def digest_of(editions: Path) -> tuple[int, str]:
    """How many editions there are, and one SHA-256 over all of them in order."""
    digest, count = hashlib.sha256(), 0
    for path in sorted(editions.rglob("*.csv")):
        digest.update(f"{path.relative_to(editions)}\n".encode())
        digest.update(path.read_bytes())
        count += 1
    return count, digest.hexdigest()


def check_all(
    figures: Sequence[Mapping[str, Any]],
    ledger: Mapping[str, int],
    parked: Mapping[str, int],
    mails: Mails,
    editions: int,
) -> list[Check]:
    """Every check there is, the true ones too."""
    released = sum(row["released"] for row in figures)
    waiting = {name: count for name, count in parked.items() if count}
    uncertain = ledger["uncertain"]
    return [
        Check("Somebody was released in every group", _empty_groups(figures)),
        Check(
            "Everybody released got one release mail", _differ(released, mails.releases, uncertain)
        ),
        Check("No mail went out twice", f"{mails.repeated[:3]}" if mails.repeated else ""),
        Check(
            "The mail ledger has nothing open", f"{ledger['open']} open" if ledger["open"] else ""
        ),
        Check("No mail failed", f"{ledger['failed']} failed" if ledger["failed"] else ""),
        Check(
            "What the ledger says was accepted, the mail server has",
            _differ(ledger["accepted"], mails.accepted, uncertain),
        ),
        Check("No record is parked", f"{waiting}" if waiting else ""),
        Check("Every night has its editions", "" if editions else "there are none"),
    ]


def _empty_groups(figures: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(row["group"]) for row in figures if row["group"] and not row["released"])


def _differ(expected: int, found: int, tolerance: int) -> str:
    return "" if expected <= found <= expected + tolerance else f"{expected} and {found}"
