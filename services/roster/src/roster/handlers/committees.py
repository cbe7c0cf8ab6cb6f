"""Committee seats: the office is a source like the others, and its word comes from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.postgres import Connection
from roster import domain
from roster.domain import (
    OFFICE,
    Appointment,
    Contact,
    Facts,
    Report,
    flaws_of_facts,
    next_number,
    seat_of,
    seated,
)
from roster.handlers.acts import Act, Refused, Who, acting
from roster.handlers.intake import take_in
from roster.store import people, reports


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat to be given: on which committee, for which days, put up by whom.

    Without a last day the seat is ex officio: it has no term and goes with another office.
    """

    department_id: str
    start_on: date
    end_on: date | None = None
    nominated_by: str | None = None


async def appoint(connection: Connection, who: Who, person_id: str, seat: Seat) -> str:
    """Give a person a committee seat; returns the seat's id. Raises Refused when it cannot be."""
    async with acting(connection, who) as act:
        facts = await _said(connection, person_id)
        new = domain.seat(
            next_number(facts), seat.department_id, seat.start_on, seat.end_on, seat.nominated_by
        )
        await _say(connection, act, person_id, facts, new)
        await act.record(connection, "seat.appoint", person_id, _details(new))
    return new.appointment_id


async def resign(
    connection: Connection, who: Who, person_id: str, seat_id: str, last_day: date
) -> None:
    """End a seat, a term's or an ex-officio one, with that day. Raises Refused."""
    async with acting(connection, who) as act:
        facts = await _said(connection, person_id)
        ended = domain.resigned(_seat(facts, person_id, seat_id), last_day)
        await _say(connection, act, person_id, facts, ended)
        await act.record(connection, "seat.resign", person_id, _details(ended))


async def renew(
    connection: Connection, who: Who, person_id: str, seat_id: str, end_on: date
) -> str:
    """Give a seat its next term, to that day; returns the id of the new term. Raises Refused."""
    async with acting(connection, who) as act:
        facts = await _said(connection, person_id)
        seat = _seat(facts, person_id, seat_id)
        if seat.end_on is None:
            raise Refused(f"Seat {seat_id} of {person_id} is ex officio: it has no term to renew.")
        new = domain.renewed(seat, next_number(facts), end_on)
        await _say(connection, act, person_id, facts, new)
        await act.record(connection, "seat.renew", person_id, {**_details(new), "renews": seat_id})
    return new.appointment_id


async def _said(connection: Connection, person_id: str) -> Facts | None:
    """What the office says of the person, whose row is held from here on."""
    if person_id not in await people.lock(connection, [person_id]):
        raise Refused(f"Nobody has reported a person {person_id}.")
    found = (await reports.reports_of(connection, [person_id])).get(person_id, [])
    said = [each for each in found if each.source == OFFICE]
    return max(said, key=lambda each: each.rank).facts if said else None


def _seat(facts: Facts | None, person_id: str, seat_id: str) -> Appointment:
    found = seat_of(facts, seat_id)
    if found is None:
        raise Refused(f"{person_id} has no seat {seat_id}.")
    return found


async def _say(
    connection: Connection, act: Act, person_id: str, facts: Facts | None, seat: Appointment
) -> None:
    report = Report(person_id, seated(facts, seat), Contact(""), OFFICE)
    flaws = flaws_of_facts(report.facts)
    flaw = next((each for each in flaws if each.appointment is not None), None)
    if flaw is not None:
        raise Refused(f"The seat's {flaw.field} must be {flaw.expected}.")
    await take_in(connection, [report], act.receipt)


def _details(seat: Appointment) -> dict[str, str | None]:
    return {
        "seat": seat.appointment_id,
        "committee": seat.department_id,
        "start_on": seat.start_on.isoformat(),
        "end_on": seat.end_on.isoformat() if seat.end_on else None,
        "nominated_by": seat.nominated_by,
    }
