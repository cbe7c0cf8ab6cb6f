"""Probes, metrics, and how far a service has come."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from chassis import parked, positions, schedule
from chassis.http import Running

router = APIRouter(tags=["operations"])


@router.get("/health/live")
async def live() -> dict[str, str]:
    """200 while the process makes progress; when it does not, the watchdog ends it."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when it can serve; 503 with what it waits for until then."""
    runtime = request.app.state.runtime
    if not runtime.running:
        return JSONResponse({"status": "waiting", "phase": runtime.phase}, 503)
    try:
        async with runtime.pool.acquire(timeout=2) as connection:
            await connection.fetchval("SELECT 1", timeout=2)
    except Exception:
        return JSONResponse({"status": "waiting", "phase": "waiting for Postgres"}, 503)
    return JSONResponse({"status": "ready", "phase": runtime.phase})


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/progress")
async def progress(runtime: Running) -> dict[str, Any]:
    """What is done and what is left, by numbers only.

    A platform is at rest when every `outbox`, `due` and `pending` is 0 and `positions` have
    reached the ends of their topics.
    """
    name, calendar = runtime.service.name, runtime.calendar
    async with runtime.pool.acquire() as connection:
        stored = await positions.read_all(connection, name)
        next_due = await schedule.next_due_at(connection)
        answer: dict[str, Any] = {
            "service": name,
            "calendar": calendar.now().isoformat(),
            "outbox": await connection.fetchval("SELECT count(*) FROM outbox"),
            "due": await schedule.reached(connection, calendar.now()),
            "next_due": next_due.isoformat() if next_due else None,
            "parked": await parked.count(connection, name),
            "pending": dict(await runtime.service.pending(connection)),
        }
    by_topic: dict[str, dict[str, int]] = {}
    for tp, offset in stored.items():
        by_topic.setdefault(tp.topic, {})[str(tp.partition)] = offset
    answer["positions"] = by_topic
    return answer
