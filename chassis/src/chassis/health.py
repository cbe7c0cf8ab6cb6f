"""Probes, metrics, and how far a service has come."""

from __future__ import annotations

import json
from collections.abc import Iterable

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from chassis.http import Running
from schemas.topics import TOPICS

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
async def progress(runtime: Running) -> JSONResponse:
    """What is done and what is left, by numbers only.

    A platform is at rest when every `outbox`, `due` and `pending` is 0 and `positions` have
    reached the ends of their topics.
    """
    name, now = runtime.service.name, runtime.calendar.now()
    async with runtime.pool.acquire() as connection:
        # Before the snapshot: what it finishes meanwhile is in the outbox by then.
        pending = dict(await runtime.service.pending(connection))
        row = await connection.fetchrow(_PROGRESS, name, now)
    answer = {
        "service": name,
        "calendar": now.isoformat(),
        "outbox": row["outbox"],
        "due": row["due"],
        "next_due": row["next_due"].isoformat() if row["next_due"] else None,
        "parked": row["parked"],
        "pending": pending,
        "positions": _positions(runtime.service.handlers, json.loads(row["positions"])),
    }
    return JSONResponse(answer)


def _positions(
    topics: Iterable[str], stored: dict[str, dict[str, int]]
) -> dict[str, dict[str, int]]:
    """Every partition of the topics: one that was never assigned to anybody is unread."""
    return {
        topic: {str(number): 0 for number in range(TOPICS[topic].partitions)}
        | stored.get(topic, {})
        for topic in topics
    }


_PROGRESS = """
SELECT (SELECT count(*) FROM outbox) AS outbox,
       (SELECT count(*) FROM due_work WHERE due_at <= $2) AS due,
       (SELECT min(due_at) FROM due_work) AS next_due,
       (SELECT count(*) FROM parked WHERE consumer = $1) AS parked,
       (SELECT coalesce(json_object_agg(topic, partitions), '{}')
        FROM (SELECT topic, json_object_agg(partition, next_offset) AS partitions
              FROM consumer_position WHERE consumer = $1 GROUP BY topic) AS t) AS positions
"""
