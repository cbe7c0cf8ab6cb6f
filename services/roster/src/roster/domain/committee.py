"""Committee seats: what the office says of a person, changed one seat at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from roster.domain.facts import Appointment, Facts

COMMITTEE_MEMBER = "committee_member"


def seat(
    number: int,
    department_id: str,
    start_on: date,
    end_on: date | None,
    nominated_by: str | None,
) -> Appointment:
    """A seat for a term; without a last day it is ex officio, goes with another office."""
    return Appointment(
        f"seat-{number}",
        COMMITTEE_MEMBER,
        paid=False,
        department_id=department_id,
        start_on=start_on,
        end_on=end_on,
        nominated_by=nominated_by,
        ex_officio=end_on is None,
    )


def next_number(facts: Facts | None) -> int:
    """The number of the person's next seat; numbers are not used twice."""
    numbers = [int(each.appointment_id.removeprefix("seat-")) for each in _seats(facts)]
    return max(numbers, default=0) + 1


def seat_of(facts: Facts | None, seat_id: str) -> Appointment | None:
    """The seat of that id, None when there is none."""
    return next((each for each in _seats(facts) if each.appointment_id == seat_id), None)


def seated(facts: Facts | None, seat: Appointment) -> Facts:
    """What the office says when the person has this seat too, or has it differently."""
    others = [each for each in _seats(facts) if each.appointment_id != seat.appointment_id]
    seats = (*others, seat)
    open_ended = any(each.end_on is None for each in seats)
    return Facts(
        min(each.start_on for each in seats),
        None if open_ended else max(each.end_on for each in seats if each.end_on),
        tuple(sorted(seats, key=lambda each: each.appointment_id)),
    )


def resigned(seat: Appointment, last_day: date) -> Appointment:
    """The seat, held to that day and no longer."""
    return replace(seat, end_on=last_day)


def renewed(seat: Appointment, number: int, end_on: date) -> Appointment:
    """The next term of the seat, to that day: it begins when the present one ends.

    Raises ValueError for an ex-officio seat, which has no term to renew.
    """
    if seat.end_on is None:
        raise ValueError("an ex-officio seat has no term")
    start_on = seat.end_on + timedelta(days=1)
    return replace(seat, appointment_id=f"seat-{number}", start_on=start_on, end_on=end_on)


def _seats(facts: Facts | None) -> tuple[Appointment, ...]:
    return facts.appointments if facts else ()
