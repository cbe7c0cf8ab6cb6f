"""The roster's rules: what a record must look like, and what reports of sources make of a person.

`docs/decisions/0006` says in words what is decided here.
"""

from roster.domain.change import Change, change_of
from roster.domain.committee import next_number, renewed, resigned, seat, seat_of, seated
from roster.domain.compose import as_of, composed_of, contact_of, membership
from roster.domain.departments import Department
from roster.domain.facts import (
    APPOINTMENT_KINDS,
    STUDENT_KINDS,
    YEARS_OF_STUDY,
    Appointment,
    Contact,
    Facts,
    Leave,
    LeaveKind,
    State,
)
from roster.domain.flaws import (
    A_DAY,
    ADDRESS_MAX,
    AN_ID,
    APPOINTMENTS_MAX,
    EARLIEST,
    LATEST,
    NAME_MAX,
    Flaw,
    flaws_of,
    flaws_of_department,
    flaws_of_facts,
    is_id,
    is_plain,
)
from roster.domain.merging import as_alias, merge_refusal
from roster.domain.report import HR, OFFICE, Kept, Report, in_order

__all__ = [
    "ADDRESS_MAX",
    "AN_ID",
    "APPOINTMENTS_MAX",
    "APPOINTMENT_KINDS",
    "A_DAY",
    "EARLIEST",
    "HR",
    "LATEST",
    "NAME_MAX",
    "OFFICE",
    "STUDENT_KINDS",
    "YEARS_OF_STUDY",
    "Appointment",
    "Change",
    "Contact",
    "Department",
    "Facts",
    "Flaw",
    "Kept",
    "Leave",
    "LeaveKind",
    "Report",
    "State",
    "as_alias",
    "as_of",
    "change_of",
    "composed_of",
    "contact_of",
    "flaws_of",
    "flaws_of_department",
    "flaws_of_facts",
    "in_order",
    "is_id",
    "is_plain",
    "membership",
    "merge_refusal",
    "next_number",
    "renewed",
    "resigned",
    "seat",
    "seat_of",
    "seated",
]
