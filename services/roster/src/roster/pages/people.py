"""Search, a person's card, and who is on hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from chassis.http import Running
from chassis.pages import FORM_MAX_BYTES, PageRoute, page
from chassis.sign_in import Denied
from roster.handlers.card import card_of, names_of, search
from roster.handlers.show import show_as_of
from roster.pages.access import ForReaders
from roster.store.holds import list_holds

HOLDS_MAX = 1_000

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PersonId = Annotated[str, Path(max_length=64)]


class Search(BaseModel):
    """What to look for. Posted: names have no place in addresses, which proxies write down."""

    q: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")
    after: str = Field(default="", max_length=64, pattern=r"^[^\x00]*$")


@router.get("/")
async def front_door(_: ForReaders) -> Response:
    """Everybody begins with a search."""
    return RedirectResponse("/people", 303)


@router.get("/people")
async def search_page(request: Request, _: ForReaders) -> Response:
    """An empty search."""
    return page(request, "people.html", q="", after="", found=[], more=False)


@router.post("/people", max_body_size=FORM_MAX_BYTES)
async def search_people(
    request: Request, _: ForReaders, runtime: Running, form: Annotated[Search, Form()]
) -> Response:
    """People by id, login, address or name."""
    text = form.q.strip()
    async with runtime.pool.acquire() as connection:
        found, more = await search(connection, text, form.after)
    return page(request, "people.html", q=text, after=form.after, found=found, more=more)


@router.get("/holds")
async def holds(request: Request, _: ForReaders, runtime: Running) -> Response:
    """Who is on hold, the longest first."""
    async with runtime.pool.acquire() as connection:
        found = await list_holds(connection, HOLDS_MAX)
        names = await names_of(connection, [person_id for person_id, _, _ in found])
    return page(request, "holds.html", holds=found, names=names)


@router.get("/person/{person_id}")
async def card(
    request: Request,
    _: ForReaders,
    person_id: PersonId,
    day: str = "",
    known: str = "",
    done: str = "",
) -> Response:
    """Everything of one person; with `day` also how it was then, as known at `known`."""
    return await card_page(request, person_id, day=day, known=known, done=done)


async def card_page(
    request: Request,
    person_id: str,
    *,
    status: int = 200,
    trouble: str | None = None,
    day: str = "",
    known: str = "",
    done: str = "",
) -> Response:
    """The card, after a form perhaps with what is wrong; Denied when there is no such person."""
    runtime: Any = request.app.state.runtime
    async with runtime.pool.acquire() as connection:
        found = await card_of(connection, person_id)
        if found is None:
            raise Denied("person", person_id)
        then = None
        if day:
            try:
                on, at = _day_and_instant(day, known, runtime.settings.timezone)
            except ValueError:
                status, trouble = (
                    400,
                    "Give a day, and if you like an instant, as your browser asks.",
                )
            else:
                then = await show_as_of(connection, person_id, on, at) or {}
    return page(
        request,
        "person.html",
        status=status,
        card=found,
        now=found.versions[0],
        then=then,
        day_asked=day,
        known_asked=known,
        today=runtime.calendar.today(runtime.settings.timezone),
        trouble=trouble,
        done=done,
    )


def _day_and_instant(day: str, known: str, zone: str) -> tuple[date, datetime | None]:
    """What a form's day and local instant say; raises ValueError."""
    at = datetime.fromisoformat(known) if known else None
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    return date.fromisoformat(day), at
