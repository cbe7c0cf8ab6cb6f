"""Machine endpoints of the completion service; the webhooks have a route of their own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from chassis.http import Running, require_machine
from completion import handlers

router = APIRouter(tags=["completion"])


@router.get("/unmatched", dependencies=[Depends(require_machine)])
async def unmatched(
    runtime: Running, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> dict[str, Any]:
    """Requests whose person the roster does not know: counts, ages, pseudonyms; no address."""
    key = runtime.settings.machine_token.get_secret_value().encode()
    async with runtime.pool.acquire() as connection:
        return await handlers.list_unmatched(connection, runtime.calendar.now(), key, limit)
