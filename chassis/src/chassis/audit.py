"""The audit: who did what to what, when and why, as a chain in which every change shows.

An entry's hash is `sha256(hash of the entry before + canonical JSON of the entry)`, the first
one's predecessor being 32 zero bytes. Canonical JSON is UTF-8 with sorted keys, no spaces and
nothing escaped that need not be; `at` is UTC with six digits of a second and a `Z`. Ids and codes
only: entries are kept for ever, also of people who are erased.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from chassis.errors import ChassisError
from chassis.identity import is_id
from chassis.postgres import Connection

Scalar: TypeAlias = "str | int | bool | None"
Details: TypeAlias = "Mapping[str, Scalar | Sequence[Scalar]]"

REASON_MAX = 500
DETAILS_MAX_BYTES = 8 * 1024
FETCH = 1_000

_LOCK = 0x41756469  # "Audi": whoever holds it is the only one to add an entry
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}")
_SHAPES = {
    "action": re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}"),
    "subject": re.compile(r"[a-z][a-z0-9_]*/[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"),
}


class Refused(ChassisError):
    """This may not be written into the audit; the message is a sentence for who asked."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: its last entry's number and hash. Written `SEQ:HASH`.

    Noted down elsewhere it proves later that nothing up to it was changed or cut off.
    """

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head that `str()` wrote; ValueError when it is none."""
        match = re.fullmatch(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})", text.strip())
        if match is None:
            raise ValueError("a head is SEQ:HASH, as `audit head` prints it")
        return cls(int(match.group(1)), bytes.fromhex(match.group(2)))


EMPTY = Head(0, bytes(32))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored; `actor` is a person id or a machine's name."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str | None
    details: dict[str, Any]
    hash: bytes

    def as_json(self) -> dict[str, Any]:
        return {**self.content(), "hash": self.hash.hex()}

    def content(self) -> dict[str, Any]:
        """What the hash is about."""
        return {
            "seq": self.seq,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "reason": self.reason,
            "details": self.details,
        }

    def hash_after(self, previous: bytes) -> bytes:
        """What the hash has to be behind an entry with the hash `previous`."""
        return hashlib.sha256(previous + _canonical(self.content())).digest()


async def record(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    reason: str | None = None,
    details: Details | None = None,
) -> Head:
    """Add an entry in the caller's transaction (read committed), as the last thing it does.

    `at` is the calendar's instant. `actor` is the id of a person or the name of a machine, `action`
    a dotted code such as `person.merge`, `subject` a kind and an id such as `person/900123`;
    `details` hold codes, ids, numbers, and lists of them. From here to the commit nobody else can
    add an entry, and to take a row's lock after this one invites deadlocks: hence last.

    Returns where the chain now ends. Raises Refused for what does not belong into an audit.
    """
    if not connection.is_in_transaction():
        raise RuntimeError("an audit entry belongs to the transaction of what it is about")
    if at.tzinfo is None:
        raise ValueError("an audit entry needs an instant with a zone")
    _check(actor, action, subject, reason, details or {})
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    before = await head(connection)
    seq = before.seq + 1
    entry = Entry(seq, at, actor, action, subject, reason, dict(details or {}), b"")
    hash_ = entry.hash_after(before.hash)
    await connection.execute(
        """
        INSERT INTO audit_entry (seq, at, actor, action, subject, reason, details, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(seq, at, actor, action, subject, reason, json.dumps(entry.details), hash_),
    )
    return Head(seq, hash_)


async def head(connection: Connection) -> Head:
    """Where the chain ends; `EMPTY` before the first entry."""
    row = await connection.fetchrow("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")
    return Head(row["seq"], row["hash"]) if row else EMPTY


async def entries(
    connection: Connection,
    *,
    subject: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The newest entries that fit everything given, newest first; `before` is a number of one."""
    rows = await connection.fetch(
        """
        SELECT * FROM audit_entry
        WHERE ($1::text IS NULL OR subject = $1) AND ($2::text IS NULL OR actor = $2)
          AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::bigint IS NULL OR seq < $4)
        ORDER BY seq DESC LIMIT $5
        """,
        *(subject, actor, since, before, limit),
    )
    return [_entry(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a chain found: how far it is sound, and its first flaw.

    `broken` is the number of the first entry that is changed, missing or out of place.
    """

    head: Head
    broken: int | None = None
    why: str | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.broken is None

    def as_json(self) -> dict[str, Any]:
        flaw = {"seq": self.broken, "why": self.why} if self.broken is not None else None
        return {
            "sound": self.sound,
            "entries": self.head.seq,
            "head": str(self.head),
            "broken": flaw,
        }


class Check:
    """Follows a chain entry by entry, in order of `seq`; `anchor` is a head noted earlier."""

    def __init__(self, anchor: Head | None = None) -> None:
        self._anchor = anchor
        self.verdict = Verdict(EMPTY)

    def take(self, entry: Entry) -> None:
        """Look at the next entry; after the first flaw nothing more is looked at."""
        before = self.verdict.head
        if not self.verdict.sound:
            return
        if entry.seq != before.seq + 1:
            self._found(before.seq + 1, f"it is missing: entry {entry.seq} comes next")
        elif entry.hash_after(before.hash) != entry.hash:
            self._found(entry.seq, "its hash does not fit it and the entries before it")
        elif self._anchor and entry.seq == self._anchor.seq and entry.hash != self._anchor.hash:
            self._found(entry.seq, "this or an earlier one was rewritten after the head was noted")
        else:
            self.verdict = Verdict(Head(entry.seq, entry.hash))

    def end(self) -> Verdict:
        """The verdict, when there are no more entries."""
        last = self.verdict.head.seq
        if self.verdict.sound and self._anchor and self._anchor.seq > last:
            self._found(last + 1, f"it is missing: there were {self._anchor.seq} entries before")
        return self.verdict

    def _found(self, seq: int, why: str) -> None:
        self.verdict = Verdict(self.verdict.head, seq, why)


async def verify(connection: Connection, anchor: Head | None = None) -> Verdict:
    """Check the whole chain in one snapshot; memory does not grow with it.

    Without `anchor`, entries cut off at the end are not missed, and a chain that was rewritten
    from some entry to its end is not told from the true one.
    """
    check = Check(anchor)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(
            "SELECT * FROM audit_entry ORDER BY seq", prefetch=FETCH
        ):
            check.take(_entry(row))
    return check.end()


def _entry(row: Any) -> Entry:
    fields = {name: row[name] for name in Entry.__slots__}
    return Entry(**{**fields, "details": json.loads(fields["details"])})


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _check(actor: str, action: str, subject: str, reason: str | None, details: Details) -> None:
    if not is_id(actor):
        raise Refused("The actor of an audit entry must be an id.")
    for name, text in (("action", action), ("subject", subject)):
        if not _SHAPES[name].fullmatch(text):
            raise Refused(f"The {name} of an audit entry must be a code.")
    if reason is not None:
        check_reason(reason)
    for name, value in details.items():
        items = value if isinstance(value, list | tuple) else [value]
        if not _CODE.fullmatch(name) or not all(map(_is_code, items)):
            raise Refused("The details of an audit entry must be ids, codes and numbers.")
    if len(_canonical(dict(details))) > DETAILS_MAX_BYTES:
        raise Refused(f"The details of an audit entry must fit into {DETAILS_MAX_BYTES} bytes.")


def check_reason(reason: str) -> None:
    """Raise Refused unless a human's reason may be kept for ever: short, readable, no address."""
    if not 0 < len(reason.strip()) <= len(reason) <= REASON_MAX:
        raise Refused(f"The reason must have 1 to {REASON_MAX} characters.")
    if not reason.isprintable():
        raise Refused("The reason must be one line of readable characters.")
    if "@" in reason:
        raise Refused("The reason must hold no address: write ids, it is kept for ever.")


def _is_code(value: object) -> bool:
    if isinstance(value, str):
        return _CODE.fullmatch(value) is not None
    return value is None or isinstance(value, int)
