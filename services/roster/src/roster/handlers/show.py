"""Look people up, by ids only."""

from __future__ import annotations

from datetime import date, datetime

from chassis.postgres import Connection
from roster.domain import State, as_of, is_id
from roster.handlers.events import shown_state, shown_version
from roster.store import contacts, people, reports

SHOWN_VERSIONS = 200


async def show_person(connection: Connection, person_id: str) -> dict[str, object] | None:
    """The person as now published, the newest versions, and what holds of each source.

    None when nobody reported the person.
    """
    # What cannot be an id may hold bytes that the database refuses.
    known = is_id(person_id)
    versions = await people.versions_of(connection, person_id, SHOWN_VERSIONS) if known else []
    if not versions:
        return None
    history = [shown_version(each) for each in versions]
    current = {name: value for name, value in history[0].items() if name != "change"}
    ids = [person_id, *versions[0].state.aliases]
    return {"current": current, "history": history, "sources": await _sources(connection, ids)}


async def show_as_of(
    connection: Connection, person_id: str, day: date, known_at: datetime | None = None
) -> dict[str, object] | None:
    """The person as of a day, as known at an instant, or now; None when nobody was known then.

    An alias is answered as the person it is an alias of; merges are those of today.
    """
    stored = await people.look(connection, [person_id]) if is_id(person_id) else {}
    if person_id not in stored:
        return None
    root = stored[person_id].state.merged_into or person_id
    state = (await people.look(connection, [root]))[root].state
    found = await reports.reports_of(connection, [root, *state.aliases])
    facts = as_of((each for kept in found.values() for each in kept), root, day, known_at)
    if facts is None:
        return None
    then = State(facts, aliases=state.aliases)
    known = known_at.isoformat() if known_at else None
    return {"person_id": root, "as_of": day.isoformat(), "known_at": known, **shown_state(then)}


async def show_former(connection: Connection, person_id: str) -> list[dict[str, str]]:
    """Personal data: addresses and logins the person no longer has, the newest first."""
    former = await contacts.former_contacts_of(connection, person_id) if is_id(person_id) else []
    return [
        {"kind": kind, "value": value, "until_on": until_on.isoformat()}
        for kind, value, until_on in former
    ]


async def _sources(connection: Connection, ids: list[str]) -> list[dict[str, object]]:
    """Of each source and id the report that holds, and how many there are."""
    shown: list[dict[str, object]] = []
    for person_id, kept in sorted((await reports.reports_of(connection, ids)).items()):
        for source in sorted({each.source for each in kept}):
            said = [each for each in kept if each.source == source]
            last = max(said, key=lambda each: each.rank)
            shown.append(
                {
                    "source": source,
                    "person_id": person_id,
                    "reports": len(said),
                    "reported_at": last.reported_at.isoformat(),
                    "effective_on": last.effective_on.isoformat(),
                    "received_at": last.received_at.isoformat(),
                }
            )
    return shown
