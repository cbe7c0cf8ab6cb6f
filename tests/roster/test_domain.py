"""The rules by themselves: what a new record changes, and what is no record at all."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster.domain import (
    Appointment,
    Change,
    Contact,
    Department,
    Facts,
    Flaw,
    Leave,
    LeaveKind,
    Report,
    State,
    change_of,
    flaws_of,
    flaws_of_department,
    in_order,
    is_plain,
)
from schemas.roster import AppointmentKind

APPOINTMENT = Appointment("a1", "staff", True, "physics", date(2020, 1, 15))
FACTS = Facts(date(2020, 1, 15), appointments=(APPOINTMENT,))
LEFT = replace(FACTS, separated_on=date(2023, 6, 30))
ADA = Report("p1", FACTS, Contact("Ada", "ada@example.edu", "ada"))


def fields(person: Report) -> list[str]:
    return [flaw.field for flaw in flaws_of(person)]


def test_somebody_nobody_knew_is_onboarded_even_when_already_gone() -> None:
    assert change_of(None, State(FACTS)) is Change.ONBOARDED
    assert change_of(None, State(LEFT)) is Change.ONBOARDED


def test_the_same_facts_again_are_no_news() -> None:
    assert change_of(State(FACTS), State(FACTS)) is None


def test_the_same_facts_from_another_day_than_believed_are_news() -> None:
    assert change_of(State(FACTS), State(FACTS), moved=True) is Change.CHANGED


def test_an_end_of_membership_separates_once_and_moving_it_is_a_change() -> None:
    assert change_of(State(FACTS), State(LEFT)) is Change.SEPARATED
    moved = replace(LEFT, separated_on=date(2023, 7, 31))
    assert change_of(State(LEFT), State(moved)) is Change.CHANGED


def test_a_separation_taken_back_is_a_change() -> None:
    assert change_of(State(LEFT), State(FACTS)) is Change.CHANGED


@pytest.mark.parametrize("separated_on", [None, date(2024, 6, 30)])
def test_a_new_membership_after_the_last_one_ended_is_an_onboarding(
    separated_on: date | None,
) -> None:
    back = replace(LEFT, onboarded_on=date(2023, 9, 1), separated_on=separated_on)
    assert change_of(State(LEFT), State(back)) is Change.ONBOARDED


def test_who_left_again_after_coming_back_is_separated_again() -> None:
    back = replace(FACTS, onboarded_on=date(2023, 9, 1))
    gone = replace(back, separated_on=date(2023, 12, 1))
    assert change_of(State(back), State(gone)) is Change.SEPARATED


def test_a_corrected_onboarding_day_is_a_change() -> None:
    corrected = replace(FACTS, onboarded_on=date(2020, 2, 1))
    assert change_of(State(FACTS), State(corrected)) is Change.CHANGED


@pytest.mark.parametrize(
    ("kind", "pauses"),
    [
        (LeaveKind.SABBATICAL, False),
        (LeaveKind.JUNIOR_FACULTY, False),
        (LeaveKind.MEDICAL, True),
        (LeaveKind.PARENTAL, True),
        (LeaveKind.MILITARY, True),
    ],
)
def test_research_leave_excuses_nobody_and_the_others_pause(kind: LeaveKind, pauses: bool) -> None:
    assert kind.pauses is pauses


def test_the_kinds_of_appointment_are_those_of_the_contract() -> None:
    for kind in AppointmentKind:
        year = 3 if kind in {"graduate_student", "undergraduate"} else None
        appointment = replace(APPOINTMENT, kind=kind, year_of_study=year)
        assert fields(replace(ADA, facts=replace(FACTS, appointments=(appointment,)))) == []


@given(st.permutations([replace(APPOINTMENT, appointment_id=f"a{n}") for n in range(4)]))
def test_the_order_in_which_a_source_lists_appointments_says_nothing(
    listed: list[Appointment],
) -> None:
    person = replace(ADA, facts=replace(FACTS, appointments=tuple(listed)))
    found = [each.appointment_id for each in in_order(person).facts.appointments]
    assert found == ["a0", "a1", "a2", "a3"]


def test_a_whole_record_has_no_flaw() -> None:
    leave = Leave(LeaveKind.MEDICAL, date(2023, 1, 1), date(2023, 1, 1))
    person = replace(ADA, effective_on=date(2023, 1, 1), facts=replace(FACTS, leaves=(leave,)))
    assert fields(person) == []


@pytest.mark.parametrize("person_id", ["", "a b", "ada@example.edu", "a/b", "-a", "x" * 65, "é"])
def test_an_id_is_nothing_that_could_be_an_address_or_a_path(person_id: str) -> None:
    assert fields(replace(ADA, person_id=person_id)) == ["person_id"]


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "ada@",
        "@example.edu",
        "ada@example",
        "ada@example..edu",
        "ada@-example.edu",
        "ada@example.edu.",
        "ada@example.edu, ben@example.edu",
        "Ada <ada@example.edu>",
        "ada @example.edu",
        "ada\r\nBcc: x@example.edu",
        "ada\u202e@example.edu",
        f"ada@{'x' * 250}.edu",
    ],
)
def test_an_address_is_one_address_and_nothing_else(email: str) -> None:
    assert fields(replace(ADA, contact=Contact("Ada", email, None))) == ["email"]


@pytest.mark.parametrize(
    "name", ["", "x" * 201, "Ada\nLovelace", "Ada\x00", "\u202eadA", "a\u2028b"]
)
def test_a_name_is_one_line_of_readable_text(name: str) -> None:
    assert fields(replace(ADA, contact=Contact(name))) == ["display_name"]


@pytest.mark.parametrize("name", ["=1+1", "José Ñandú", "李小龍", "क्\u200dष", "O'Neil-Ray"])
def test_any_readable_name_is_a_name(name: str) -> None:
    assert fields(replace(ADA, contact=Contact(name))) == []


@pytest.mark.parametrize("login", ["", "a b", "ada@example.edu", "a\tb", "x" * 65])
def test_a_login_is_one_word(login: str) -> None:
    assert fields(replace(ADA, contact=Contact("Ada", None, login))) == ["login"]


def test_days_stand_in_order_and_in_living_memory() -> None:
    early = date(1899, 12, 31)
    facts = Facts(
        onboarded_on=date(2020, 1, 15),
        separated_on=date(2020, 1, 14),
        appointments=(replace(APPOINTMENT, end_on=date(2019, 1, 1)),),
        leaves=(Leave(LeaveKind.MEDICAL, date(2021, 1, 2), date(2021, 1, 1)),),
    )
    found = set(flaws_of(replace(ADA, effective_on=early, facts=facts)))
    assert found == {
        Flaw("effective_on", "a day between 1900-01-01 and 2200-12-31"),
        Flaw("separated_on", "a day not before onboarded_on"),
        Flaw("leave_end_on", "a day not before leave_start_on"),
        Flaw("end_on", "a day not before start_on", 0),
    }


def test_an_appointment_is_named_once_within_a_person_and_the_second_is_at_fault() -> None:
    person = replace(ADA, facts=replace(FACTS, appointments=(APPOINTMENT, APPOINTMENT)))
    assert list(flaws_of(person)) == [
        Flaw("appointment_id", "another id for each appointment of the person", 1)
    ]


@pytest.mark.parametrize(
    ("kind", "year"), [("staff", 1), ("graduate_student", 0), ("undergraduate", 16)]
)
def test_only_students_have_a_year_of_study_and_it_is_a_possible_one(kind: str, year: int) -> None:
    appointment = replace(APPOINTMENT, kind=kind, year_of_study=year)
    person = replace(ADA, facts=replace(FACTS, appointments=(appointment,)))
    assert fields(person) == ["year_of_study"]


def test_nobody_holds_more_than_a_hundred_appointments() -> None:
    many = tuple(replace(APPOINTMENT, appointment_id=f"a{n}") for n in range(101))
    assert fields(replace(ADA, facts=replace(FACTS, appointments=many))) == ["appointment_id"]


def test_an_appointment_has_ids_of_the_right_shape_and_a_known_kind() -> None:
    wrong = Appointment("", "professor", True, "a b", date(2020, 1, 1), supervisor_id="x@y.z")
    person = replace(ADA, facts=replace(FACTS, appointments=(wrong,)))
    assert fields(person) == ["appointment_id", "kind", "department_id", "supervisor_id"]


@pytest.mark.parametrize(
    ("department", "wrong"),
    [
        (Department("physics", "Physics", "science", "Science", ("p1", "p2")), []),
        (Department("physics", "Physics"), []),
        (Department("", ""), ["department_id", "name"]),
        (Department("physics", "Physics", "science"), ["area_name"]),
        (Department("physics", "Physics", None, "Science"), ["area_name"]),
        (Department("physics", "Physics", "a b", "Science"), ["area_id"]),
        (Department("physics", "Physics", "science", "x" * 201), ["area_name"]),
        (Department("physics", "Physics", officer_ids=("p1", "p1")), ["officer_ids"]),
        (Department("physics", "Physics", officer_ids=("x@y.z",)), ["officer_ids"]),
    ],
)
def test_a_department_has_ids_names_and_each_officer_once(
    department: Department, wrong: list[str]
) -> None:
    assert [flaw.field for flaw in flaws_of_department(department)] == wrong


@pytest.mark.parametrize("source", ["office", "", "HR", "a b", "x" * 33, "1st"])
def test_a_source_is_a_feed_with_a_short_name_and_never_the_office(source: str) -> None:
    assert fields(replace(ADA, source=source)) == ["source"]


@given(st.text())
def test_plain_text_never_breaks_a_line(text: str) -> None:
    if is_plain(text):
        assert len(text.splitlines()) <= 1
        assert "\x00" not in text
