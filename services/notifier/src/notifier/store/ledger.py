"""The mail ledger: planning, learning back from our own topic, and what the books say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.outbox import publish
from chassis.postgres import Connection
from notifier.domain import MailKey, State
from schemas.notifier import MailChanged, MailKind, MailState

STATES = tuple(State)

# Returned by every statement that changes a state, for `announce`.
CHANGED = """m.mail_id, m.person_id, m.cycle, m.occurrence, m.kind, m.ordinal, m.version, m.state,
    m.reason, m.changed_at"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A mail to plan: `planned_at` is a calendar instant, `due_on` what a reminder speaks of."""

    key: MailKey
    planned_at: datetime
    due_on: date | None = None


async def announce(connection: Connection, rows: Sequence[Any], zone: str) -> int:
    """Publish `MailChanged` for rows that hold `CHANGED`; returns how many.

    `zone` is the institution's, for civil dates. The cause is the mail's version alone: a ledger
    built anew announces under the same ids.
    """
    civil = ZoneInfo(zone)
    by_version: dict[int, list[MailChanged]] = {}
    for row in rows:
        by_version.setdefault(row["version"], []).append(_event(row, civil))
    for version, events in by_version.items():
        await publish(connection, events, cause=f"mail/{version}")
    return len(rows)


async def plan(connection: Connection, mails: Sequence[Planned], zone: str) -> int:
    """Enter mails that are not in the ledger yet; returns how many. A key is entered once, ever.

    Of several for one occasion the first counts. One that is known only from our own topic learns
    the due day it was planned for.
    """
    first = {mail.key.occasion: mail for mail in reversed(mails)}
    wanted = list(first.values())
    rows = await connection.fetch(
        f"""
        INSERT INTO mail AS m (mail_id, person_id, cycle, occurrence, kind, ordinal, planned_at,
                               due_on, version, state, changed_at)
        SELECT t.*, 1, 'planned', t.planned_at
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                    $7::timestamptz[], $8::date[])
             AS t(mail_id, person_id, cycle, occurrence, kind, ordinal, planned_at, due_on)
        WHERE t.kind NOT IN ('confirmation', 'supplemental_confirmation') OR NOT EXISTS (
            SELECT FROM mail k
            WHERE (k.person_id, k.cycle, k.occurrence, k.ordinal)
                  = (t.person_id, t.cycle, t.occurrence, t.ordinal)
              AND k.kind IN ('confirmation', 'supplemental_confirmation'))
        ON CONFLICT DO NOTHING
        RETURNING {CHANGED}
        """,  # noqa: S608 — put together from our own text
        [mail.key.mail_id for mail in wanted],
        [mail.key.person_id for mail in wanted],
        [mail.key.cycle for mail in wanted],
        [mail.key.occurrence for mail in wanted],
        [mail.key.kind.value for mail in wanted],
        [mail.key.ordinal for mail in wanted],
        [mail.planned_at for mail in wanted],
        [mail.due_on for mail in wanted],
    )
    if len(rows) < len(wanted):
        await _complete_due_days(connection, wanted)
    return await announce(connection, rows, zone)


async def _complete_due_days(connection: Connection, mails: Sequence[Planned]) -> None:
    dated = [mail for mail in mails if mail.due_on is not None]
    await connection.execute(
        """
        UPDATE mail SET due_on = t.due_on
        FROM unnest($1::uuid[], $2::date[]) AS t(mail_id, due_on)
        WHERE mail.mail_id = t.mail_id AND mail.due_on IS NULL
        """,
        [mail.key.mail_id for mail in dated],
        [mail.due_on for mail in dated],
    )


async def learn(
    connection: Connection,
    first: Mapping[UUID, MailChanged],
    newest: Mapping[UUID, MailChanged],
    nobody: UUID,
) -> set[str]:
    """Take over what our own topic says of mails this ledger is behind on; returns whose they are.

    `first` holds the earliest event of each mail in the batch (when it was planned), `newest` the
    last. A mail that was being sent belongs to `nobody`: whoever sent it is not known here.
    """
    events = list(newest.values())
    rows = await connection.fetch(
        """
        INSERT INTO mail AS m (mail_id, person_id, cycle, occurrence, kind, ordinal, planned_at,
                               version, state, reason, changed_at, owner)
        SELECT t.*, CASE WHEN t.state = 'sending' THEN $12::uuid END
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                    $7::timestamptz[], $8::bigint[], $9::text[], $10::text[], $11::timestamptz[])
             AS t(mail_id, person_id, cycle, occurrence, kind, ordinal, planned_at, version, state,
                  reason, changed_at)
        WHERE NOT EXISTS (SELECT FROM mail k WHERE k.mail_id = t.mail_id AND k.version >= t.version)
        ON CONFLICT (mail_id) DO UPDATE
            SET version = excluded.version, state = excluded.state, reason = excluded.reason,
                changed_at = excluded.changed_at, owner = excluded.owner
            WHERE m.version < excluded.version
        RETURNING m.person_id
        """,
        list(newest),
        [event.person_id for event in events],
        [event.cycle for event in events],
        [event.occurrence for event in events],
        [event.kind.value for event in events],
        [event.ordinal for event in events],
        [first[event.mail_id].received_at for event in events],
        [event.version for event in events],
        [event.state.value for event in events],
        [event.reason for event in events],
        [event.received_at for event in events],
        nobody,
    )
    return {row["person_id"] for row in rows}


async def balance(connection: Connection, cycle: str | None = None) -> list[dict[str, Any]]:
    """How many mails stand where, per cycle and kind; `open` is planned and sending together."""
    counts = ", ".join(f"count(*) FILTER (WHERE state = '{state}') AS {state}" for state in STATES)
    rows = await connection.fetch(
        f"""
        SELECT cycle, kind, count(*) AS total, {counts},
               count(*) FILTER (WHERE state IN ('planned', 'sending')) AS open
        FROM mail WHERE $1::text IS NULL OR cycle = $1
        GROUP BY cycle, kind ORDER BY cycle, kind
        """,  # noqa: S608 — the names of the states are ours
        cycle,
    )
    return [dict(row) for row in rows]


async def states(connection: Connection) -> dict[str, int]:
    """How many mails stand in each state, over everything."""
    rows = await connection.fetch("SELECT state, count(*) AS mails FROM mail GROUP BY state")
    return {state.value: 0 for state in STATES} | {row["state"]: row["mails"] for row in rows}


async def oldest_planned_s(connection: Connection) -> int:
    """How long the oldest planned mail has been in the ledger, in real seconds; 0 without one."""
    age = await connection.fetchval(
        "SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM mail "
        "WHERE state = 'planned'"
    )
    return int(age or 0)


async def reasons(connection: Connection, cycle: str | None = None) -> list[dict[str, Any]]:
    """Why mails were cancelled, failed, withheld or are uncertain, counted."""
    rows = await connection.fetch(
        """
        SELECT cycle, kind, state, reason, count(*) AS mails
        FROM mail WHERE reason IS NOT NULL AND ($1::text IS NULL OR cycle = $1)
        GROUP BY cycle, kind, state, reason ORDER BY cycle, kind, state, reason
        """,
        cycle,
    )
    return [dict(row) for row in rows]


async def uncertain(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Mails of which nobody knows whether the server took them, latest first. Ids only."""
    rows = await connection.fetch(
        """
        SELECT mail_id, person_id, cycle, occurrence, kind, ordinal, reason, changed_at, sha256
        FROM mail WHERE state = 'uncertain' ORDER BY changed_at DESC, mail_id LIMIT $1
        """,
        limit,
    )
    return [dict(row) for row in rows]


def _event(row: Any, zone: ZoneInfo) -> MailChanged:
    return MailChanged(
        version=row["version"],
        effective_on=row["changed_at"].astimezone(zone).date(),
        received_at=row["changed_at"],
        mail_id=row["mail_id"],
        person_id=row["person_id"],
        cycle=row["cycle"],
        occurrence=row["occurrence"],
        kind=MailKind(row["kind"]),
        ordinal=row["ordinal"],
        state=MailState(row["state"]),
        reason=row["reason"],
    )
