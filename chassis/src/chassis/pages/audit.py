"""The audit of a service, for auditors."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from chassis import audit
from chassis.http import Running
from chassis.pages.access import PageRoute
from chassis.pages.rendering import page
from chassis.sign_in import Denied, SignedIn

PER_PAGE = 100
# Postgres holds any text but this.
_STORABLE = r"^[^\x00]*$"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Wanted(BaseModel):
    """Which entries: done to `subject`, by `actor`, and earlier than number `before`."""

    subject: str = Field(default="", max_length=200, pattern=_STORABLE)
    actor: str = Field(default="", max_length=200, pattern=_STORABLE)
    before: int | None = Field(default=None, ge=1, le=2**62)


@router.get("/audit")
async def show(
    request: Request, identity: SignedIn, runtime: Running, wanted: Annotated[Wanted, Query()]
) -> Response:
    """What was done, newest first."""
    if not identity.reads_audit:
        raise Denied("audit", "")
    subject, actor = wanted.subject.strip(), wanted.actor.strip()
    async with runtime.pool.acquire() as connection:
        head = await audit.head(connection)
        found = await audit.entries(
            connection,
            subject=subject or None,
            actor=actor or None,
            before=wanted.before,
            limit=PER_PAGE + 1,
        )
    shown = found[:PER_PAGE]
    older = {"subject": subject, "actor": actor, "before": shown[-1].seq} if shown else {}
    return page(
        request,
        "audit.html",
        entries=shown,
        head=head,
        subject=subject,
        actor=actor,
        older=f"/audit?{urlencode(older)}" if len(found) > PER_PAGE else None,
    )
