# ruff: noqa: D205, D209, D403, D415 - the docstrings are quotations
"""Every sentence of the 2023-24 programme page that states a rule, against the shipped file.

Sentences without a rule for this service (course contents, support, reporting duties) are not here.
"""

from dataclasses import fields

import pytest

from rollout.cycle_file import read_cycle
from rollout.domain import (
    Appointment,
    Completion,
    Condition,
    Leave,
    Person,
    Standing,
    release_days,
)
from support.training import appointment, completion, day, decided, person, shipped, shipped_text
from support.training import story as story_of


def window(group: str) -> tuple[str, str]:
    found = shipped().group_of(group)
    assert found is not None
    return str(found.start_on), str(found.due_on)


@pytest.mark.parametrize(
    ("kind", "year"), [("faculty", None), ("staff", None), ("graduate_student", 3)]
)
def test_faculty_staff_and_third_year_graduates_are_required(kind: str, year: int | None) -> None:
    """All faculty, staff, and graduate students who are in their third year of study or above are
    required to complete one of three online training modules."""
    assert decided(person(appointment(kind, year_of_study=year))).required
    assert len(shipped().options) == 3
    assert shipped().required_options == 1


@pytest.mark.parametrize("year", [3, 4, 7])
def test_a_graduate_student_in_the_third_year_or_above_is_required(year: int) -> None:
    """graduate students who are in their third year of study or above are required"""
    assert decided(person(appointment("graduate_student", year_of_study=year))).required


@pytest.mark.parametrize("year", [1, 2])
def test_a_graduate_student_below_the_third_year_is_not_required(year: int) -> None:
    """graduate students who are in their third year of study or above are required"""
    decision = decided(person(appointment("graduate_student", year_of_study=year)))
    assert decision.outcome == "not_in_scope"


def test_the_rollout_is_phased_through_fall_and_spring() -> None:
    """The rollout will occur in phased groupings through fall 2023-spring 2024."""
    days = [day for group in shipped().groups for day in release_days(group, shipped())]
    assert len(set(days)) == len(days)
    assert min(days) == day("2023-09-11")
    assert max(days) == day("2024-03-15")


def test_the_pilot_runs_from_september_11_to_october_6() -> None:
    """HR and IS&T Pilot: Week of Sept. 11-Oct. 6, 2023"""
    assert window("pilot") == ("2023-09-11", "2023-10-06")
    assert decided(person(appointment(department_id="d-hr"))).group == "pilot"


def test_third_year_graduates_run_from_october_25_to_december_1() -> None:
    """Graduate Students (3+ years): Oct. 25-Dec. 1, 2023"""
    assert window("graduate") == ("2023-10-25", "2023-12-01")
    assert decided(person(appointment("graduate_student", year_of_study=3))).group == "graduate"


def test_the_vice_president_for_research_runs_from_november_20_to_december_20() -> None:
    """VP for Research: Nov. 20-Dec. 20, 2023"""
    assert window("vp-research") == ("2023-11-20", "2023-12-20")
    assert decided(person(appointment(department_id="d-csail"))).group == "vp-research"


@pytest.mark.parametrize(
    ("kind", "department"),
    [("staff", "d-physics"), ("faculty", "d-physics"), ("faculty", "d-libraries")],
)
def test_all_schools_including_faculty_run_from_january_10_to_february_23(
    kind: str, department: str
) -> None:
    """All Schools (including faculty): Jan. 10-Feb. 23, 2024"""
    assert window("schools") == ("2024-01-10", "2024-02-23")
    assert decided(person(appointment(kind, department))).group == "schools"


def test_central_and_academic_administration_runs_from_february_26_to_march_29() -> None:
    """Central and Academic Admin (excluding HR and IS&T): Feb. 26-Mar. 29, 2024"""
    assert window("central") == ("2024-02-26", "2024-03-29")
    assert decided(person(appointment(department_id="d-libraries"))).group == "central"


def test_central_excludes_human_resources_and_information_systems() -> None:
    """Central and Academic Admin (excluding HR and IS&T)"""
    central = shipped().group_of("central")
    assert central is not None
    assert not central.when.areas & {"human-resources", "ist"}


def test_lincoln_laboratory_is_welcome_as_supplemental_learning() -> None:
    """Lincoln Laboratory community members are welcome to take the MIT-developed training options
    as supplemental learning to completing the Laboratory-required training."""
    story = story_of(appointment(department_id="d-lincoln"), facts=[completion("A")])
    standing = story.until("06-30").standing
    assert (standing.status, standing.option, standing.released_at) == ("supplemental", "A", None)


def test_there_are_three_options_in_this_edition() -> None:
    """this year we are offering three MIT-developed training options"""
    assert [option.option for option in shipped().options] == ["A", "B", "C"]


def test_at_least_one_option_is_required_and_further_ones_are_welcome() -> None:
    """Participants are required to complete at least one of the training options, though they are
    welcome to take additional modules."""
    story = story_of(appointment(department_id="d-hr"))
    story.until("09-22")
    story.learn(completion("B", "09-25"))
    assert story.status == "completed"
    story.learn(completion("A", "09-26"))
    assert (story.status, story.now.standing.option) == ("completed", "B")
    assert story.now.standing.supplemental_options == ("A",)


@pytest.mark.parametrize("option", ["A", "B", "C"])
def test_any_one_course_fulfils_the_requirement(option: str) -> None:
    """You will need to complete at least one course to fulfill the requirement"""
    story = story_of(appointment(department_id="d-hr"))
    story.until("09-22")
    story.learn(completion(option, "09-25"))
    assert story.status == "completed"


def test_nobody_is_asked_before_the_group_s_period_comes() -> None:
    """When your training rollout period comes, an email will be sent to you with instructions on
    how to access the courses."""
    story = story_of(appointment(department_id="d-csail"))
    assert story.until("11-17").standing.status == "scheduled"
    assert story.until("12-20").standing.status == "released"
    assert day("11-20") <= story.releases[0] <= day("12-06")


def test_there_is_one_address_for_every_question() -> None:
    """If you have questions, please email pshtraining@mit.edu. (General questions 2, 7, 10, 11,
    13, 16 and 17)"""
    assert shipped().contact == "pshtraining@mit.edu"


def test_all_three_options_may_be_taken_and_one_satisfies() -> None:
    """Yes, you can take all three options. You are required to complete only one to satisfy the
    training requirement."""
    taken = [completion("C", "09-25"), completion("A", "09-26"), completion("B", "09-27")]
    story = story_of(appointment(department_id="d-hr"), facts=taken)
    standing = story.until("10-06").standing
    assert (standing.status, standing.option) == ("completed", "C")
    assert standing.supplemental_options == ("A", "B")


@pytest.mark.parametrize(("kind", "paid"), [("faculty", True), ("staff", True), ("fellow", False)])
def test_paid_faculty_paid_staff_and_unpaid_fellows_are_expected(kind: str, paid: bool) -> None:
    """All paid faculty and staff, unpaid fellows, and graduate students (third year and above) are
    expected to complete one of the three online training options"""
    assert decided(person(appointment(kind, paid=paid))).required


@pytest.mark.parametrize("kind", ["staff", "faculty", "fellow"])
def test_lincoln_laboratory_employees_are_not_required(kind: str) -> None:
    """Lincoln Laboratory employees are not required to take these trainings"""
    assert not decided(person(appointment(kind, "d-lincoln"))).required


@pytest.mark.parametrize(
    ("onboarded", "outcome"), [("2023-06-30", "required"), ("2023-07-01", "exempt")]
)
def test_employees_onboarded_on_or_after_july_1_are_exempt(onboarded: str, outcome: str) -> None:
    """only employees onboarded on or after July 1, 2023 are exempt from this training
    requirement"""
    assert decided(person(appointment(), onboarded_on=day(onboarded))).outcome == outcome


def test_only_employees_are_exempt_by_onboarding() -> None:
    """only employees onboarded on or after July 1, 2023 are exempt"""
    student = appointment("graduate_student", year_of_study=3)
    assert decided(person(student, onboarded_on=day("2023-08-01"))).required


def test_an_exempt_employee_still_sees_the_training_and_may_take_it() -> None:
    """Although you will see this in your Atlas "My Training Needs" [...] Though not a requirement,
    we still encourage these employees to participate in this initiative."""
    story = story_of(appointment(), onboarded_on=day("2023-07-15"))
    assert story.until("09-15").standing.status == "exempt"
    story.learn(completion("A", "10-02"))
    assert (story.status, story.now.standing.option) == ("exempt", "A")
    assert story.until("06-30").standing.released_at is None
    assert story.reminded == []


def test_a_completion_of_the_2021_cycle_does_not_count() -> None:
    """Do I need to take the training if I completed this training in the 2021 cycle? Yes"""
    story = story_of(appointment(department_id="d-hr"), facts=[completion("A", cycle="2021")])
    assert story.until("10-05").standing.status == "released"


def test_no_rule_asks_about_leave_so_sabbatical_excuses_nobody() -> None:
    """While faculty on sabbatical or junior faculty leave do not teach [...] They are, therefore,
    expected to take the training."""
    assert not [field.name for field in fields(Condition) if "leave" in field.name]
    assert [field.name for field in fields(Leave)] == ["start_on", "end_on"]
    assert decided(person(appointment("faculty"))).required


def test_the_next_edition_is_another_file() -> None:
    """The training menu likely will be refreshed and rolled out every two-three years"""
    text = shipped_text().replace("2023-24", "2026-27").replace("2024-", "2027-")
    edition = read_cycle(text.replace("2023-", "2026-")).cycle
    assert edition.cycle == "2026-27"
    assert decided(person(appointment()), on="2026-09-15", cycle=edition).required


def test_the_courses_stay_open_after_completion_and_after_the_window() -> None:
    """Yes, all three courses will be available for you to view at any time."""
    story = story_of(appointment(department_id="d-hr"), facts=[completion("B", "09-20")])
    story.until("10-06")
    story.learn(completion("C", "2024-06-20"))
    assert story.now.standing.supplemental_options == ("C",)
    assert story.status == "completed"


def test_a_completion_shows_on_the_record_at_once() -> None:
    """You will receive an auto-generated confirmation email of that status. Your atlas learning
    center will also reflect that you have completed the training requirement."""
    story = story_of(appointment(department_id="d-hr"))
    story.until("09-22")
    settled = story.learn(completion("B", "09-25"))
    assert settled.changed
    assert settled.obligation.standing.completed_at is not None


def test_nothing_demographic_has_a_field() -> None:
    """You are not required to provide any demographic information."""
    names = {f.name for kind in (Person, Appointment, Completion, Standing) for f in fields(kind)}
    asked = {"gender", "sex", "race", "ethnicity", "age", "religion", "disability", "birth"}
    assert not {name for name in names for word in name.split("_") if word in asked}


@pytest.mark.parametrize(
    "kind", ["faculty", "staff", "unpaid_appointee", "affiliate", "committee_member"]
)
def test_an_unpaid_appointment_does_not_make_anybody_required(kind: str) -> None:
    """I hold an unpaid appointment. Am I required to take the training? No, unpaid appointees are
    not required to take the training."""
    assert decided(person(appointment(kind, paid=False))).outcome == "not_in_scope"


@pytest.mark.parametrize(("kind", "year"), [("undergraduate", None), ("graduate_student", 1)])
def test_undergraduates_and_first_year_graduates_have_another_programme(
    kind: str, year: int | None
) -> None:
    """complement required trainings administered to undergraduates and first-year graduate
    students (Public Commitment Statement, September 5, 2023)"""
    decision = decided(person(appointment(kind, paid=False, year_of_study=year)))
    rule = shipped().rule_of(decision.rule)
    assert rule is not None
    assert rule.other_programme
