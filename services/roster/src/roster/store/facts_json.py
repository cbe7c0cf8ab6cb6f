"""Facts as the database keeps them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from roster.domain import Appointment, Facts, Leave, LeaveKind


def facts_to_json(facts: Facts) -> str:
    """The facts as the database keeps them; equal facts give equal JSON."""
    return json.dumps(
        {
            "onboarded_on": facts.onboarded_on.isoformat(),
            "separated_on": _text(facts.separated_on),
            "appointments": [
                {
                    "appointment_id": each.appointment_id,
                    "kind": each.kind,
                    "paid": each.paid,
                    "department_id": each.department_id,
                    "start_on": each.start_on.isoformat(),
                    "end_on": _text(each.end_on),
                    "year_of_study": each.year_of_study,
                    "supervisor_id": each.supervisor_id,
                }
                for each in facts.appointments
            ],
            "leaves": [
                {
                    "kind": each.kind,
                    "start_on": each.start_on.isoformat(),
                    "end_on": _text(each.end_on),
                }
                for each in facts.leaves
            ],
        }
    )


def facts_from_json(text: str) -> Facts:
    """What `facts_to_json` made JSON of."""
    stored = json.loads(text)
    return Facts(
        onboarded_on=date.fromisoformat(stored["onboarded_on"]),
        separated_on=_day(stored["separated_on"]),
        appointments=tuple(Appointment(**(each | _span(each))) for each in stored["appointments"]),
        leaves=tuple(Leave(LeaveKind(each["kind"]), **_span(each)) for each in stored["leaves"]),
    )


def _span(stored: dict[str, Any]) -> dict[str, Any]:
    return {"start_on": date.fromisoformat(stored["start_on"]), "end_on": _day(stored["end_on"])}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
