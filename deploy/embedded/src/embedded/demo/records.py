"""One person's rows of an import file, as a SCIM user and as a record on Kafka."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_ROSTER = "urn:edu:rollcall:params:scim:schemas:extension:roster:2.0:User"

Rows = Sequence[dict[str, str]]
Json = dict[str, Any]


def people_of(text: str) -> Iterator[Rows]:
    """The rows of each person of a file, one after the other."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    for _, own in groupby(rows, key=lambda row: row["person_id"]):
        yield list(own)


def scim_user(rows: Rows) -> Json:
    """The person as an identity system would PUT it; without a leave, an explicit null says so."""
    person = rows[0]
    leave = {
        "type": "leave",
        "value": person["leave_kind"],
        "display": f"{person['leave_start_on']}/{person['leave_end_on']}",
    }
    return {
        "schemas": [_USER, _ROSTER],
        "externalId": person["person_id"],
        "userName": person["login"],
        "displayName": person["display_name"],
        "active": not person["separated_on"],
        "emails": [{"value": person["email"], "type": "work", "primary": True}],
        "entitlements": [leave] if person["leave_kind"] else None,
        _ROSTER: {
            "onboardedOn": person["onboarded_on"],
            "effectiveOn": person["effective_on"],
            "appointments": [_scim_appointment(row) for row in rows],
        },
    }


def _scim_appointment(row: dict[str, str]) -> Json:
    said = {
        "appointmentId": row["appointment_id"],
        "kind": row["kind"],
        "departmentId": row["department_id"],
        "startOn": row["start_on"],
        "endOn": row["end_on"],
        "yearOfStudy": row["year_of_study"],
        "supervisorId": row["supervisor_id"],
    }
    return {name: text for name, text in said.items() if text} | {"paid": row["paid"] == "true"}


def inbound_record(rows: Rows, reported_at: str) -> Json:
    """The person as an HR system would publish it on Kafka, said at that instant."""
    person = rows[0]
    about = ("person_id", "effective_on", "onboarded_on", "separated_on")
    contact = ("display_name", "email", "login")
    leave = {
        "kind": person["leave_kind"],
        "start_on": person["leave_start_on"],
        "end_on": person["leave_end_on"] or None,
    }
    return {
        "source": "hr",
        "reported_at": reported_at,
        **{name: person[name] or None for name in (*about, *contact)},
        "appointments": [_appointment(row) for row in rows],
        "leaves": [leave] if person["leave_kind"] else [],
    }


def _appointment(row: dict[str, str]) -> Json:
    year = row["year_of_study"]
    names = ("appointment_id", "kind", "department_id", "start_on", "end_on", "supervisor_id")
    return {
        **{name: row[name] or None for name in names},
        "paid": row["paid"] == "true",
        "year_of_study": int(year) if year else None,
        "nominated_by": row["nominated_by"] or None,
        "ex_officio": row["ex_officio"] == "true",
    }
