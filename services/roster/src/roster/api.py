"""People over HTTP, for machines that act for the office: the actor is named in the body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.audit import Refused as NotForTheAudit
from chassis.http import Problem, Running, require_machine
from chassis.postgres import Connection
from roster.handlers import committees, erasures, holds, merges, proposals, roles
from roster.handlers.acts import Refused, Who
from roster.handlers.committees import Seat
from roster.handlers.holds import HoldReason
from roster.handlers.show import show_as_of, show_person
from schemas.roster import RoleName

T = TypeVar("T")
_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
Id = Annotated[str, Field(pattern=_ID)]
PersonId = Annotated[str, Path(pattern=_ID)]
ProposalId = Annotated[int, Path(ge=1, lt=2**63)]


class Acting(BaseModel):
    """Who acts, by id, and why."""

    model_config = ConfigDict(extra="forbid")

    actor: Id
    reason: str | None = Field(default=None, max_length=500)
    dry_run: bool = False


class Hold(Acting):
    """A hold, with its code."""

    code: HoldReason


class Merge(Acting):
    """A merge into the id that stays."""

    into: Id


class Keep(Acting):
    """A decision for the id that stays."""

    keep: Id


class NewSeat(Acting):
    """A committee seat; without a last day it is ex officio."""

    committee: Id
    start_on: date
    end_on: date | None = None
    nominated_by: Id | None = None


class LastDay(Acting):
    """The last day of a seat, or of its next term."""

    end_on: date


class RoleOf(Acting):
    """A role to be given or taken."""

    role: RoleName


def create_router() -> APIRouter:
    """The routes of people and of what the office does to them."""
    router = APIRouter(tags=["people"], dependencies=[Depends(require_machine)])

    @router.get("/people/{person_id}")
    async def person(person_id: str, runtime: Running) -> dict[str, Any]:
        """One person as published: the present state, the versions behind it, and its sources."""
        async with runtime.pool.acquire() as connection:
            return _found(await show_person(connection, person_id))

    @router.get("/people/{person_id}/as-of/{day}")
    async def as_of(
        person_id: str, day: date, runtime: Running, known_at: AwareDatetime | None = None
    ) -> dict[str, Any]:
        """One person as of a day, as known at an instant, or now."""
        async with runtime.pool.acquire() as connection:
            return _found(await show_as_of(connection, person_id, day, known_at))

    _add_acts(router)
    _add_proposals(router)
    _add_seats(router)
    _add_roles(router)
    return router


def _add_acts(router: APIRouter) -> None:
    @router.post("/people/{person_id}/hold")
    async def hold(person_id: PersonId, body: Hold, runtime: Running) -> dict[str, Any]:
        """Hold a person; answers with the id that is on hold."""
        held = await _act(runtime, body, lambda c, w: holds.hold(c, w, person_id, body.code))
        return {"person_id": held, "hold": True}

    @router.post("/people/{person_id}/lift")
    async def lift(person_id: PersonId, body: Acting, runtime: Running) -> dict[str, Any]:
        """Take a person off hold."""
        lifted = await _act(runtime, body, lambda c, w: holds.lift(c, w, person_id))
        return {"person_id": lifted, "hold": False}

    @router.post("/people/{person_id}/merge")
    async def merge(person_id: PersonId, body: Merge, runtime: Running) -> dict[str, Any]:
        """Make the id an alias of another."""
        done = await _act(runtime, body, lambda c, w: merges.merge(c, w, person_id, body.into))
        return done.as_json()

    @router.post("/people/{person_id}/split")
    async def split(person_id: PersonId, body: Acting, runtime: Running) -> dict[str, Any]:
        """Undo the merge of an alias."""
        return (await _act(runtime, body, lambda c, w: merges.split(c, w, person_id))).as_json()

    @router.post("/people/{person_id}/erase")
    async def erase(person_id: PersonId, body: Acting, runtime: Running) -> dict[str, Any]:
        """Forget how the person and its aliases are called and reached, for good."""
        done = await _act(runtime, body, lambda c, w: erasures.erase(c, w, person_id))
        return {"erased": list(done.ids), "already": done.already}

    @router.post("/erasures/republish")
    async def republish(body: Acting, runtime: Running) -> dict[str, Any]:
        """Say every erasure again, as after a restore."""
        return {"erasures": await _act(runtime, body, erasures.republish)}


def _add_proposals(router: APIRouter) -> None:
    @router.post("/proposals/{proposal_id}/accept")
    async def accept(proposal_id: ProposalId, body: Keep, runtime: Running) -> dict[str, Any]:
        """Merge the two ids of a proposal."""
        done = await _act(
            runtime, body, lambda c, w: proposals.accept(c, w, proposal_id, body.keep)
        )
        return done.as_json()

    @router.post("/proposals/{proposal_id}/decline")
    async def decline(proposal_id: ProposalId, body: Acting, runtime: Running) -> dict[str, Any]:
        """Say that the two ids of a proposal are two."""
        await _act(runtime, body, lambda c, w: proposals.decline(c, w, proposal_id))
        return {"id": proposal_id, "state": "declined"}


def _add_seats(router: APIRouter) -> None:
    @router.post("/people/{person_id}/seats", status_code=201)
    async def appoint(person_id: PersonId, body: NewSeat, runtime: Running) -> dict[str, Any]:
        """Give a person a committee seat."""
        seat = Seat(body.committee, body.start_on, body.end_on, body.nominated_by)
        return {
            "seat": await _act(
                runtime, body, lambda c, w: committees.appoint(c, w, person_id, seat)
            )
        }

    @router.post("/people/{person_id}/seats/{seat_id}/resign")
    async def resign(
        person_id: PersonId, seat_id: str, body: LastDay, runtime: Running
    ) -> dict[str, Any]:
        """End a seat."""
        await _act(
            runtime, body, lambda c, w: committees.resign(c, w, person_id, seat_id, body.end_on)
        )
        return {"seat": seat_id}

    @router.post("/people/{person_id}/seats/{seat_id}/renew", status_code=201)
    async def renew(
        person_id: PersonId, seat_id: str, body: LastDay, runtime: Running
    ) -> dict[str, Any]:
        """Give a seat its next term."""
        return {
            "seat": await _act(
                runtime, body, lambda c, w: committees.renew(c, w, person_id, seat_id, body.end_on)
            )
        }


def _add_roles(router: APIRouter) -> None:
    @router.post("/people/{person_id}/roles/grant")
    async def grant(person_id: PersonId, body: RoleOf, runtime: Running) -> dict[str, Any]:
        """Give a person a role."""
        return {
            "changed": await _act(
                runtime, body, lambda c, w: roles.grant(c, w, person_id, body.role)
            )
        }

    @router.post("/people/{person_id}/roles/revoke")
    async def revoke(person_id: PersonId, body: RoleOf, runtime: Running) -> dict[str, Any]:
        """Take a role from a person."""
        return {
            "changed": await _act(
                runtime, body, lambda c, w: roles.revoke(c, w, person_id, body.role)
            )
        }


async def _act(runtime: Any, body: Acting, work: Callable[[Connection, Who], Awaitable[T]]) -> T:
    who = Who(body.actor, runtime.calendar, runtime.settings.timezone, body.reason, body.dry_run)
    try:
        async with runtime.pool.acquire() as connection:
            done = await work(connection, who)
    except Refused as refused:
        raise Problem(409, "Refused", str(refused)) from None
    except NotForTheAudit as refused:
        raise Problem(422, "Not for the audit", str(refused)) from None
    runtime.wake()
    return done


def _found(shown: dict[str, object] | None) -> dict[str, object]:
    if shown is None:
        raise Problem(404, "Unknown person")
    return shown
