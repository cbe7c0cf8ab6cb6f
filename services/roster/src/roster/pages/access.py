"""Who may read the roster's pages, and how a form of theirs is carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from chassis.identity import Identity
from chassis.postgres import Connection
from chassis.sign_in import Denied, SignedIn, check_form
from chassis.site import Link, Site
from roster.handlers.acts import Who
from roster.pages import words
from roster.store import look_up

T = TypeVar("T")


async def for_readers(identity: SignedIn) -> Identity:
    """Dependency: who asks, if of the office or an auditor; else Denied."""
    if not identity.sees_all:
        raise Denied("roster", "")
    return identity


ForReaders = Annotated[Identity, Depends(for_readers)]
"""A parameter of this type is somebody who may read the roster."""


async def do(
    request: Request,
    token: str,
    reason: str | None,
    work: Callable[[Connection, Who], Awaitable[T]],
) -> T:
    """Carry out a form that is ours, in the name of who is signed in.

    Raises StaleForm, and what `work` raises.
    """
    check_form(request, token)
    runtime: Any = request.app.state.runtime
    identity: Identity = request.state.identity
    who = Who(identity.person_id, runtime.calendar, runtime.settings.timezone, reason)
    async with runtime.pool.acquire() as connection:
        done = await work(connection, who)
    runtime.wake()
    return done


def _links(identity: Identity) -> Sequence[Link]:
    if not identity.sees_all:
        return ()
    links = [
        Link("People", "/people"),
        Link("Alarms", "/alarms"),
        Link("Proposals", "/proposals"),
        Link("Holds", "/holds"),
        Link("Files", "/files"),
    ]
    return [*links, Link("Audit", "/audit")] if identity.reads_audit else links


SITE = Site(
    standing_of=look_up.standing_of,
    person_of_login=look_up.person_of_login,
    templates="roster.pages",
    links=_links,
    examples=look_up.examples,
    template_globals={"words": words},
)
