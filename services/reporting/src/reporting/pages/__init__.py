"""The pages people read: drawn on the server, in one language, without scripts."""

from __future__ import annotations

from fastapi import APIRouter

from reporting.pages import departments, own, sign_in
from reporting.pages.access import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)
router.include_router(sign_in.router)
router.include_router(departments.router)
router.include_router(own.router)
