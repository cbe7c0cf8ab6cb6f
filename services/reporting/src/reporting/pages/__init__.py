"""The pages people read: drawn on the server, in one language, without scripts."""

from __future__ import annotations

from chassis import pages
from reporting.pages import departments, front_door, own
from reporting.pages.access import SITE

ROUTERS = (*pages.ROUTERS, front_door.router, departments.router, own.router)

__all__ = ["ROUTERS", "SITE"]
