"""What the reports' pages are to the chassis, and what a signed-in person may read of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import Depends

from chassis.http import Running
from chassis.identity import Identity
from chassis.sign_in import SignedIn
from chassis.site import Link, Site
from reporting.domain import Viewer
from reporting.pages import words
from reporting.store import viewers
from reporting.store.reports import Reports, reports_for


def viewer_of(identity: Identity) -> Viewer:
    """Somebody signed in, as the reports know them."""
    return Viewer(identity.person_id, identity.departments, sees_all=identity.sees_all)


def _links(identity: Identity) -> Sequence[Link]:
    own = Link("My Training Needs", "/me")
    if not viewer_of(identity).reads_reports:
        return (own,)
    return (Link("All departments" if identity.sees_all else "My departments", "/departments"), own)


SITE = Site(
    standing_of=viewers.standing_of,
    person_of_login=viewers.person_of_login,
    templates="reporting.pages",
    links=_links,
    examples=viewers.examples,
    template_globals={"words": words},
)


async def _open_reports(identity: SignedIn, runtime: Running) -> AsyncIterator[Reports]:
    async with (
        runtime.pool.acquire() as connection,
        reports_for(connection, viewer_of(identity)) as reports,
    ):
        yield reports


MyReports = Annotated[Reports, Depends(_open_reports)]
"""A parameter of this type is what the signed-in viewer may read of the reports."""
