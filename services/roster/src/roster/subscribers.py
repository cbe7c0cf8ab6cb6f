"""`roster.inbound.v1`: HR and identity systems that publish what others send as files.

Nothing of a record is trusted. What would keep a row out of the roster keeps a record out; it is
parked with the field and what was expected there, and never with the value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from chassis.calendars import calendar_of
from chassis.consumer import Handler, Reader
from chassis.errors import Reject
from chassis.parked import Raw
from chassis.parsing import MAX_BYTES, Record
from chassis.postgres import Connection
from chassis.settings import ServiceSettings
from roster import domain, metrics
from roster.domain import (
    A_DAY,
    EARLIEST,
    LATEST,
    Contact,
    Facts,
    Flaw,
    Leave,
    LeaveKind,
    Report,
    flaws_of,
)
from roster.handlers.alarms import heard
from roster.handlers.intake import receive, take_in
from schemas.roster import Appointment, PersonReported, ReportedLeave

TOPIC = PersonReported.TOPIC
SHOWN_FLAWS = 5

# How the year changed is what the roster makes of several records; none brings it.
_APPOINTMENT = Appointment.model_fields.keys() - {"years_of_study"}


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a record says, and how many of its fields the roster does not keep."""

    report: Report
    dropped: int


def read(raw: Raw) -> Record:
    """The record as a report without flaws; raises Reject with a reason that quotes nothing."""
    headers = dict(raw.headers)
    ce_id, ce_type = headers.get("ce_id"), headers.get("ce_type")
    if not ce_id:
        raise Reject("ce_id: a CloudEvents header with the id of the record")
    if ce_type != PersonReported.TYPE.encode():
        raise Reject(f"ce_type: a CloudEvents header with {PersonReported.TYPE}")
    if raw.value is None:
        raise Reject("value: a record; whoever leaves is one with separated_on")
    if len(raw.value) > MAX_BYTES:
        raise Reject("value: at most 1 MiB")
    said = _validated(raw.value)
    if raw.key != said.person_id.encode():
        raise Reject("key: the person_id of the record")
    report = _report(said, said.reported_at or _time(headers.get("ce_time")))
    flaws = [_flaw(each) for each in flaws_of(report)]
    if report.reported_at and not EARLIEST < report.reported_at.date() < LATEST:
        flaws.append(f"reported_at: an instant on {A_DAY}")
    if flaws:
        raise Reject(_sentence(flaws))
    inbound = Inbound(report, _dropped(from_json(raw.value)))
    return Record(inbound, said.person_id, TOPIC, raw.partition, raw.offset, ce_id)


def create_handler(settings: ServiceSettings) -> Handler:
    """Takes batches in, through the one way that every door uses."""

    async def take(connection: Connection, records: Sequence[Record]) -> None:
        calendar = await calendar_of(connection, settings)
        receipt = await receive(connection, calendar, settings.timezone)
        reports = [record.event.report for record in records]
        for turn in _turns(reports):
            await take_in(connection, turn, receipt)
        await heard(connection, {each.source for each in reports}, receipt.received_at)
        metrics.INBOUND_DROPPED.inc(sum(record.event.dropped for record in records))

    return take


READERS: dict[str, Reader] = {TOPIC: read}


def _validated(value: bytes) -> PersonReported:
    # Strict: a number is no day, and a text no truth value.
    try:
        return PersonReported.model_validate_json(value, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise Reject(_sentence([_problem(each) for each in problems])) from None


def _problem(problem: Any) -> str:
    where = ".".join(map(str, problem["loc"])) or "value"
    return f"{where}: {problem['msg']}"


def _flaw(flaw: Flaw) -> str:
    where = "" if flaw.appointment is None else f"appointments.{flaw.appointment}."
    return f"{where}{flaw.field}: {flaw.expected}"


def _sentence(flaws: list[str]) -> str:
    more = len(flaws) - SHOWN_FLAWS
    return "; ".join(flaws[:SHOWN_FLAWS]) + (f"; and {more} more" if more > 0 else "")


def _time(header: bytes | None) -> datetime | None:
    """The instant of `ce_time`; without one, the order of arrival decides."""
    if header is None:
        return None
    try:
        time = datetime.fromisoformat(header.decode())
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise Reject("ce_time: an instant as 2023-10-06T09:00:00Z, or no such header")
    return time


def _report(said: PersonReported, reported_at: datetime | None) -> Report:
    return Report(
        said.person_id,
        Facts(
            said.onboarded_on,
            said.separated_on,
            tuple(map(_appointment, said.appointments)),
            tuple(Leave(LeaveKind(e.kind), e.start_on, e.end_on) for e in said.leaves),
        ),
        Contact(said.display_name, said.email, said.login),
        said.source,
        said.effective_on,
        reported_at,
    )


def _appointment(each: Appointment) -> domain.Appointment:
    return domain.Appointment(
        each.appointment_id,
        each.kind.value,
        each.paid,
        each.department_id,
        each.start_on,
        each.end_on,
        each.year_of_study,
        each.supervisor_id,
        each.nominated_by,
        each.ex_officio,
    )


def _dropped(given: dict[str, Any]) -> int:
    """How many fields, of the record and within it, are none of ours."""
    nested = [each.keys() - _APPOINTMENT for each in given.get("appointments", ())]
    nested += [each.keys() - ReportedLeave.model_fields.keys() for each in given.get("leaves", ())]
    return len(given.keys() - PersonReported.model_fields.keys()) + sum(map(len, nested))


def _turns(reports: Iterable[Report]) -> list[list[Report]]:
    """The reports in order, in turns of which each has a person and source at most once."""
    turns: list[list[Report]] = []
    before: Counter[tuple[str, str]] = Counter()
    for report in reports:
        turn = before[report.person_id, report.source]
        before[report.person_id, report.source] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(report)
    return turns
