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
    """Everything the viewer's own page is made of; `name` None: erased, or not known yet."""

    known: bool
    name: str | None
    separated_on: date | None
    obligations: list[OwnObligation]
    mails: list[OwnMail]
    completions: list[OwnCompletion]


async def own_record(connection: Connection, viewer: Viewer) -> OwnRecord:
    """The viewer's own record; empty lists for somebody nobody knows."""
    person = await connection.fetchrow(
        """
        SELECT p.separated_on, c.display_name
        FROM person p LEFT JOIN contact c USING (person_id) WHERE p.person_id = $1
        """,
        viewer.viewer_id,
    )
    obligations = await connection.fetch(
        """
        SELECT o.cycle, status, hold, "group", released_at, due_on, completed_at, option,
               supplemental_options, rule
        FROM obligation o LEFT JOIN cycle c USING (cycle) WHERE person_id = $1
        ORDER BY c.last_due_on DESC, o.cycle DESC, occurrence DESC
        """,
        viewer.viewer_id,
    )
    mails = await connection.fetch(
        """
        SELECT cycle, kind, ordinal, state, changed_at FROM mail
        WHERE person_id = $1 AND state IN ('accepted', 'uncertain') ORDER BY changed_at, kind
        """,
        viewer.viewer_id,
    )
    completions = await connection.fetch(
        """
        SELECT cycle, option, course, completed_at FROM completion
        WHERE person_id = $1 AND NOT revoked ORDER BY completed_at, course
        """,
        viewer.viewer_id,
    )
    return OwnRecord(
        known=person is not None or bool(obligations),
        name=person["display_name"] if person else None,
        separated_on=person["separated_on"] if person else None,
        obligations=[OwnObligation(*row) for row in obligations],
        mails=[OwnMail(*row) for row in mails],
        completions=[OwnCompletion(*row) for row in completions],
    )
