"""The year of study that counts (docs/decisions/0002, 1); it is counted on 1 September 2023."""

from dataclasses import replace
from datetime import date

import pytest

from rollout.domain import Person
from rollout.domain.decide import counted_years
from support.training import appointment, day, decided, next_version, person, shipped, story

YEARS = ((date(2022, 9, 1), 2), (date(2023, 9, 1), 3), (date(2024, 9, 1), 4))


def student(present: int | None, *steps: tuple[date, int]) -> Person:
    return person(appointment("graduate_student", year_of_study=present, years_of_study=steps))


def counted(*versions: Person) -> int | None:
    return counted_years(versions, shipped())["a1"]


@pytest.mark.parametrize(
    ("steps", "year"),
    [
        (YEARS, 3),
        (YEARS[:1] + YEARS[2:], 2),
        (YEARS[2:], 4),  # before the first change the first year holds
        (((date(2023, 9, 2), 3), (date(2023, 9, 3), 2)), 3),
    ],
)
def test_the_newest_version_s_changes_say_the_year(
    steps: tuple[tuple[date, int], ...], year: int
) -> None:
    assert counted(student(5, *steps)) == year


def test_a_year_that_never_changed_is_the_present_one() -> None:
    assert counted(student(3)) == 3
    assert counted(student(None)) is None


def test_the_changes_of_the_newest_version_outrank_every_earlier_version() -> None:
    first = replace(student(2), effective_on=day("2022-09-01"))
    newer = next_version(first, "10-02", appointments=student(3, *YEARS).appointments)
    assert counted(first, newer) == 3
    assert counted(newer, first) == 3
    assert decided(first, newer, on="10-03").rule == "graduate_third_year"


def test_where_the_changes_turned_out_to_be_none_the_present_year_counts() -> None:
    """The earlier version was in force on the day, but what it said has been corrected since."""
    first = replace(student(2), effective_on=day("2022-09-01"))
    second = next_version(first, "10-02", appointments=student(3, *YEARS).appointments)
    third = next_version(second, "10-03", appointments=student(3).appointments)
    assert counted(first, second, third) == 3


@pytest.mark.parametrize(
    ("effective", "year"),
    [("2023-09-01", 3), ("2023-08-01", 3), ("2023-09-02", 2)],
)
def test_where_no_version_tells_of_changes_the_versions_themselves_say_the_year(
    effective: str, year: int
) -> None:
    first = replace(student(2), effective_on=day("2023-08-15"))
    second = replace(next_version(first, "09-05"), effective_on=day(effective))
    second = replace(second, appointments=student(3).appointments)
    assert counted(first, second) == year


def test_before_the_first_version_the_last_said_of_that_day_counts() -> None:
    first = replace(student(2), effective_on=day("10-30"))
    corrected = replace(
        next_version(first, "11-02", appointments=student(3).appointments),
        effective_on=day("10-30"),
    )
    assert counted(first, corrected) == 3


def test_a_correction_of_the_year_before_release_decides_again() -> None:
    someone = story(*student(2).appointments)
    assert someone.until("10-01").standing.status == "not_in_scope"
    someone.learn(
        next_version(someone.versions[0], "10-02", appointments=student(3, *YEARS).appointments)
    )
    assert (someone.status, someone.now.standing.group) == ("scheduled", "graduate")


@pytest.mark.parametrize("paid", [True, False])
def test_a_committee_member_is_in_scope_of_nothing_by_the_term_alone(paid: bool) -> None:
    term = appointment("committee_member", "d-hr", paid=paid, end_on=day("2025-08-31"))
    assert decided(person(term)).outcome == "not_in_scope"


def test_a_member_of_staff_on_a_committee_is_required_for_the_job_alone() -> None:
    term = appointment("committee_member", "d-hr", "a2", paid=False, end_on=day("10-31"))
    decision = decided(person(appointment(department_id="d-csail"), term))
    assert (decision.rule, decision.group, decision.department_ids) == (
        "paid_staff",
        "vp-research",
        ("d-csail",),
    )
