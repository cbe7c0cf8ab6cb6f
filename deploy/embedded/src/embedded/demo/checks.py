"""The demo's own checks, each a sentence that is true or a reason to fail."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    *,
    unseen: int = 0,
) -> list[Check]:
    """What the services, the ledger and the mail server must agree on, the true ones too.

    `unseen` people may have had a release mail and stand in no figure.
    """
    released = sum(row["released"] for row in figures)
    waiting = {name: count for name, count in parked.items() if count}
    accepted, uncertain = ledger["accepted"], ledger["uncertain"]
    return [
        Check("Somebody was released in every group", _empty_groups(figures)),
        Check(
            "Everybody released got one release mail",
            _outside(mails.releases, released - uncertain, released + unseen),
        ),
        Check("No mail went out twice", f"{mails.repeated[:3]}" if mails.repeated else ""),
        Check(
            "The mail ledger has nothing open", f"{ledger['open']} open" if ledger["open"] else ""
        ),
        Check("No mail failed", f"{ledger['failed']} failed" if ledger["failed"] else ""),
        Check(
            "What the ledger says was accepted, the mail server has",
            _outside(mails.accepted, accepted, accepted + uncertain),
        ),
        Check("No record is parked", f"{waiting}" if waiting else ""),
    ]


def check_nights(editions: Path, first: date, last: date) -> Check:
    """Whether there are editions of each night from `first` to `last`, and of no other."""
    found = {path.name for path in editions.iterdir() if any(path.glob("*.csv"))}
    nights = {str(first + timedelta(days=number)) for number in range((last - first).days + 1)}
    wrong = sorted(found ^ nights)
    trouble = f"{len(wrong)} missing or too many, the first {wrong[0]}" if wrong else ""
    return Check("Every night has its editions", trouble)


def check_kills(killed: Sequence[str], planned: Sequence[str]) -> Check:
    """Whether all who were to be killed were."""
    trouble = "" if list(killed) == list(planned) else f"{killed}, not {planned}"
    return Check("Every service, the broker and the database were killed once", trouble)


def _empty_groups(figures: Sequence[Mapping[str, Any]]) -> str:
    groups = [row for row in figures if row["group"]]
    if not groups:
        return "there are no groups"
    return ", ".join(str(row["group"]) for row in groups if not row["released"])


def _outside(found: int, least: int, most: int) -> str:
    return "" if least <= found <= most else f"{found}, not {least} to {most}"
