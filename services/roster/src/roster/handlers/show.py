"""Look people up."""

from __future__ import annotations

from chassis.postgres import Connection
from roster.domain import is_id
from roster.handlers.events import person_event
from roster.store import people

SHOWN_VERSIONS = 200


async def show_person(connection: Connection, person_id: str) -> dict[str, object] | None:
    """The person as now published and the newest versions, by ids only; None when unknown."""
    # What cannot be an id may hold bytes that the database refuses.
    known = is_id(person_id)
    versions = await people.versions_of(connection, person_id, SHOWN_VERSIONS) if known else []
    if not versions:
        return None
    history = [
        {"change": each.change.value, **person_event(each).model_dump(mode="json")}
        for each in versions
    ]
    current = {name: value for name, value in history[0].items() if name != "change"}
    return {"current": current, "history": history}
