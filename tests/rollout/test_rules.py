"""The rules a toy would miss, each named by its sentence (docs/decisions/0002)."""

from dataclasses import replace

import pytest

from rollout.domain import Area, Status, own_day
from support.training import (
    AREAS,
    LONG_AGO,
    appointment,
    at,
    completion,
    day,
    decided,
    next_version,
    person,
    revoked,
    shipped,
    story,
)


def test_any_qualifying_appointment_makes_the_person_required_and_counts_once() -> None:
    student = appointment("undergraduate", "d-csail", "a1", paid=False)
    job = appointment("staff", "d-physics", "a2")
    second = appointment("staff", "d-libraries", "a3")
    decision = decided(person(student, job, second))
    assert (decision.outcome, decision.rule) == ("required", "paid_staff")
    assert decision.department_ids == ("d-libraries", "d-physics")
    assert decision.group == "schools"


def test_an_appointment_that_is_over_or_not_begun_counts_for_nothing() -> None:
    over = appointment(end_on=day("09-14"))
    future = appointment("faculty", name="a2", start_on=day("09-16"))
    assert decided(person(over, future), on="09-15").rule == "not_a_member"
    assert decided(person(over, future), on="09-14").rule == "paid_staff"
    assert decided(person(over, future), on="09-16").rule == "paid_faculty"


def test_the_pilot_comes_before_every_other_group() -> None:
    both = person(appointment("faculty", "d-physics"), appointment("staff", "d-hr", "a2"))
    assert decided(both).group == "pilot"


def test_the_year_of_study_is_the_one_on_the_counted_day() -> None:
    second = person(
        appointment("graduate_student", year_of_study=2), effective_on=day("2022-09-01")
    )
    third = replace(second.appointments[0], year_of_study=3)
    promoted = next_version(second, "09-05", appointments=(third,))
    assert decided(second, promoted, on="10-01").rule == "graduate_second_year"
    in_time = replace(promoted, effective_on=day("2023-09-01"))
    assert decided(second, in_time, on="10-01").required


def test_an_appointment_the_counted_version_lacks_has_its_present_year() -> None:
    before = person(appointment("staff", "d-hr"), effective_on=day("2022-09-01"))
    student = appointment("graduate_student", name="a2", year_of_study=4)
    now = next_version(before, "09-10", appointments=(student,))
    assert decided(before, now).rule == "graduate_third_year"


def test_a_required_person_without_a_group_is_scheduled_without_a_plan() -> None:
    someone = story(appointment(department_id="d-nowhere"))
    standing = someone.until("06-30").standing
    assert (standing.status, standing.group, standing.planned_on) == ("scheduled", None, None)


def test_a_transfer_before_release_moves_to_the_new_group() -> None:
    someone = story(appointment(department_id="d-csail"))
    someone.until("10-15")
    moved = appointment(department_id="d-libraries")
    someone.learn(next_version(someone.versions[-1], "10-16", appointments=(moved,)))
    standing = someone.now.standing
    assert (standing.group, standing.status) == ("central", "scheduled")
    assert someone.until("03-15").standing.released_at is not None
    assert day("02-26") <= someone.releases[0] <= day("03-15")


def test_a_transfer_after_release_changes_the_departments_only() -> None:
    someone = story(appointment(department_id="d-hr"))
    before = someone.until("09-22").standing
    moved = appointment(department_id="d-libraries")
    someone.learn(next_version(someone.versions[-1], "09-25", appointments=(moved,)))
    after = someone.now.standing
    assert after.department_ids == ("d-libraries",)
    assert (after.group, after.due_on, after.released_at) == (
        "pilot",
        before.due_on,
        before.released_at,
    )


def test_pilot_people_who_move_to_central_are_not_released_again() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    moved = appointment(department_id="d-libraries")
    someone.learn(next_version(someone.versions[-1], "09-25", appointments=(moved,)))
    someone.until("06-30")
    assert len(someone.releases) == 1


def test_a_late_arrival_is_released_on_the_next_working_day_with_the_minimum_notice() -> None:
    someone = story(
        appointment(department_id="d-hr", start_on=day("2023-06-01")), received_at=at("10-05")
    )
    someone.settle(at("10-05"))
    assert someone.until("10-06").standing.released_at == at("10-06")
    assert someone.now.standing.due_on == day("10-20")
    assert someone.until("10-20").standing.status == "released"
    assert someone.until("10-21").standing.status == "overdue"


def test_a_late_arrival_before_a_long_weekend_waits_for_a_working_day() -> None:
    someone = story(appointment(department_id="d-hr"), received_at=at("10-06", "15:00"))
    someone.settle(at("10-06", "15:00"))
    assert someone.now.standing.planned_on == day("10-10")


def test_an_appointment_known_ahead_counts_from_its_first_day() -> None:
    someone = story(appointment(department_id="d-hr", start_on=day("2023-10-02")))
    assert someone.until("10-01").standing.status == "not_in_scope"
    assert someone.until("10-02").standing.planned_on == day("10-03")


def test_a_fact_alone_releases_nobody_before_the_next_daily_run() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.settle(at("10-03", "12:00"))
    assert (someone.status, someone.now.next_on) == ("scheduled", day("10-04"))
    assert someone.until("10-04").standing.due_on == day("10-18")


def test_nobody_is_released_after_the_cycle_closes() -> None:
    someone = story(appointment(department_id="d-hr"), received_at=at("2024-06-28", "12:00"))
    someone.settle(at("2024-06-28", "12:00"))
    assert someone.now.standing.planned_on is None
    assert someone.until("2024-12-31").standing.status == "scheduled"


def test_an_area_that_becomes_known_late_puts_the_person_in_its_group_from_then_on() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.areas.pop("d-hr")
    assert someone.until("09-29").standing.group is None
    someone.areas["d-hr"] = Area("human-resources", at("10-02", "12:00"))
    someone.settle(at("10-02", "12:00"))
    assert someone.now.standing.planned_on == day("10-03")


def test_the_plan_is_the_same_whichever_of_person_and_area_comes_first() -> None:
    late_area = {**AREAS, "d-hr": Area("human-resources", at("10-02", "12:00"))}
    first = story(appointment(department_id="d-hr"))
    first.areas = dict(late_area)
    first.settle(at("10-02", "12:00"))
    later = next_version(first.versions[0], "10-05")
    second = story(appointment(department_id="d-hr"))
    second.areas = {}
    second.learn(later)
    second.areas = dict(late_area)
    second.settle(at("10-05", "13:00"))
    assert second.now.standing.planned_on == first.now.standing.planned_on


def test_one_who_leaves_before_release_has_ended_and_is_never_released() -> None:
    someone = story(appointment(department_id="d-csail"))
    someone.until("10-01")
    someone.learn(next_version(someone.versions[-1], "10-05", separated_on=day("10-10")))
    assert someone.until("10-10").standing.status == "scheduled"
    ended = someone.until("06-30").standing
    assert (ended.status, ended.released_at) == ("ended", None)
    assert ended.department_ids == ("d-csail",)


def test_one_who_left_before_the_cycle_opened_is_not_in_scope() -> None:
    someone = story(appointment(department_id="d-csail"), separated_on=day("2023-08-31"))
    assert someone.until("06-30").standing.status == "not_in_scope"


def test_one_who_leaves_after_completing_stays_completed() -> None:
    someone = story(appointment(department_id="d-hr"), facts=[completion("B", "09-20")])
    someone.until("10-06")
    someone.learn(next_version(someone.versions[-1], "10-12", separated_on=day("10-11")))
    standing = someone.until("06-30").standing
    assert (standing.status, standing.department_ids) == ("completed", ("d-hr",))


def test_one_who_comes_back_goes_on_with_the_minimum_notice_and_is_released_once() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-25")
    someone.learn(next_version(someone.versions[-1], "09-26", separated_on=day("09-25")))
    assert someone.status == "ended"
    someone.until("10-31")
    someone.learn(next_version(someone.versions[-1], "11-01", separated_on=None))
    assert (someone.status, someone.now.standing.due_on) == ("released", day("11-15"))
    assert len(someone.releases) == 1


def test_a_rehired_person_s_completion_stands() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    someone.learn(completion("B", "09-25"))
    someone.learn(next_version(someone.versions[-1], "09-27", separated_on=day("09-26")))
    someone.learn(next_version(someone.versions[-1], "10-02", separated_on=None))
    assert someone.status == "completed"


def test_an_exemption_that_shows_after_release_is_the_status_and_stops_the_reminders() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    someone.reminded.clear()
    someone.learn(next_version(someone.versions[-1], "09-25", onboarded_on=day("2023-07-10")))
    assert someone.until("06-30").standing.status == "exempt"
    assert someone.reminded == []


def test_a_completion_before_release_counts_when_released() -> None:
    someone = story(appointment(department_id="d-csail"))
    someone.until("10-01")
    settled = someone.learn(completion("A", "10-02"))
    assert settled.changed
    assert (someone.status, someone.now.standing.option) == ("scheduled", "A")
    standing = someone.until("12-06").standing
    assert standing.status == "completed"
    assert standing.released_at is not None


def test_a_completion_after_the_due_day_is_late_and_not_erased() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("10-10")
    someone.learn(completion("A", "10-11"))
    assert someone.status == "completed_late"


@pytest.mark.parametrize(("clock", "status"), [("23:59", "completed"), ("00:00", "completed_late")])
def test_the_due_day_ends_with_the_local_day(clock: str, status: str) -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("10-06")
    on = "10-06" if clock == "23:59" else "10-07"
    fact = completion("A", completed_at=at(on, clock), received_at=at("10-09", "12:00"))
    someone.learn(fact)
    assert someone.status == status


def test_a_person_is_not_overdue_before_the_daily_hour_of_the_next_day() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("10-06")
    someone.settle(at("10-07", "08:59"))
    assert someone.status == "released"
    someone.settle(at("10-07", "09:00"))
    assert someone.status == "overdue"


def test_a_module_of_another_cycle_or_of_none_does_not_count() -> None:
    facts = [completion("A", cycle="2021"), completion(None, cycle=None), completion("Z")]
    someone = story(appointment(department_id="d-hr"), facts=facts)
    assert someone.until("10-06").standing.status == "released"


def test_a_revocation_opens_the_obligation_again_with_the_minimum_notice() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    done = completion("B", "09-25")
    someone.learn(done)
    someone.learn(revoked(done, "10-04"))
    standing = someone.now.standing
    assert (standing.status, standing.due_on, standing.reopened) == ("released", day("10-18"), 1)
    assert standing.completed_at is None


def test_a_revocation_does_not_open_it_while_another_option_is_valid() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    done = completion("B", "09-25")
    someone.learn(done, completion("C", "09-26"))
    someone.learn(revoked(done, "10-04"))
    standing = someone.now.standing
    assert (standing.status, standing.option, standing.reopened) == ("completed", "C", 0)


def test_a_revocation_before_its_completion_is_harmless() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    done = completion("B", "09-25")
    someone.learn(revoked(done, "09-26"))
    someone.learn(done)
    assert (someone.status, someone.now.standing.reopened) == ("released", 1)


def test_an_older_fact_after_a_newer_one_changes_nothing() -> None:
    first = person(appointment(department_id="d-hr"))
    second = next_version(first, "09-05", appointments=(appointment(department_id="d-csail"),))
    someone = story(appointment(department_id="d-hr"))
    someone.learn(second)
    before = someone.now.standing
    someone.learn(first)
    assert someone.now.standing == before


def test_a_later_policy_gives_the_unreleased_a_new_plan_and_keeps_the_released_due_day() -> None:
    early, late = story(appointment(department_id="d-hr")), story(appointment("faculty"))
    early.until("09-22")
    late.until("09-22")
    group = early.cycle.groups[3]
    moved = replace(group, start_on=day("01-17"))
    shorter = replace(early.cycle.groups[0], due_on=day("10-04"))
    groups = (shorter, *early.cycle.groups[1:3], moved, early.cycle.groups[4])
    cycle = replace(early.cycle, groups=groups, policy_version=2)
    for someone in (early, late):
        someone.cycle = cycle
        someone.settle(at("09-25"))
    assert early.now.standing.due_on == day("10-06")
    assert late.now.standing.planned_on == own_day(cycle, moved, "p1")


def test_one_not_yet_a_member_is_decided_on_the_first_day() -> None:
    someone = story(appointment("fellow", paid=False), onboarded_on=day("11-01"))
    someone.until("10-31")
    assert someone.status == Status.NOT_IN_SCOPE
    assert someone.now.next_on == day("11-01")
    assert someone.until("11-01").standing.rule == "unpaid_fellow"


def test_several_required_options_are_fulfilled_by_the_last_of_them() -> None:
    cycle = replace(shipped(), required_options=2)
    someone = story(appointment(department_id="d-hr", start_on=LONG_AGO))
    someone.cycle = cycle
    someone.until("09-22")
    someone.learn(completion("B", "09-25"))
    assert someone.status == "released"
    someone.learn(completion("A", "09-27"), completion("C", "09-28"))
    standing = someone.now.standing
    assert (standing.status, standing.option) == ("completed", "A")
    assert standing.supplemental_options == ("C",)
