"""Pages drawn on the server, without scripts: what those of every service share.

A service adds `router` to its own, uses `PageRoute` for its routes and `page` to draw, and says in
`chassis.site.Site` what its templates are and what the roster says of a person.
"""

from __future__ import annotations

from chassis.pages.access import NotFound, PageRoute
from chassis.pages.doors import FORM_MAX_BYTES, router
from chassis.pages.rendering import page

__all__ = ["FORM_MAX_BYTES", "NotFound", "PageRoute", "page", "router"]
