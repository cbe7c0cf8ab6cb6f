"""Pages drawn on the server, without scripts: what those of every service share.

A service adds `ROUTERS` to its own, uses `PageRoute` for its routes and `page` to draw, and says in
`chassis.site.Site` what its templates are and what the roster says of a person.
"""

from __future__ import annotations

from chassis.pages import audit, doors
from chassis.pages.access import NotFound, PageRoute
from chassis.pages.doors import FORM_MAX_BYTES
from chassis.pages.rendering import page

ROUTERS = (doors.router, audit.router)

__all__ = ["FORM_MAX_BYTES", "ROUTERS", "NotFound", "PageRoute", "page"]
