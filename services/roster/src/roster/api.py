"""The roster over HTTP, for machines: look a person up."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from chassis.http import Problem, Running, require_machine
from roster.handlers.show import show_person


def create_router() -> APIRouter:
    """The routes of people."""
    router = APIRouter(tags=["roster"], dependencies=[Depends(require_machine)])

    @router.get("/people/{person_id}")
    async def person(person_id: str, runtime: Running) -> dict[str, Any]:
        """One person as published: the present state and the versions behind it, by ids."""
        async with runtime.pool.acquire() as connection:
            shown = await show_person(connection, person_id)
        if shown is None:
            raise Problem(404, "Unknown person")
        return shown

    return router
