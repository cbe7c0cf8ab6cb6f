"""What is known of one person, for that person's own page and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chassis.postgres import Connection
from reporting.domain import Viewer


@dataclass(frozen=True, slots=True)
class OwnObligation:
    """What the viewer owes in one cycle."""

    cycle: str
    status: str
    hold: bool
    group: str | None
    released_at: datetime | None
    due_on: date | None
    completed_at: datetime | None
    option: str | None
    supplemental_options: list[str]
    rule: str
    paused: bool


@dataclass(frozen=True, slots=True)
class OwnMail:
    """A mail that was sent to the viewer, or may have been."""

    cycle: str
    kind: str
    ordinal: int
    state: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OwnCompletion:
    """A module that a learning system says the viewer has completed."""

    cycle: str | None
    option: str | None
    course: str
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """Everything the viewer's own page is made of; `name` None: erased, or not known yet.

    `person_id` is the viewer's, or the one that was merged into.
    """

    person_id: str
    known: bool
    name: str | None
    separated_on: date | None
    obligations: list[OwnObligation]
    mails: list[OwnMail]
    completions: list[OwnCompletion]


async def own_record(connection: Connection, viewer: Viewer) -> OwnRecord:
    """The viewer's own record; empty lists for somebody nobody knows.

    It is the same under each of a human's ids, with what was sent and completed under any.
    """
    person_id, ids = await _ids_of(connection, viewer.viewer_id)
    person = await connection.fetchrow(
        """
        SELECT p.separated_on, c.display_name
        FROM person p LEFT JOIN contact c USING (person_id) WHERE p.person_id = $1
        """,
        person_id,
    )
    obligations = await connection.fetch(
        """
        SELECT o.cycle, status, o.hold OR coalesce(p.hold, false), "group", released_at, due_on,
               completed_at, option, supplemental_options, rule, paused
        FROM obligation o LEFT JOIN cycle c USING (cycle) LEFT JOIN person p USING (person_id)
        WHERE person_id = $1 ORDER BY c.last_due_on DESC, o.cycle DESC, occurrence DESC
        """,
        person_id,
    )
    mails = await connection.fetch(
        """
        SELECT cycle, kind, ordinal, state, changed_at FROM mail
        WHERE person_id = ANY($1::text[]) AND state IN ('accepted', 'uncertain')
        ORDER BY changed_at, kind
        """,
        ids,
    )
    completions = await connection.fetch(
        """
        SELECT cycle, option, course, completed_at FROM completion
        WHERE person_id = ANY($1::text[]) AND NOT revoked ORDER BY completed_at, course
        """,
        ids,
    )
    return OwnRecord(
        person_id=person_id,
        known=person is not None or bool(obligations),
        name=person["display_name"] if person else None,
        separated_on=person["separated_on"] if person else None,
        obligations=[OwnObligation(*row) for row in obligations],
        mails=[OwnMail(*row) for row in mails],
        completions=[OwnCompletion(*row) for row in completions],
    )


async def _ids_of(connection: Connection, person_id: str) -> tuple[str, list[str]]:
    """The id this person is known by now, and every id of the same human."""
    survivor = await connection.fetchval(
        "SELECT coalesce(merged_into, person_id) FROM person WHERE person_id = $1", person_id
    )
    known_as = survivor or person_id
    rows = await connection.fetch("SELECT person_id FROM person WHERE merged_into = $1", known_as)
    return known_as, [known_as, *(row["person_id"] for row in rows)]
