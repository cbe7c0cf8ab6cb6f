"""My Training Needs: what is asked of the viewer, why, and how to get help."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.http import Running
from chassis.pages import PageRoute, page
from chassis.sign_in import SignedIn
from reporting.pages.access import viewer_of
from reporting.store.own import OwnObligation, OwnRecord, own_record
from reporting.store.reports import reports_for
from schemas.rollout import CyclePublished

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/me")
async def my_training_needs(request: Request, identity: SignedIn, runtime: Running) -> Response:
    """The viewer's own page; nobody can ask for another person's."""
    viewer = viewer_of(identity)
    async with runtime.pool.acquire() as connection, reports_for(connection, viewer) as reports:
        record = await own_record(connection, viewer)
        cycles = {cycle.cycle: cycle for cycle in await reports.cycles()}
    needs = [
        _need(record, obligation, cycles[obligation.cycle])
        for obligation in record.obligations
        if obligation.cycle in cycles
    ]
    waiting = len(record.obligations) - len(needs)
    return page(request, "me.html", record=record, needs=needs, waiting=waiting)


def _need(record: OwnRecord, owed: OwnObligation, cycle: CyclePublished) -> dict[str, Any]:
    titles = {option.option: option.title for option in cycle.options}
    taken = [c for c in record.completions if c.cycle == cycle.cycle and c.option in titles]
    return {
        "owed": owed,
        "cycle": cycle,
        "group": next((group for group in cycle.groups if group.group == owed.group), None),
        "titles": titles,
        "taken": taken,
        "taken_options": {c.option for c in taken},
        "mails": [mail for mail in record.mails if mail.cycle == cycle.cycle],
        "one_of": f"{_number(cycle.required_options)} of {_number(len(cycle.options))} options",
    }


def _number(value: int) -> str:
    names = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return names[value] if value < len(names) else str(value)
