"""The sender's side of the ledger: claim, begin, settle, and mend what a dead process left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.postgres import Connection
from notifier.domain import Kind, State
from notifier.store.ledger import CHANGED, announce
from notifier.store.switches import STOPPED

CLAIM_S = 20.0  # a claim only spares two processes the same work; `begin` decides
RETRY_MAX_S = 3600.0


@dataclass(frozen=True, slots=True)
class Begin:
    """A mail about to be sent: the versions its claim was decided on, the digest of its bytes.

    `has_aliases`: other ids went into its person's obligation, so that it may have a twin.
    """

    mail_id: UUID
    version: int
    obligation_version: int
    contact_version: int
    sha256: str
    has_aliases: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a mail. `planned` is tried again after `pause_s` real seconds.

    A `counted` attempt doubles the pause of the next one, up to `RETRY_MAX_S`.
    """

    mail_id: UUID
    state: State
    reason: str | None = None
    pause_s: float = 0.0
    counted: bool = False


@dataclass(frozen=True, slots=True)
class At:
    """When and by whom: the calendar's instant, the institution's zone, the sending process."""

    now: datetime
    zone: str
    process: UUID


async def claim(connection: Connection, limit: int) -> list[Any]:
    """Up to `limit` planned mails with all that decides over them, oldest first.

    They are nobody else's for `CLAIM_S` real seconds. Kinds that only a newer version of this
    service knows are left to it.
    """
    ids = await connection.fetch(
        f"""
        WITH picked AS (
            SELECT m.mail_id FROM mail m
            WHERE m.state = 'planned' AND m.not_before <= clock_timestamp() AND NOT {STOPPED}
              AND m.kind = ANY($3::text[])
            ORDER BY m.not_before LIMIT $1
            FOR UPDATE OF m SKIP LOCKED
        )
        UPDATE mail m SET not_before = clock_timestamp() + make_interval(secs => $2)
        FROM picked WHERE m.mail_id = picked.mail_id
        RETURNING m.mail_id
        """,  # noqa: S608 — put together from our own text
        limit,
        CLAIM_S,
        [kind.value for kind in Kind],
    )
    return await connection.fetch(CANDIDATES, [row["mail_id"] for row in ids]) if ids else []


async def begin(connection: Connection, mails: Sequence[Begin], at: At) -> list[Any]:
    """From planned to sending, for mails of which nothing changed since the claim; returns them."""
    with_aliases = [mail.mail_id for mail in mails if mail.has_aliases]
    if with_aliases:
        # Another process may be beginning a twin: wait for it, then look.
        await connection.execute(_LOCK_TWINS, with_aliases)
    rows = await connection.fetch(
        f"""
        UPDATE mail m
        SET state = 'sending', version = m.version + 1, owner = $6, sha256 = t.sha256,
            changed_at = $7, reason = NULL
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
                 AS t(mail_id, version, obligation_version, contact_version, sha256),
             obligation o, contact c
        WHERE m.mail_id = t.mail_id AND m.state = 'planned' AND m.version = t.version
          AND (o.person_id, o.cycle, o.occurrence) = (m.person_id, m.cycle, m.occurrence)
          AND o.version = t.obligation_version
          AND c.person_id = m.person_id AND NOT c.erased AND c.version = t.contact_version
          AND NOT EXISTS (
              SELECT FROM person p
              WHERE p.person_id = m.person_id AND (p.hold OR p.merged_into IS NOT NULL))
          AND NOT {_NAMED_AS_ALIAS}
          AND NOT EXISTS (
              SELECT FROM mail t
              WHERE {_TWIN} AND t.state IN ('sending', 'accepted', 'uncertain'))
          AND NOT {STOPPED}
        RETURNING {CHANGED}
        """,  # noqa: S608 — put together from our own text
        [mail.mail_id for mail in mails],
        [mail.version for mail in mails],
        [mail.obligation_version for mail in mails],
        [mail.contact_version for mail in mails],
        [mail.sha256 for mail in mails],
        at.process,
        at.now,
    )
    await announce(connection, rows, at.zone)
    return rows


async def settle(connection: Connection, outcomes: Sequence[Settled], at: At) -> list[Any]:
    """Record outcomes; returns the rows whose state changed, with `CHANGED`.

    A mail that is being sent changes only by the process that sends it. One that was never begun
    may be decided on, or put off. Whatever stands anywhere else stays there.
    """
    rows = await connection.fetch(
        f"""
        WITH held AS (
            SELECT m.mail_id, m.state AS was, t.state, t.reason, t.pause_s, t.counted
            FROM mail m JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $7::int[])
                 AS t(mail_id, state, reason, pause_s, counted) USING (mail_id)
            WHERE (m.state = 'sending' AND m.owner = $5
                   AND t.state IN ('accepted', 'failed', 'uncertain', 'planned'))
               OR (m.state = 'planned'
                   AND t.state IN ('planned', 'failed', 'cancelled', 'withheld'))
               OR (m.state = 'withheld' AND t.state = 'cancelled')
            FOR UPDATE OF m
        )
        UPDATE mail m
        SET state = held.state, owner = NULL,
            reason = CASE WHEN held.state <> 'planned' THEN held.reason END,
            version = m.version + (held.was <> held.state)::int,
            changed_at = CASE WHEN held.was <> held.state THEN $6 ELSE m.changed_at END,
            attempts = m.attempts + held.counted,
            not_before = clock_timestamp() + make_interval(
                secs => least(held.pause_s * power(2, held.counted * least(m.attempts, 20)),
                              {RETRY_MAX_S}))
        FROM held WHERE m.mail_id = held.mail_id
        RETURNING {CHANGED}, held.was <> held.state AS moved
        """,  # noqa: S608 — put together from our own text
        [outcome.mail_id for outcome in outcomes],
        [outcome.state.value for outcome in outcomes],
        [outcome.reason for outcome in outcomes],
        [outcome.pause_s for outcome in outcomes],
        at.process,
        at.now,
        [int(outcome.counted) for outcome in outcomes],
    )
    moved = [row for row in rows if row["moved"]]
    await announce(connection, moved, at.zone)
    return moved


async def wait(connection: Connection, mail_ids: Sequence[UUID], pause_s: float) -> None:
    """Give claims back: these mails may be claimed again after `pause_s` real seconds."""
    await connection.execute(
        """
        UPDATE mail SET not_before = clock_timestamp() + make_interval(secs => $2)
        WHERE mail_id = ANY($1::uuid[]) AND state = 'planned'
        """,
        list(mail_ids),
        pause_s,
    )


async def release_withheld(connection: Connection, at: At) -> int:
    """From withheld to planned, for people who are no longer on hold; returns how many."""
    rows = await connection.fetch(
        f"""
        UPDATE mail m
        SET state = 'planned', reason = NULL, version = m.version + 1, changed_at = $1,
            not_before = clock_timestamp()
        WHERE m.state = 'withheld'
          AND NOT EXISTS (SELECT FROM person p WHERE p.person_id = m.person_id AND p.hold)
          AND NOT EXISTS (
              SELECT FROM obligation o
              WHERE (o.person_id, o.cycle, o.occurrence) = (m.person_id, m.cycle, m.occurrence)
                AND o.hold)
        RETURNING {CHANGED}
        """,  # noqa: S608 — put together from our own text
        at.now,
    )
    return await announce(connection, rows, at.zone)


async def keep_alive(connection: Connection, process: UUID, lease_s: float) -> None:
    """Say that `process` is there for another `lease_s` real seconds."""
    await connection.execute(
        """
        INSERT INTO lease (name, token, expires_at)
        VALUES ('mailer/' || $1::uuid, $1, clock_timestamp() + make_interval(secs => $2))
        ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
        """,
        process,
        lease_s,
    )


async def leave(connection: Connection, process: UUID) -> None:
    """Say that `process` is gone."""
    await connection.execute("DELETE FROM lease WHERE name = 'mailer/' || $1::uuid", process)


async def give_up_for_dead(connection: Connection, at: At) -> list[Any]:
    """From sending to uncertain, for mails whose process is no longer there; returns them."""
    await connection.execute(
        "DELETE FROM lease WHERE name LIKE 'mailer/%' AND expires_at < clock_timestamp()"
    )
    rows = await connection.fetch(
        f"""
        UPDATE mail m
        SET state = 'uncertain', reason = 'process_died', owner = NULL, version = m.version + 1,
            changed_at = $1
        WHERE m.state = 'sending'
          AND NOT EXISTS (SELECT FROM lease l WHERE l.name = 'mailer/' || m.owner)
        RETURNING {CHANGED}
        """,  # noqa: S608 — put together from our own text
        at.now,
    )
    await announce(connection, rows, at.zone)
    return rows


async def pending(connection: Connection) -> dict[str, int]:
    """Mails being sent, or planned and held back by nothing; and people to look at again."""
    row = await connection.fetchrow(
        f"""
        SELECT count(*) FILTER (WHERE m.state = 'sending') AS sending,
               count(*) FILTER (WHERE m.state = 'planned') AS planned,
               (SELECT count(*) FROM look_again) AS looks
        FROM mail m
        WHERE m.state = 'sending' OR (
            m.state = 'planned' AND NOT {STOPPED} AND EXISTS (
                SELECT FROM obligation o
                WHERE (o.person_id, o.cycle, o.occurrence) = (m.person_id, m.cycle, m.occurrence)))
        """,  # noqa: S608 — put together from our own text
    )
    assert row is not None
    return dict(row)


# Of `mail m` with its `obligation o`, the same mail `t` of an id merged into its person's.
_TWIN = """t.person_id = ANY(o.merged_from)
    AND (t.cycle, t.occurrence, t.ordinal) = (m.cycle, m.occurrence, m.ordinal)
    AND (t.kind = m.kind OR (t.kind IN ('confirmation', 'supplemental_confirmation')
                             AND m.kind IN ('confirmation', 'supplemental_confirmation')))"""

# Whether another obligation says that the person of `mail m` was merged into its own.
_NAMED_AS_ALIAS = """EXISTS (
    SELECT FROM obligation s
    WHERE s.merged_from <> '{}' AND s.merged_from @> ARRAY[m.person_id]
      AND (s.cycle, s.occurrence) = (m.cycle, m.occurrence))"""

_LOCK_TWINS = f"""
SELECT FROM mail m
JOIN obligation o ON (o.person_id, o.cycle, o.occurrence) = (m.person_id, m.cycle, m.occurrence)
JOIN mail t ON {_TWIN}
WHERE m.mail_id = ANY($1::uuid[])
ORDER BY t.mail_id FOR UPDATE OF t
"""

CANDIDATES = f"""
SELECT m.mail_id, m.version, m.person_id, m.cycle, m.occurrence, m.kind, m.ordinal, m.planned_at,
       m.state, m.reason,
       m.due_on AS planned_for, m.attempts,
       extract(epoch FROM clock_timestamp() - m.created_at)::float8 AS age_s,
       m.kind IN ('reminder', 'due_soon', 'overdue') AND EXISTS (
           SELECT FROM mail later
           WHERE (later.person_id, later.cycle, later.occurrence)
                 = (m.person_id, m.cycle, m.occurrence)
             AND later.kind IN ('reminder', 'due_soon', 'overdue')
             AND later.planned_at > m.planned_at) AS superseded,
       o.version AS obligation_version, o.status, o.hold, o.released, o.completed, o.due_on,
       o.reopened, o.paused, o.resumed, coalesce(o.merged_from <> '{{}}', false) AS has_aliases,
       p.merged_into IS NOT NULL OR coalesce(o.merged, false) OR {_NAMED_AS_ALIAS} AS alias,
       (SELECT t.state FROM mail t
        WHERE {_TWIN} AND t.state IN ('sending', 'accepted', 'uncertain')
        ORDER BY t.state = 'sending' LIMIT 1) AS twin,
       c.version AS contact_version, c.erased, c.display_name, c.email,
       coalesce(p.hold, false) AS person_hold,
       ARRAY(SELECT d.area_id FROM department d
             WHERE d.department_id = ANY(o.department_ids) AND d.area_id IS NOT NULL
             ORDER BY d.area_id) AS areas
FROM mail m
LEFT JOIN obligation o
    ON (o.person_id, o.cycle, o.occurrence) = (m.person_id, m.cycle, m.occurrence)
LEFT JOIN contact c ON c.person_id = m.person_id
LEFT JOIN person p ON p.person_id = m.person_id
WHERE m.mail_id = ANY($1::uuid[])
ORDER BY m.planned_at, m.mail_id
"""  # noqa: S608 — put together from our own text
