"""The recount's reading of rules 1 to 5 and of decision 0001, on cases worked out by hand."""

from datetime import date

import pytest

from recount.facts import Appointment
from recount.rules import judge, own_day, planned_day
from recount_tests.people import CYCLE, job, known, told

DAY = date(2023, 9, 1)
GROUPS = {group.name: group for group in CYCLE.groups}


@pytest.mark.parametrize(
    ("appointment", "outcome", "group"),
    [
        (job("faculty", "biology"), "required", "schools"),
        (job("faculty", "provost"), "required", "schools"),
        (job("staff", "biology"), "required", "schools"),
        (job("staff", "provost"), "required", "central"),
        (job("staff", "hr"), "required", "pilot"),
        (job("staff", "lab"), "required", "vp-research"),
        (job("staff", "nowhere"), "required", None),
        (job("fellow", "biology", paid=False), "required", "schools"),
        (job("fellow", "biology"), "required", "schools"),
        (job("graduate_student", "lab", year=3), "required", "graduate"),
        (job("graduate_student", "hr", year=3), "required", "pilot"),
        (job("graduate_student", "lab", year=2), "not_in_scope", None),
        (job("graduate_student", "lab", year=1), "not_in_scope", None),
        (job("graduate_student", "lab"), "not_in_scope", None),
        (job("undergraduate", "biology", paid=False, year=4), "not_in_scope", None),
        (job("staff", "provost", paid=False), "not_in_scope", None),
        (job("unpaid_appointee", "biology", paid=False), "not_in_scope", None),
        (job("staff", "lincoln"), "supplemental", None),
        (job("fellow", "lincoln"), "supplemental", None),
    ],
)
def test_an_appointment_leads_to_the_outcome_and_group_of_the_cycle_file(
    appointment: Appointment, outcome: str, group: str | None
) -> None:
    verdict = judge(known(told(appointment)), DAY, CYCLE)
    assert (verdict.outcome, verdict.group) == (outcome, group)


@pytest.mark.parametrize(
    ("onboarded", "outcome"), [("2023-06-30", "required"), ("2023-07-01", "exempt")]
)
def test_employees_onboarded_from_july_are_exempt(onboarded: str, outcome: str) -> None:
    staff = told(job("staff", "provost", start=onboarded), onboarded=onboarded)
    assert judge(known(staff), DAY, CYCLE).outcome == outcome


def test_a_fellow_onboarded_in_july_is_no_employee_and_required() -> None:
    fellow = told(job("fellow", "lab", start="2023-07-03"), onboarded="2023-07-03")
    assert judge(known(fellow), DAY, CYCLE).outcome == "required"


def test_the_strongest_outcome_wins_and_only_its_departments_are_shown() -> None:
    both = told(job("staff", "lincoln"), job("staff", "biology", name="2"))
    verdict = judge(known(both), DAY, CYCLE)
    assert (verdict.outcome, verdict.departments) == ("required", ("biology",))


def test_the_first_group_in_the_file_wins_and_all_departments_are_shown() -> None:
    both = told(job("staff", "provost"), job("staff", "hr", name="2", start="2021-05-01"))
    verdict = judge(known(both), DAY, CYCLE)
    assert (verdict.group, verdict.departments) == ("pilot", ("hr", "provost"))
    assert verdict.fits_since == date(2021, 5, 1)


def test_the_rule_is_the_first_in_file_order_among_the_deciding_appointments() -> None:
    both = told(job("graduate_student", "lab", year=4), job("staff", "lab", name="2"))
    assert judge(known(both), DAY, CYCLE).rule == "paid_staff"


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        (date(2023, 9, 9), None),
        (date(2023, 9, 10), "required"),
        (date(2023, 10, 20), "required"),
        (date(2023, 10, 21), None),
    ],
)
def test_an_appointment_counts_from_its_first_day_to_its_last(
    day: date, outcome: str | None
) -> None:
    brief = told(job("staff", "lab", start="2023-09-10", end="2023-10-20"))
    assert judge(known(brief), day, CYCLE).outcome == outcome


def test_nobody_is_a_member_after_the_separation_whatever_the_appointment_says() -> None:
    gone = told(job("staff", "lab"), separated="2023-08-31")
    assert judge(known(gone), DAY, CYCLE).rule == "not_a_member"


@pytest.mark.parametrize(
    ("was", "becomes", "effective", "year"),
    [
        # On 1 September the second record already held.
        (2, 3, "2023-09-01", 3),
        # It began to hold a day too late to count.
        (2, 3, "2023-09-02", 2),
        # Of two that hold from the same day the later received counts.
        (3, 2, "2023-08-15", 2),
        # What is said later about an earlier day holds from there on.
        (3, 2, "2023-08-14", 2),
    ],
)
def test_the_year_of_study_is_the_one_true_on_the_first_of_september(
    was: int, becomes: int, effective: str, year: int
) -> None:
    first = told(job("graduate_student", "lab", year=was), effective="2023-08-15")
    second = told(
        job("graduate_student", "lab", year=becomes), at="2023-09-06T08:00", effective=effective
    )
    outcome = "required" if year >= 3 else "not_in_scope"
    assert judge(known(first, second), date(2023, 9, 7), CYCLE).outcome == outcome


def test_where_no_record_held_on_the_counted_day_the_earliest_says_the_year() -> None:
    first = told(job("graduate_student", "lab", year=3), effective="2023-10-30")
    second = told(job("graduate_student", "lab", year=2), at=LATER, effective="2023-11-20")
    assert judge(known(first, second), date(2023, 12, 1), CYCLE).outcome == "required"


def test_an_appointment_unknown_on_the_counted_day_has_its_present_year() -> None:
    first = told(job("graduate_student", "lab", year=1))
    second = told(job("graduate_student", "lab", year=3, name="2"), at=LATER)
    assert judge(known(first, second), date(2023, 12, 1), CYCLE).outcome == "required"


LATER = "2023-11-20T08:00"


def test_groups_have_the_release_days_of_their_windows() -> None:
    """Weekdays from the start to 14 days before the due day, without closures.

    pilot: 11-15 and 18-22 September, 10 days. graduate: 25-27 and 30-31 October, 1-3, 6-9 (the
    10th is closed) and 13-17 November, 17 days. vp-research: 20-22, 27-30 November, 1, 4, 5, 6
    December, 11 days. schools: 10-12, 16-19, 22-26, 29-31 January, 1, 2, 5-9 February, 22 days.
    central: 26 February to 15 March, three whole weeks, 15 days.
    """
    days = {name: group.release_days for name, group in GROUPS.items()}
    assert {name: len(each) for name, each in days.items()} == {
        "pilot": 10,
        "graduate": 17,
        "vp-research": 11,
        "schools": 22,
        "central": 15,
    }
    assert days["vp-research"][2:4] == (date(2023, 11, 22), date(2023, 11, 27))
    assert days["schools"][2:4] == (date(2024, 1, 12), date(2024, 1, 16))


@pytest.mark.parametrize(
    ("group", "person_id", "day"),
    [
        ("pilot", "900000001", date(2023, 9, 19)),
        ("pilot", "900000003", date(2023, 9, 11)),
        ("vp-research", "900000003", date(2023, 12, 6)),
        ("schools", "900000002", date(2024, 1, 11)),
    ],
)
def test_the_own_day_follows_from_the_digest(group: str, person_id: str, day: date) -> None:
    """With `printf 2023-24/pilot/900000001 | sha256sum` and a pocket calculator.

    9e8b18a4… / 2^64 = 0.6193 of 10 days: day 6, counted from 0: 19 September.
    0127c5c1… = 0.0045 of 10: day 0, 11 September. fb54efe4… = 0.9818 of 11: day 10, the last,
    6 December. 12eabce2… = 0.0739 of 22: day 1, 11 January.
    """
    assert own_day(CYCLE, GROUPS[group], person_id) == day


@pytest.mark.parametrize(
    ("became", "planned"),
    [
        (date(2023, 9, 18), date(2023, 9, 19)),
        (date(2023, 9, 19), date(2023, 9, 20)),
        (date(2023, 9, 29), date(2023, 10, 2)),
        (date(2023, 10, 6), date(2023, 10, 10)),
        (date(2024, 6, 28), None),
    ],
)
def test_who_comes_on_the_own_day_or_later_gets_the_working_day_after(
    became: date, planned: date | None
) -> None:
    """The own day is 19 September. 9 October is closed; nothing is released after 30 June."""
    assert planned_day(CYCLE, GROUPS["pilot"], "900000001", became) == planned
