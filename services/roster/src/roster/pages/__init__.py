"""The office's pages: drawn on the server, without scripts."""

from __future__ import annotations

from chassis import pages
from roster.pages import acts, alarms, files, people, proposals
from roster.pages.access import SITE

ROUTERS = (
    *pages.ROUTERS,
    people.router,
    acts.router,
    proposals.router,
    alarms.router,
    files.router,
)

__all__ = ["ROUTERS", "SITE"]
