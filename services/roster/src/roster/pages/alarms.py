"""The alarms as a work list."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from chassis.http import Running
from chassis.pages import FORM_MAX_BYTES, PageRoute, page
from chassis.sign_in import ForOffice
from roster.domain.alarms import AlarmKind, NoteCode
from roster.handlers import alarms
from roster.handlers.acts import Refused
from roster.pages.access import ForReaders, do

router = APIRouter(route_class=PageRoute, include_in_schema=False)

AlarmId = Annotated[int, Path(ge=1, le=2**62)]


class Wanted(BaseModel):
    """Which alarms: open or resolved ones, of a kind or of all, and which page of them."""

    kind: str = ""
    resolved: bool = False
    page: int = Field(default=1, ge=1, le=10_000)


class Owner(BaseModel):
    """Who is to look after it."""

    token: str
    owner: str = Field(max_length=64)


class Note(BaseModel):
    """What is being done about it."""

    token: str
    code: NoteCode


@router.get("/alarms")
async def list_(
    request: Request, _: ForReaders, runtime: Running, wanted: Annotated[Wanted, Query()]
) -> Response:
    """The alarms, the oldest first."""
    return await _list_page(request, wanted)


@router.post("/alarms/{alarm_id}/take", max_body_size=FORM_MAX_BYTES)
async def take(
    request: Request, _: ForOffice, alarm_id: AlarmId, form: Annotated[Owner, Form()]
) -> Response:
    """Look after it, or give it to somebody else of the office."""
    owner = form.owner.strip()
    try:
        await do(request, form.token, None, lambda c, who: alarms.take(c, who, alarm_id, owner))
    except Refused as refused:
        return await _list_page(request, Wanted(), status=409, trouble=str(refused))
    return RedirectResponse("/alarms", 303)


@router.post("/alarms/{alarm_id}/note", max_body_size=FORM_MAX_BYTES)
async def note(
    request: Request, _: ForOffice, alarm_id: AlarmId, form: Annotated[Note, Form()]
) -> Response:
    """Say what is being done about it."""
    try:
        await do(request, form.token, None, lambda c, who: alarms.note(c, who, alarm_id, form.code))
    except Refused as refused:
        return await _list_page(request, Wanted(), status=409, trouble=str(refused))
    return RedirectResponse("/alarms", 303)


async def _list_page(
    request: Request, wanted: Wanted, *, status: int = 200, trouble: str | None = None
) -> Response:
    runtime: Any = request.app.state.runtime
    kind = AlarmKind(wanted.kind) if wanted.kind in set(AlarmKind) else None
    async with runtime.pool.acquire() as connection:
        found = await alarms.list_alarms(
            connection,
            runtime.calendar.now(),
            kind=kind,
            resolved=wanted.resolved,
            limit=alarms.PAGE + 1,
            offset=(wanted.page - 1) * alarms.PAGE,
        )
    return page(
        request,
        "alarms.html",
        status=status,
        alarms=found[: alarms.PAGE],
        more=len(found) > alarms.PAGE,
        wanted=wanted,
        kind=kind,
        trouble=trouble,
    )
