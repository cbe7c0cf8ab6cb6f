"""Two ids that may be one person: somebody of the office decides."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from chassis.pages import FORM_MAX_BYTES, PageRoute, page
from chassis.sign_in import ForOffice
from roster.handlers import proposals
from roster.handlers.acts import Refused
from roster.handlers.card import PAGE, names_of
from roster.pages.access import ForReaders, do
from roster.pages.acts import Act
from roster.store.proposals import list_proposals

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ProposalId = Annotated[int, Path(ge=1, le=2**62)]


class Accept(Act):
    """The id that stays."""

    keep: str = Field(max_length=64)


@router.get("/proposals")
async def list_(request: Request, _: ForReaders, done: str = "") -> Response:
    """The open proposals, the oldest first."""
    return await _list_page(request, done=done)


@router.post("/proposal/{proposal_id}/accept", max_body_size=FORM_MAX_BYTES)
async def accept(
    request: Request, _: ForOffice, proposal_id: ProposalId, form: Annotated[Accept, Form()]
) -> Response:
    """Merge the two, into the one that stays."""
    try:
        await do(
            request, form.token, form.reason,
            lambda c, who: proposals.accept(c, who, proposal_id, form.keep),
        )  # fmt: skip
    except Refused as refused:
        return await _list_page(request, status=409, trouble=str(refused))
    return RedirectResponse("/proposals?done=merge", 303)


@router.post("/proposal/{proposal_id}/decline", max_body_size=FORM_MAX_BYTES)
async def decline(
    request: Request, _: ForOffice, proposal_id: ProposalId, form: Annotated[Act, Form()]
) -> Response:
    """Say that the two are two."""
    try:
        await do(
            request, form.token, form.reason,
            lambda c, who: proposals.decline(c, who, proposal_id),
        )  # fmt: skip
    except Refused as refused:
        return await _list_page(request, status=409, trouble=str(refused))
    return RedirectResponse("/proposals?done=decline", 303)


async def _list_page(
    request: Request, *, status: int = 200, trouble: str | None = None, done: str = ""
) -> Response:
    runtime: Any = request.app.state.runtime
    async with runtime.pool.acquire() as connection:
        found = await list_proposals(connection, "open", PAGE)
        names = await names_of(connection, [i for e in found for i in (e.person_id, e.other_id)])
    return page(
        request,
        "proposals.html",
        status=status,
        proposals=found,
        names=names,
        trouble=trouble,
        done=done,
    )
