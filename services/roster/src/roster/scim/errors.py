"""Refusals as SCIM errors: which attribute, and what was expected; never the value."""

from __future__ import annotations

from collections.abc import Iterable

from scim2_models import InvalidValueException

from roster.domain import Flaw

_ATTRIBUTES = {
    "person_id": "externalId",
    "display_name": "displayName",
    "email": "emails.value",
    "login": "userName",
    "effective_on": "effectiveOn",
    "onboarded_on": "onboardedOn",
    "separated_on": "active",
    "leave_start_on": "leaves.startOn",
    "leave_end_on": "leaves.endOn",
    "appointment_id": "appointments.appointmentId",
    "kind": "appointments.kind",
    "department_id": "appointments.departmentId",
    "supervisor_id": "appointments.supervisorId",
    "start_on": "appointments.startOn",
    "end_on": "appointments.endOn",
    "year_of_study": "appointments.yearOfStudy",
    "name": "displayName",
}


def wrong(attribute: str, expected: str) -> InvalidValueException:
    """A 400 with scimType invalidValue."""
    return InvalidValueException(detail=f"{attribute}: expected {expected}")


def refuse(flaws: Iterable[Flaw]) -> None:
    """Raise on the first flaw, naming it by its SCIM attribute."""
    for flaw in flaws:
        raise wrong(_ATTRIBUTES.get(flaw.field, flaw.field), flaw.expected)
