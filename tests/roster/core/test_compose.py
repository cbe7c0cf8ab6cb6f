"""How reports of several sources make one person, sentence by sentence of decision 0006."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from roster.domain import (
    Appointment,
    Contact,
    Facts,
    Kept,
    Leave,
    LeaveKind,
    as_of,
    composed_of,
    contact_of,
    membership,
)

JOB = Appointment("a1", "staff", True, "physics", date(2020, 1, 15))
STUDY = Appointment("a1", "graduate_student", False, "physics", date(2021, 9, 1), year_of_study=3)
HIRED = Facts(date(2020, 1, 15), appointments=(JOB,))
ENROLLED = Facts(date(2021, 9, 1), appointments=(STUDY,))


def kept(
    facts: Facts,
    *,
    source: str = "hr",
    said: int = 1,
    effective: date = date(2023, 1, 1),
    person_id: str = "p1",
    digest: bytes = b"",
) -> Kept:
    """A report said on that day of January 2023, and received a day later."""
    at = datetime(2023, 1, said, tzinfo=UTC)
    digest = digest or repr(facts).encode()
    return Kept(person_id, source, at, effective, at + timedelta(days=1), digest, facts)


def composed(*reports: Kept, person_id: str = "p1") -> Facts:
    return composed_of(reports, person_id)[0]


def year(year_of_study: int) -> Facts:
    return replace(ENROLLED, appointments=(replace(STUDY, year_of_study=year_of_study),))


def steps(facts: Facts) -> list[tuple[date, int]]:
    return list(facts.appointments[0].years_of_study)


def test_one_source_is_taken_at_its_word() -> None:
    assert composed(kept(HIRED)) == HIRED


def test_of_one_source_the_report_said_last_holds_whenever_it_arrives() -> None:
    moved = replace(HIRED, appointments=(replace(JOB, department_id="dean"),))
    assert composed(kept(moved, said=2), kept(HIRED, said=1)) == moved


def test_of_two_reports_of_one_instant_the_greater_digest_holds() -> None:
    left = replace(HIRED, separated_on=date(2023, 6, 30))
    both = [kept(HIRED, digest=b"2"), kept(left, digest=b"1")]
    assert composed(*both) == composed(*reversed(both)) == HIRED


def test_appointments_of_all_sources_are_held_together() -> None:
    study = replace(STUDY, appointment_id="s1")
    both = composed(kept(HIRED), kept(replace(ENROLLED, appointments=(study,)), source="students"))
    assert [each.appointment_id for each in both.appointments] == ["a1", "s1"]


def test_where_two_sources_use_one_id_the_later_ones_stands_behind_its_source() -> None:
    both = composed(kept(ENROLLED, source="students"), kept(HIRED))
    assert {each.appointment_id: each.kind for each in both.appointments} == {
        "a1": "staff",
        "students.a1": "graduate_student",
    }


def test_leaves_of_all_sources_are_held_together_and_each_once() -> None:
    leave = Leave(LeaveKind.MEDICAL, date(2023, 2, 1))
    away = replace(HIRED, leaves=(leave,))
    more = replace(ENROLLED, leaves=(leave, replace(leave, start_on=date(2023, 1, 1))))
    assert composed(kept(away), kept(more, source="students")).leaves == (more.leaves[1], leave)


def test_membership_joins_spans_that_touch_or_overlap_and_takes_the_last() -> None:
    first, touching = (
        (date(2020, 1, 1), date(2020, 6, 30)),
        (date(2020, 7, 1), date(2020, 12, 31)),
    )
    later = (date(2022, 1, 1), None)
    assert membership([touching, first]) == (date(2020, 1, 1), date(2020, 12, 31))
    assert membership([later, first, touching]) == later
    assert membership([first, (date(2020, 7, 2), date(2020, 7, 3))])[0] == date(2020, 7, 2)
    assert membership([(date(2019, 1, 1), None), first]) == (date(2019, 1, 1), None)


def test_a_source_that_ends_its_membership_ends_what_it_reported_and_nothing_else() -> None:
    left = replace(HIRED, separated_on=date(2023, 6, 30))
    both = composed(kept(left), kept(ENROLLED, source="students"))
    assert both.separated_on is None
    assert [each.end_on for each in both.appointments] == [date(2023, 6, 30), None]


def test_an_appointment_that_was_to_begin_after_its_source_ended_never_does() -> None:
    future = replace(JOB, start_on=date(2024, 1, 1))
    left = replace(HIRED, separated_on=date(2023, 6, 30), appointments=(future,))
    both = composed(kept(left), kept(ENROLLED, source="students"))
    assert [each.kind for each in both.appointments] == ["graduate_student"]


def test_a_suspended_account_is_not_a_separation() -> None:
    suspended = Facts(date(2020, 1, 10), date(2023, 3, 1))
    assert composed(kept(HIRED), kept(suspended, source="identity")).separated_on is None


def test_two_ids_of_one_person_in_one_source_count_as_sources_of_their_own() -> None:
    again = kept(replace(HIRED, separated_on=date(2022, 1, 1)), person_id="p0", said=9)
    both = composed(kept(HIRED), again)
    assert both.separated_on is None
    assert [each.appointment_id for each in both.appointments] == ["a1", "hr/p0.a1"]


def test_a_year_of_study_that_never_changed_has_no_steps() -> None:
    assert steps(composed(kept(year(3)), kept(year(3), said=2, effective=date(2023, 2, 1)))) == []


def test_a_year_of_study_changes_from_the_day_its_record_is_true() -> None:
    second = kept(year(2), said=1, effective=date(2022, 9, 1))
    third = kept(year(3), said=2, effective=date(2023, 9, 1))
    expected = [(date(2022, 9, 1), 2), (date(2023, 9, 1), 3)]
    assert steps(composed(third, second)) == expected


def test_a_correction_of_the_past_replaces_the_year_from_its_day_on() -> None:
    second = kept(year(2), said=1, effective=date(2022, 9, 1))
    third = kept(year(3), said=2, effective=date(2023, 9, 1))
    corrected = kept(year(3), said=3, effective=date(2023, 6, 1))
    expected = [(date(2022, 9, 1), 2), (date(2023, 6, 1), 3)]
    assert steps(composed(second, third, corrected)) == expected


def test_where_a_record_lacks_the_appointment_the_present_year_is_in_force() -> None:
    absent = kept(replace(ENROLLED, appointments=()), said=1, effective=date(2021, 9, 1))
    second = kept(year(2), said=2, effective=date(2022, 9, 1))
    third = kept(year(3), said=3, effective=date(2023, 9, 1))
    assert steps(composed(absent, second, third)) == [
        (date(2021, 9, 1), 3),
        (date(2022, 9, 1), 2),
        (date(2023, 9, 1), 3),
    ]


def test_the_day_a_person_is_said_from_is_that_of_the_report_said_last() -> None:
    reports = [
        kept(HIRED, said=3, effective=date(2023, 5, 1)),
        kept(ENROLLED, source="students", said=2, effective=date(2023, 8, 1)),
    ]
    assert composed_of(reports, "p1")[1] == date(2023, 5, 1)


def test_as_of_a_day_nobody_knows_what_becomes_true_or_known_later() -> None:
    moved = replace(HIRED, appointments=(replace(JOB, department_id="dean"),))
    reports = [kept(HIRED, said=1), kept(moved, said=10, effective=date(2023, 2, 1))]
    assert as_of(reports, "p1", date(2023, 1, 31)) == HIRED
    assert as_of(reports, "p1", date(2023, 2, 1)) == moved
    assert as_of(reports, "p1", date(2023, 2, 1), datetime(2023, 1, 5, tzinfo=UTC)) == HIRED
    assert as_of(reports, "p1", date(2022, 12, 31)) is None
    assert as_of(reports, "p1", date(2023, 2, 1), datetime(2023, 1, 1, tzinfo=UTC)) is None


def test_contact_is_taken_field_by_field_from_hr_and_then_by_name_of_the_source() -> None:
    said = {
        ("students", "p1"): Contact("Ada S", "s@example.edu", "student"),
        ("alumni", "p1"): Contact("Ada A", None, "alum"),
        ("hr", "p1"): Contact("Ada", None, None),
    }
    assert contact_of(said, "p1") == Contact("Ada", "s@example.edu", "alum")
    assert contact_of({}, "p1") is None


def test_the_own_ids_contact_is_before_that_of_an_alias() -> None:
    said = {("hr", "p0"): Contact("Old", "old@example.edu"), ("hr", "p1"): Contact("New")}
    assert contact_of(said, "p1") == Contact("New", "old@example.edu")


facts = st.builds(
    lambda onboarded, length, years: Facts(
        date(2020, 1, 1) + timedelta(days=onboarded),
        None if length is None else date(2020, 1, 1) + timedelta(days=onboarded + length),
        tuple(replace(STUDY, appointment_id=f"a{n}", year_of_study=y) for n, y in enumerate(years)),
    ),
    st.integers(0, 400),
    st.none() | st.integers(0, 300),
    st.lists(st.none() | st.integers(1, 5), max_size=3),
)
reports = st.lists(
    st.builds(
        lambda f, source, said, day: kept(
            f, source=source, said=said, effective=date(2023, 1, 1) + timedelta(days=day)
        ),
        facts,
        st.sampled_from(["hr", "students", "identity"]),
        st.integers(1, 6),
        st.integers(0, 40),
    ),
    min_size=1,
    max_size=8,
)


@given(reports, st.data())
def test_any_order_and_repetition_of_reports_composes_the_same_person(
    said: Sequence[Kept], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*said, *data.draw(st.permutations(said))]))
    assert composed_of(shuffled, "p1") == composed_of(said, "p1")


@given(reports)
def test_years_of_study_answer_every_day_as_the_reports_of_that_day_do(said: list[Kept]) -> None:
    said = [replace(each, source="hr") for each in said]
    for held in composed(*said).appointments:
        for offset in range(45):
            day = date(2023, 1, 1) + timedelta(days=offset)
            assert _in_force(held, day) == _by_the_book(said, held, day)


def _in_force(held: Appointment, day: date) -> int | None:
    if not held.years_of_study:
        return held.year_of_study
    past = [year for since, year in held.years_of_study if since <= day]
    return past[-1] if past else held.years_of_study[0][1]


def _by_the_book(said: list[Kept], held: Appointment, day: date) -> int | None:
    known = [each for each in said if each.effective_on <= day]
    if not known:
        first = min(each.effective_on for each in said)
        known = [each for each in said if each.effective_on == first]
    record = max(known, key=lambda each: each.rank)
    for each in record.facts.appointments:
        if each.appointment_id == held.appointment_id and each.year_of_study is not None:
            return each.year_of_study if held.year_of_study is not None else None
    return held.year_of_study
