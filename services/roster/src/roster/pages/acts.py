"""What the office does to a person: each a form on the card, with a reason, kept in the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from pydantic import BaseModel, BeforeValidator, Field
from starlette.responses import RedirectResponse, Response

from chassis.http import Running
from chassis.identity import Identity
from chassis.pages import FORM_MAX_BYTES, PageRoute, page
from chassis.postgres import Connection
from chassis.sign_in import Denied, ForOffice
from roster.domain import AN_ID, is_id
from roster.handlers import committees, erasures, holds, merges
from roster.handlers.acts import Refused, Who
from roster.handlers.card import card_of
from roster.handlers.committees import Seat
from roster.handlers.holds import HoldReason
from roster.pages.access import do
from roster.pages.people import PersonId, card_page
from roster.pages.words import ActReason

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SeatId = Annotated[str, Path(max_length=64)]
MaybeDay = Annotated[date | None, BeforeValidator(lambda value: value or None)]
Id = Annotated[str, Field(max_length=64), BeforeValidator(lambda v: str(v).strip())]


class Act(BaseModel):
    """What every form of the card holds."""

    token: str
    reason: ActReason


class HoldForm(BaseModel):
    """Why somebody is put on hold; the code is the reason."""

    token: str
    code: HoldReason


class Merge(Act):
    """The id that stays."""

    into: Id


class Erase(Act):
    """The person's id, typed once more."""

    confirm: Id


class Appoint(Act):
    """A committee seat."""

    committee: Id
    start_on: date
    end_on: MaybeDay = None
    nominated_by: Id = ""


class LastDay(Act):
    """The last day of a seat, or of its next term."""

    end_on: date


@router.post("/person/{person_id}/hold", max_body_size=FORM_MAX_BYTES)
async def hold(
    request: Request, _: ForOffice, person_id: PersonId, form: Annotated[HoldForm, Form()]
) -> Response:
    """Put on hold."""
    return await _act(
        request, person_id, "hold", form.token, form.code.value,
        lambda c, who: holds.hold(c, who, person_id, form.code),
    )  # fmt: skip


@router.post("/person/{person_id}/lift", max_body_size=FORM_MAX_BYTES)
async def lift(
    request: Request, _: ForOffice, person_id: PersonId, form: Annotated[Act, Form()]
) -> Response:
    """Take off hold."""
    return await _act(
        request, person_id, "lift", form.token, form.reason,
        lambda c, who: holds.lift(c, who, person_id),
    )  # fmt: skip


@router.post("/person/{person_id}/merge", max_body_size=FORM_MAX_BYTES)
async def merge(
    request: Request, _: ForOffice, person_id: PersonId, form: Annotated[Merge, Form()]
) -> Response:
    """Make this id an alias of another."""

    async def work(connection: Connection, who: Who) -> Any:
        if not is_id(form.into):
            raise Refused(f"The id that stays must be {AN_ID}.")
        return await merges.merge(connection, who, person_id, form.into)

    return await _act(request, person_id, "merge", form.token, form.reason, work)


@router.post("/person/{person_id}/split", max_body_size=FORM_MAX_BYTES)
async def split(
    request: Request, _: ForOffice, person_id: PersonId, form: Annotated[Act, Form()]
) -> Response:
    """Undo the merge of this alias."""
    return await _act(
        request, person_id, "split", form.token, form.reason,
        lambda c, who: merges.split(c, who, person_id),
    )  # fmt: skip


@router.get("/person/{person_id}/erase")
async def erase_page(
    request: Request, _: ForOffice, runtime: Running, person_id: PersonId
) -> Response:
    """What erasing means, and the form that does it."""
    async with runtime.pool.acquire() as connection:
        card = await card_of(connection, person_id)
    if card is None:
        raise Denied("person", person_id)
    return page(request, "erase.html", card=card, trouble=None)


@router.post("/person/{person_id}/erase", max_body_size=FORM_MAX_BYTES)
async def erase(
    request: Request, _: ForOffice, person_id: PersonId, form: Annotated[Erase, Form()]
) -> Response:
    """Forget how the person is called and reached, for good."""

    async def work(connection: Connection, who: Who) -> Any:
        if form.confirm != person_id:
            raise Refused("Nothing was erased: the id you typed is not this person's.")
        return await erasures.erase(connection, who, person_id)

    return await _act(request, person_id, "erase", form.token, form.reason, work)


@router.post("/person/{person_id}/seats", max_body_size=FORM_MAX_BYTES)
async def appoint(
    request: Request, _: ForOffice, person_id: PersonId, form: Annotated[Appoint, Form()]
) -> Response:
    """Give a committee seat."""
    seat = Seat(form.committee, form.start_on, form.end_on, form.nominated_by or None)
    return await _act(
        request, person_id, "seat", form.token, form.reason,
        lambda c, who: committees.appoint(c, who, person_id, seat),
    )  # fmt: skip


@router.post("/person/{person_id}/seats/{seat_id}/resign", max_body_size=FORM_MAX_BYTES)
async def resign(
    request: Request,
    _: ForOffice,
    person_id: PersonId,
    seat_id: SeatId,
    form: Annotated[LastDay, Form()],
) -> Response:
    """End a seat."""
    return await _act(
        request, person_id, "seat", form.token, form.reason,
        lambda c, who: committees.resign(c, who, person_id, seat_id, form.end_on),
    )  # fmt: skip


@router.post("/person/{person_id}/seats/{seat_id}/renew", max_body_size=FORM_MAX_BYTES)
async def renew(
    request: Request,
    _: ForOffice,
    person_id: PersonId,
    seat_id: SeatId,
    form: Annotated[LastDay, Form()],
) -> Response:
    """Give a seat its next term."""
    return await _act(
        request, person_id, "seat", form.token, form.reason,
        lambda c, who: committees.renew(c, who, person_id, seat_id, form.end_on),
    )  # fmt: skip


async def _act(  # noqa: PLR0917 - one line per form
    request: Request,
    person_id: str,
    done: str,
    token: str,
    reason: str,
    work: Callable[[Connection, Who], Awaitable[Any]],
) -> Response:
    """Do it and show the card, with a refusal if there was one. Denied for nobody."""
    await _require_person(request, person_id)
    try:
        await do(request, token, reason, work)
    except Refused as refused:
        return await card_page(request, person_id, status=409, trouble=str(refused))
    return RedirectResponse(f"/person/{person_id}?done={done}", 303)


async def _require_person(request: Request, person_id: str) -> None:
    identity: Identity = request.state.identity
    assert identity.may_change
    async with request.app.state.runtime.pool.acquire() as connection:
        if await card_of(connection, person_id) is None:
            raise Denied("person", person_id)
