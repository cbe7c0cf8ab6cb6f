"""The pages of officers and of the training office."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from chassis.pages import NotFound, PageRoute, page
from reporting import domain
from reporting.pages import words
from reporting.pages.access import MyReports
from reporting.store.reports import ID_MAX, ID_PATTERN, Edition, Reports
from schemas.rollout import CyclePublished

router = APIRouter(route_class=PageRoute, include_in_schema=False)

DepartmentId = Annotated[str, Path(max_length=ID_MAX, pattern=ID_PATTERN)]


@router.get("/departments")
async def departments(request: Request, reports: MyReports, cycle: str | None = None) -> Response:
    """The viewer's departments and how far each has come by the newest edition."""
    cycles = await reports.cycles()
    chosen = _choose_cycle(cycles, cycle)
    on = await reports.latest_date(chosen.cycle) if chosen else None
    editions = await reports.editions(cycle=chosen.cycle, on=on) if chosen and on else []
    return page(
        request,
        "departments.html",
        cycles=cycles,
        cycle=chosen,
        on=on,
        editions=editions,
        departments=await reports.departments(),
        night=await reports.night(chosen.cycle, on) if chosen and on else None,
        releases={release.group: release for release in await reports.releases(chosen.cycle)}
        if chosen
        else {},
    )


@router.get("/departments/{department_id}")
async def department(
    request: Request,
    reports: MyReports,
    department_id: DepartmentId,
    on: date | None = None,
    cycle: str | None = None,
) -> Response:
    """One department's edition: the newest, or that of a date."""
    found = await reports.department(department_id)
    cycles = await reports.cycles()
    chosen = _choose_cycle(cycles, cycle)
    edition = await reports.edition(department_id, chosen.cycle, on) if chosen else None
    if edition is None and on is not None:
        raise NotFound("There is no edition of that date.")
    shown = await _shown(reports, edition, chosen) if edition and chosen else {}
    return page(
        request,
        "department.html",
        department=found,
        cycles=cycles,
        cycle=chosen,
        edition=edition,
        **shown,
    )


@router.get("/departments/{department_id}/editions/{on}.csv")
async def download(
    reports: MyReports, department_id: DepartmentId, on: date, cycle: str | None = None
) -> Response:
    """The canonical CSV of one edition: ids and statuses, no names."""
    chosen = _choose_cycle(await reports.cycles(), cycle)
    edition = await reports.edition(department_id, chosen.cycle, on) if chosen else None
    if edition is None:
        raise NotFound("There is no edition of that date.")
    name = quote(f"{department_id}-{on.isoformat()}.csv", safe="")
    return Response(
        await reports.content(edition),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


async def _shown(reports: Reports, edition: Edition, cycle: CyclePublished) -> dict[str, Any]:
    """What the department page shows of an edition: names are put in now."""
    before, after = await reports.neighbours(edition)
    rows = domain.parse_csv(await reports.content(edition))
    restated = (
        domain.restated(domain.parse_csv(await reports.content(before)), rows) if before else set()
    )
    names = await reports.names(edition, [row.person_id for row in rows])
    elsewhere = {other for row in rows for other in row.other_departments.split()}
    people = sorted(
        (_person(row, names, row.person_id in restated) for row in rows),
        key=lambda p: (words.STATUS_ORDER.index(p["row"].status), p["name"], p["row"].person_id),
    )
    return {
        "people": people,
        "restated": len(restated),
        "before": before,
        "after": after,
        "department_names": await reports.department_names(elsewhere),
        "groups": {group.group: group.title for group in cycle.groups},
    }


def _person(row: domain.Row, names: dict[str, str | None], restated: bool) -> dict[str, Any]:
    name = names.get(row.person_id, "name not known yet")
    return {
        "row": row,
        "name": "erased person" if name is None else name,
        "named": bool(names.get(row.person_id)),
        "restated": restated,
        "elsewhere": row.other_departments.split(),
    }


def _choose_cycle(cycles: list[CyclePublished], wanted: str | None) -> CyclePublished | None:
    """The cycle asked for, or the newest; None while none is known."""
    if wanted is None:
        return cycles[0] if cycles else None
    for cycle in cycles:
        if cycle.cycle == wanted:
            return cycle
    raise NotFound("There is no such cycle.")
