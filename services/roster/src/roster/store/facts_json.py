"""Facts as the database keeps them: what is not known, or as usual, is left out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from roster.domain import Appointment, Facts, Leave, LeaveKind

_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def facts_to_json(facts: Facts) -> str:
    """The facts as the database keeps them; equal facts give equal JSON."""
    kept: dict[str, Any] = {"onboarded_on": facts.onboarded_on.isoformat()}
    if facts.separated_on:
        kept["separated_on"] = facts.separated_on.isoformat()
    kept["appointments"] = [_appointment(each) for each in facts.appointments]
    kept["leaves"] = [_span(each, {"kind": each.kind}) for each in facts.leaves]
    return _dumps(kept)


def facts_from_json(text: str) -> Facts:
    """What `facts_to_json` made JSON of."""
    stored = json.loads(text)
    return Facts(
        onboarded_on=date.fromisoformat(stored["onboarded_on"]),
        separated_on=_day(stored.get("separated_on")),
        appointments=tuple(
            Appointment(**(each | _days(each) | _years(each))) for each in stored["appointments"]
        ),
        leaves=tuple(Leave(LeaveKind(each["kind"]), **_days(each)) for each in stored["leaves"]),
    )


def _appointment(each: Appointment) -> dict[str, Any]:
    kept = _span(
        each,
        {
            "appointment_id": each.appointment_id,
            "kind": each.kind,
            "paid": each.paid,
            "department_id": each.department_id,
        },
    )
    if each.year_of_study is not None:
        kept["year_of_study"] = each.year_of_study
    if each.supervisor_id is not None:
        kept["supervisor_id"] = each.supervisor_id
    if each.nominated_by is not None:
        kept["nominated_by"] = each.nominated_by
    if each.ex_officio:
        kept["ex_officio"] = True
    if each.years_of_study:
        kept["years_of_study"] = [[since.isoformat(), y] for since, y in each.years_of_study]
    return kept


def _span(each: Appointment | Leave, kept: dict[str, Any]) -> dict[str, Any]:
    kept["start_on"] = each.start_on.isoformat()
    if each.end_on:
        kept["end_on"] = each.end_on.isoformat()
    return kept


def _days(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        "start_on": date.fromisoformat(stored["start_on"]),
        "end_on": _day(stored.get("end_on")),
    }


def _years(stored: dict[str, Any]) -> dict[str, Any]:
    steps = stored.get("years_of_study", ())
    return {"years_of_study": tuple((date.fromisoformat(since), y) for since, y in steps)}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
