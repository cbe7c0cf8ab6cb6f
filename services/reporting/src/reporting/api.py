"""Editions for machines, behind the machine token: byte for byte as they were made."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response, StreamingResponse

from chassis.http import Problem, Running, require_machine
from reporting.domain import Viewer
from reporting.store.reports import ID_MAX, ID_PATTERN, Denied, Edition, reports_for

MACHINE = Viewer("machine", sees_all=True)

CycleName = Annotated[str | None, Query(max_length=ID_MAX, pattern=ID_PATTERN)]
DepartmentId = Annotated[str, Path(max_length=ID_MAX, pattern=ID_PATTERN)]

router = APIRouter(tags=["editions"], dependencies=[Depends(require_machine)])


@router.get("/editions.ndjson")
async def all_editions(runtime: Running, cycle: CycleName = None) -> StreamingResponse:
    """Every edition, one JSON object a line, by date: counts, cut-off, digest and the CSV."""

    async def lines() -> AsyncIterator[bytes]:
        async with (
            runtime.pool.acquire() as connection,
            reports_for(connection, MACHINE) as reports,
        ):
            for on in await reports.dates(cycle):
                editions = await reports.editions(cycle=cycle, on=on)
                contents = await reports.contents(editions)
                for edition in editions:
                    csv = contents[edition.department.department_id, edition.sha256]
                    line = describe(edition) | {"csv": csv.decode()}
                    yield json.dumps(line, ensure_ascii=False).encode() + b"\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


@router.get("/editions/{business_date}/{department_id}")
async def one_edition(
    runtime: Running, business_date: date, department_id: DepartmentId, cycle: CycleName = None
) -> Response:
    """The canonical CSV of one edition; `cycle` may be left out while there is one."""
    async with (
        runtime.pool.acquire() as connection,
        reports_for(connection, MACHINE) as reports,
    ):
        try:
            found = await reports.editions(
                cycle=cycle, on=business_date, department_id=department_id
            )
        except Denied:
            found = []
        if len(found) > 1:
            raise Problem(
                400, "Several cycles", "name one", cycles=[edition.cycle for edition in found]
            )
        if not found:
            raise Problem(404, "No such edition")
        csv = await reports.content(found[0])
    return Response(
        csv,
        media_type="text/csv; charset=utf-8",
        headers={"ETag": f'"{found[0].sha256}"', "Cache-Control": "no-store"},
    )


@router.get("/figures/{cycle}")
async def figures(runtime: Running, cycle: str) -> list[dict[str, Any]]:
    """How far each group of a cycle is at this moment, in the cycle's order.

    `required`, `done` and `overdue` count people as they now stand, `released` everybody who was
    ever released, also who has left since, and `mails` mails accepted. The last row, with `group`
    null, is everybody in no group.
    """
    async with (
        runtime.pool.acquire() as connection,
        reports_for(connection, MACHINE) as reports,
    ):
        published = {each.cycle: each for each in await reports.cycles()}
        if cycle not in published:
            raise Problem(404, "No such cycle")
        found = {row["group"]: row for row in await reports.figures(cycle)}
    titles = {group.group: group.title for group in published[cycle].groups} | {None: "No group"}
    nobody = dict.fromkeys(("required", "released", "done", "overdue", "mails"), 0)
    return [
        {**nobody, **found.get(group, {}), "group": group, "title": title}
        for group, title in titles.items()
    ]


def describe(edition: Edition) -> dict[str, Any]:
    """An edition as JSON data, without its rows."""
    counts = edition.counts
    return {
        "business_date": edition.business_date.isoformat(),
        "cycle": edition.cycle,
        "department_id": edition.department.department_id,
        "cutoff_at": edition.cutoff_at.isoformat(),
        "required": counts.required,
        "released": counts.released,
        "done": counts.done,
        "overdue": counts.overdue,
        "exempt": counts.exempt,
        "sha256": edition.sha256,
    }
