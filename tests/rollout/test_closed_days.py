"""The closed days of 2023-24 are the public holidays of Massachusetts, and these differences."""

from datetime import date, timedelta

import holidays

from support.training import day, shipped

# Days off that are no public holiday there.
OURS_ALONE = {
    day("11-10"): "Veterans Day is on a Saturday; the Friday before is kept instead",
    day("11-24"): "the day after Thanksgiving",
}
WINTER_BREAK = (day("12-21"), day("01-09"))


def public_holidays(first: date, last: date) -> set[date]:
    """Those that fall on a working weekday of the cycle."""
    found = holidays.country_holidays("US", subdiv="MA", years=range(first.year, last.year + 1))
    weekdays = shipped().weekdays
    return {on for on in found if first <= on <= last and on.weekday() in weekdays}


def winter_break() -> set[date]:
    first, last = WINTER_BREAK
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def test_every_public_holiday_of_the_period_is_closed() -> None:
    cycle = shipped()
    wanted = public_holidays(cycle.opens_on, cycle.closes_on)
    assert len(wanted) == 10
    assert wanted <= set(cycle.closed)


def test_what_else_is_closed_is_so_on_purpose() -> None:
    cycle = shipped()
    own = set(cycle.closed) - public_holidays(cycle.opens_on, cycle.closes_on) - winter_break()
    assert own == set(OURS_ALONE)
    assert winter_break() <= set(cycle.closed)
