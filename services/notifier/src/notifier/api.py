"""The ledger's balance for machines."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from chassis.http import Running, require_machine
from notifier.handlers import read_balance

router = APIRouter(tags=["ledger"])


@router.get("/ledger", dependencies=[Depends(require_machine)])
async def ledger(
    runtime: Running, cycle: Annotated[str | None, Query(pattern=r"^[^\x00]*$")] = None
) -> dict[str, Any]:
    """Every intended mail, counted by where it stands; and every stop switch that is off."""
    async with runtime.pool.acquire() as connection:
        return await read_balance(connection, cycle)
