"""Machine endpoints: publish a cycle, see what stands, ask why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter

from chassis.http import Problem, Running, read_body, require_machine
from rollout.cycle_file import CycleFileError, read_cycle
from rollout.cycle_reader import MAX_BYTES
from rollout.handlers import explain
from rollout.handlers.run_cycle import publish_cycle

router = APIRouter(tags=["rollout"], dependencies=[Depends(require_machine)])

# Postgres holds any text but this; asked for it, it fails instead of finding nothing.
_NO_NUL = r"^[^\x00]*$"

CycleName = Annotated[str, Query(min_length=1, max_length=64, pattern=_NO_NUL)]
PersonId = Annotated[str, PathParameter(max_length=64, pattern=_NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many ids of each kind.")]


@router.post("/cycles")
async def publish(request: Request, runtime: Running, dry_run: bool = False) -> dict[str, Any]:
    """Publish the cycle file in the body (YAML); 422 with every error, nothing applied."""
    try:
        source = (await read_body(request, MAX_BYTES)).decode()
        policy = read_cycle(source)
        async with runtime.pool.acquire() as connection, connection.transaction():
            now = runtime.calendar.now()
            published = await publish_cycle(connection, policy, now, dry_run=dry_run)
    except UnicodeDecodeError:
        raise Problem(422, "Not a cycle file", "the body is not UTF-8") from None
    except CycleFileError as error:
        errors = [each.as_dict() for each in error.errors]
        raise Problem(422, "Not a cycle file", errors=errors) from None
    runtime.wake()
    return {**vars(published), "dry_run": dry_run}


@router.get("/cycles")
async def cycles(runtime: Running) -> list[dict[str, Any]]:
    """Every published cycle, its groups, and how many people have which status."""
    async with runtime.pool.acquire() as connection:
        return await explain.list_cycles(connection)


@router.get("/why/{person_id}")
async def why(runtime: Running, person_id: PersonId, cycle: CycleName) -> dict[str, Any]:
    """Why a person's obligation stands as it does, and the one fact that would flip it."""
    async with runtime.pool.acquire() as connection, connection.transaction():
        try:
            return await explain.why(connection, person_id, cycle, runtime.calendar.now())
        except explain.Unknown as error:
            raise Problem(404, "Not found", str(error)) from None


@router.get("/exceptions")
async def exceptions(runtime: Running, cycle: CycleName, limit: Limit = 1_000) -> dict[str, Any]:
    """Who has no group, and people and departments of whom a fact is missing, by ids."""
    async with runtime.pool.acquire() as connection:
        try:
            return await explain.exceptions(connection, cycle, limit)
        except explain.Unknown as error:
            raise Problem(404, "Not found", str(error)) from None
