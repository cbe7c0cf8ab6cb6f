"""What codes are called on pages."""

from __future__ import annotations

from enum import StrEnum

from roster.domain.alarms import AlarmKind, NoteCode
from roster.handlers.holds import HoldReason

PERSON_ALARMS = frozenset({AlarmKind.PERSON_WITHOUT_DEPARTMENT.value})


class ActReason(StrEnum):
    """Why somebody of the office does something to a person."""

    REQUEST = "request_of_the_person"
    CORRECTION = "correction"
    SOURCE = "word_of_the_source"
    DECISION = "decision_of_the_office"


REASONS = {
    ActReason.REQUEST: "The person asked for it",
    ActReason.CORRECTION: "Something was wrong",
    ActReason.SOURCE: "The source confirmed it",
    ActReason.DECISION: "The office decided it",
}
HOLDS = {
    HoldReason.DECEASED: "The person has died",
    HoldReason.SENSITIVE: "A sensitive case",
    HoldReason.LEGAL: "A legal matter",
    HoldReason.SECURITY: "Security of the person",
    HoldReason.OTHER: "Something else",
}
NOTES = {
    NoteCode.ASKED_SOURCE: "The source was asked",
    NoteCode.BEING_MENDED: "Being mended",
    NoteCode.EXPECTED: "Expected for now",
    NoteCode.NOTHING_TO_MEND: "Nothing to mend",
}
ALARMS = {
    AlarmKind.DEPARTMENT_WITHOUT_AREA: "Department without an area",
    AlarmKind.DEPARTMENT_WITHOUT_OFFICER: "Department without an officer",
    AlarmKind.UNKNOWN_DEPARTMENT: "Department nobody knows",
    AlarmKind.PERSON_WITHOUT_DEPARTMENT: "Person without a department",
    AlarmKind.UNKNOWN_SUPERVISOR: "Supervisor nobody knows",
    AlarmKind.DUPLICATES_SUSPECTED: "Two ids, perhaps one person",
    AlarmKind.FEED_SILENT: "Feed is silent",
    AlarmKind.MASS_CHANGE_WAITING: "File waits for a second person",
}
CAUSES = {
    "login": "the same login",
    "email": "the same address",
    "rehire": "the same name, and one left before the other came",
}
DONE = {
    "hold": "The person is on hold: no mail goes out, and no report shows a trace.",
    "lift": "The person is no longer on hold.",
    "merge": "The two ids are one person now.",
    "split": "The two ids are two people again.",
    "seat": "The committee seat is noted.",
    "erase": "The person is erased. The other services hear of it within minutes.",
    "decline": "The two stay two, and are not proposed again.",
}
STATES = {
    "reading": "being read",
    "quarantined": "waits for a second person",
    "applying": "being applied",
    "applied": "applied",
    "rejected": "rejected",
    "expired": "expired",
}
KINDS = {
    "onboarded": "New",
    "reappeared": "Back again",
    "changed_department": "Another department",
    "changed": "Changed otherwise",
    "separated": "Separated",
    "contact_only": "Name, address or login only",
    "late": "Older than what is known",
    "unchanged": "Unchanged",
}
APPROVALS = {
    "reorganisation": "A reorganisation",
    "end_of_term": "The end of a term",
    "correction": "A correction of the source",
    "expected": "Expected otherwise",
}
REJECTIONS = {
    "incomplete_file": "The file is incomplete",
    "wrong_file": "It is the wrong file",
    "wrong_mapping": "It is the wrong mapping",
    "unexplained": "Nobody can explain it",
}


def appointment_kind(code: str) -> str:
    """`graduate student` for `graduate_student`."""
    return code.replace("_", " ")


def reason(code: str) -> str:
    """What a reason's code is called; a reason given in words is itself."""
    return REASONS[ActReason(code)] if code in set(ActReason) else code
