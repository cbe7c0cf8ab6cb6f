"""Where everybody comes in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from chassis.pages import PageRoute
from chassis.sign_in import SignedIn
from reporting.pages.access import viewer_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def front_door(identity: SignedIn) -> Response:
    """People come to their own page, who reads reports to the departments."""
    to = "/departments" if viewer_of(identity).reads_reports else "/me"
    return RedirectResponse(to, 303)
