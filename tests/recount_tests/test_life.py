"""The recount's reading of rules 5 to 12: whole courses, worked out by hand."""

from recount_tests.people import course, job, learned, mails, reminders, story, told

# 900000001 has its own day in pilot on 19 September, in graduate on 27 October (0.1754 of 17 days:
# day 2), in vp-research on 1 December (0.7165 of 11: day 7), in schools on 1 February (0.7111 of
# 22: day 15) and in central on 8 March (0.6476 of 15: day 9).
STAFF = told(job("staff", "hr"))
RESEARCHER = told(job("staff", "lab"))


def test_who_finishes_in_time_is_scheduled_released_and_completed() -> None:
    lived = course(STAFF, completions=[learned("2023-09-26T08:30", "2023-09-25T21:00")])
    assert story(lived) == [
        "2023-09-01 scheduled pilot None None",
        "2023-09-19 released pilot 2023-09-19 2023-10-06",
        "2023-09-26 completed pilot 2023-09-19 2023-10-06",
    ]
    assert reminders(lived) == ["2023-09-22 reminder 1"]
    assert mails(lived) == ["release 1", "reminder 1", "confirmation 1"]


def test_who_never_finishes_is_reminded_on_working_days_only() -> None:
    """Due on Wednesday 20 December; the winter break lasts from the 21st to 9 January.

    Before: 19 (1), 18, 15, 14, 13 (5), 12, 11, 8, 7, 6 December (10). After: 10 January (1), 11,
    12, 16, 17, 18 (6; the 15th is closed), 19, 22, 23, 24, 25 January (11).
    """
    lived = course(RESEARCHER)
    assert story(lived) == [
        "2023-09-01 scheduled vp-research None None",
        "2023-12-01 released vp-research 2023-12-01 2023-12-20",
        "2023-12-21 overdue vp-research 2023-12-01 2023-12-20",
    ]
    assert reminders(lived) == [
        "2023-12-06 reminder 1",
        "2023-12-13 reminder 2",
        "2023-12-19 due_soon 1",
        "2024-01-10 overdue 1",
        "2024-01-18 overdue 2",
        "2024-01-25 overdue 3",
    ]


def test_the_due_day_ends_with_its_last_second() -> None:
    in_time = [learned("2023-12-21T08:30", "2023-12-20T23:59:59")]
    too_late = [learned("2023-12-21T08:30", "2023-12-21T00:00")]
    assert course(RESEARCHER, completions=in_time).last.status == "completed"
    assert course(RESEARCHER, completions=too_late).last.status == "completed_late"


def test_a_completion_before_the_release_is_confirmed_at_once_and_counts_then() -> None:
    lived = course(RESEARCHER, completions=[learned("2023-10-04T08:30", "2023-10-03T12:00")])
    assert story(lived) == [
        "2023-09-01 scheduled vp-research None None",
        "2023-12-01 completed vp-research 2023-12-01 2023-12-20",
    ]
    assert mails(lived) == ["confirmation 1", "release 1"]
    assert not lived.reminders


def test_a_completion_just_before_the_daily_run_stops_that_day_s_reminder() -> None:
    early = course(RESEARCHER, completions=[learned("2023-12-06T08:59", "2023-12-05T20:00")])
    late = course(RESEARCHER, completions=[learned("2023-12-06T09:01", "2023-12-05T20:00")])
    assert reminders(early) == []
    assert reminders(late) == ["2023-12-06 reminder 1"]


def test_the_earliest_completion_counts_and_others_are_supplemental() -> None:
    lived = course(
        RESEARCHER,
        completions=[
            learned("2023-12-05T08:30", "2023-12-04T12:00", "B", course="psh23-b"),
            learned("2023-12-06T08:30", "2023-12-03T12:00", "C", course="psh23-c"),
        ],
    )
    assert (lived.last.option, lived.last.supplemental) == ("C", ("B",))
    assert mails(lived) == ["release 1", "confirmation 1"]


def test_a_completion_that_does_not_hold_for_this_cycle_changes_nothing() -> None:
    lived = course(RESEARCHER, completions=[learned("2023-12-05T08:30", "2023-12-04T12:00", None)])
    assert lived.last.status == "overdue"
    assert "confirmation 1" not in mails(lived)


def test_a_late_fellow_is_released_the_working_day_after_with_the_whole_notice() -> None:
    """Known on Friday 12 January, Monday is closed: released on the 16th, due on the 30th."""
    at = "2024-01-12T08:00"
    fellow = told(
        job("fellow", "lab", paid=False, start="2024-01-12"),
        at=at,
        effective="2024-01-12",
        onboarded="2024-01-12",
    )
    lived = course(fellow, until="2024-01-20T12:00")
    assert story(lived) == [
        "2024-01-12 scheduled vp-research None None",
        "2024-01-16 released vp-research 2024-01-16 2024-01-30",
    ]


def test_reminders_on_or_before_the_release_day_fall_away() -> None:
    """Released on Tuesday 16 January, due on the 30th: the tenth working day before is the 16th."""
    fellow = told(job("fellow", "lab"), at="2024-01-12T08:00")
    lived = course(fellow, until="2024-01-31T12:00")
    assert reminders(lived) == [
        "2024-01-23 reminder 2",
        "2024-01-29 due_soon 1",
        "2024-01-31 overdue 1",
    ]


def test_what_a_day_changes_it_changes_at_the_daily_run() -> None:
    starts = told(job("staff", "lab", start="2023-09-20"), at="2023-09-20T08:00")
    before = course(starts, until="2023-09-20T08:59")
    after = course(starts, until="2023-09-20T09:00")
    assert (before.last.status, after.last.status) == ("not_in_scope", "scheduled")


def test_nothing_is_decided_before_the_daily_run_of_the_opening() -> None:
    assert course(STAFF, until="2023-09-01T08:59").last.status == "not_in_scope"
    assert course(STAFF, until="2023-09-01T09:00").last.status == "scheduled"


def test_a_transfer_before_release_changes_the_group_and_one_after_it_the_department_only() -> None:
    moved = told(
        job("staff", "hr", end="2023-11-13"),
        job("staff", "provost", start="2023-11-14", name="2"),
        at="2023-11-14T08:00",
    )
    after = course(STAFF, moved, completions=[learned("2023-10-12T08:30", "2023-10-11T12:00")])
    assert story(after)[-2:] == [
        "2023-10-12 completed_late pilot 2023-09-19 2023-10-06",
        "2023-11-14 completed_late pilot 2023-09-19 2023-10-06",
    ]
    assert after.last.departments == ("provost",)
    to_school = told(job("staff", "biology"), at="2023-11-14T08:00")
    before = course(told(job("staff", "provost")), to_school, until="2024-02-05T00:00")
    assert story(before) == [
        "2023-09-01 scheduled central None None",
        "2023-11-14 scheduled schools None None",
        "2024-02-01 released schools 2024-02-01 2024-02-23",
    ]


def test_a_transfer_into_a_passed_group_is_released_the_working_day_after() -> None:
    """Own day 19 September; heard of on Wednesday 18 October, due 14 days after the 19th."""
    pilot = told(job("staff", "hr"), at="2023-10-18T08:00")
    lived = course(told(job("staff", "provost")), pilot, until="2023-10-20T00:00")
    assert story(lived)[-1] == "2023-10-19 released pilot 2023-10-19 2023-11-02"


def test_a_change_that_changes_nothing_moves_no_plan() -> None:
    renamed = told(job("staff", "lab"), at="2023-12-01T08:00")
    assert course(RESEARCHER, renamed, until="2023-12-02T00:00").last.planned_on is not None
    assert story(course(RESEARCHER, renamed)) == story(course(RESEARCHER))


def test_a_department_that_moves_takes_its_people_to_another_group() -> None:
    """Own day in schools is 1 February; the area becomes known on 4 December."""
    lived = course(
        told(job("staff", "nowhere")),
        moved={"nowhere": ("2023-12-04T07:45", "school-science")},
        until="2024-02-02T00:00",
    )
    assert story(lived) == [
        "2023-09-01 scheduled None None None",
        "2023-12-04 scheduled schools None None",
        "2024-02-01 released schools 2024-02-01 2024-02-23",
    ]


def test_who_leaves_before_completing_has_ended_and_gets_nothing_more() -> None:
    gone = told(job("staff", "lab"), at="2023-12-07T08:00", separated="2023-12-11")
    lived = course(RESEARCHER, gone)
    assert story(lived)[-1] == "2023-12-12 -"
    assert lived.last.status == "ended"
    assert lived.last.departments == ("lab",)
    assert reminders(lived) == ["2023-12-06 reminder 1"]


def test_who_leaves_before_the_release_has_ended_too() -> None:
    gone = told(job("staff", "lab"), at="2023-10-02T08:00", separated="2023-10-02")
    lived = course(RESEARCHER, gone)
    assert lived.last.status == "ended"
    assert lived.released is None


def test_who_had_left_before_the_cycle_opened_is_not_in_scope() -> None:
    assert course(told(job("staff", "lab"), separated="2023-08-31")).last.status == "not_in_scope"


def test_who_comes_back_goes_on_with_the_minimum_notice_and_no_second_release() -> None:
    """Back on 20 December: due on 3 January; reminders up to that day fall away.

    Of those counted from 3 January, 20 December itself and those before have passed, and the
    closed days leave none until the 10th.
    """
    gone = told(job("staff", "lab"), at="2023-12-04T08:00", separated="2023-12-04")
    back = told(job("staff", "lab"), at="2023-12-20T08:00")
    lived = course(RESEARCHER, gone, back, until="2024-01-11T00:00")
    assert story(lived)[2:] == [
        "2023-12-05 -",
        "2023-12-20 released vp-research 2023-12-01 2024-01-03",
        "2024-01-04 overdue vp-research 2023-12-01 2024-01-03",
    ]
    assert reminders(lived) == ["2024-01-10 overdue 1"]
    assert mails(lived) == ["release 1", "overdue 1"]


def test_completed_stays_completed_for_those_who_leave_and_keeps_the_departments() -> None:
    gone = told(job("staff", "lab"), at="2023-12-13T08:00", separated="2023-12-13")
    lived = course(RESEARCHER, gone, completions=[learned("2023-12-05T08:30", "2023-12-04T12:00")])
    assert lived.last.status == "completed"
    assert lived.last.departments == ("lab",)


def test_an_onboarding_date_corrected_after_the_release_exempts_and_keeps_the_days() -> None:
    corrected = told(
        job("staff", "lab", start="2023-07-05"),
        at="2023-12-08T08:00",
        onboarded="2023-07-05",
        effective="2023-07-05",
    )
    lived = course(RESEARCHER, corrected)
    assert story(lived)[-1] == "2023-12-08 exempt vp-research 2023-12-01 2023-12-20"
    assert reminders(lived) == ["2023-12-06 reminder 1"]


def test_an_exempt_person_s_completion_is_confirmed_as_supplemental() -> None:
    recent = told(job("staff", "lab", start="2023-07-05"), onboarded="2023-07-05")
    lived = course(recent, completions=[learned("2023-10-04T08:30", "2023-10-03T12:00")])
    assert story(lived) == ["2023-09-01 exempt None None None"]
    assert mails(lived) == ["supplemental_confirmation 1"]


def test_a_revocation_opens_again_with_notice_and_its_reminders_are_other_mails() -> None:
    """Completed on 12 December after two reminders, revoked on the 14th: due on the 28th.

    The fifth working day before the 28th is 14 December itself, so only the 20th, one working day
    before, is left in December; overdue from the 29th, first told on 10 January.
    """
    lived = course(
        RESEARCHER,
        completions=[
            learned("2023-12-13T16:30", "2023-12-12T12:00"),
            learned("2023-12-14T08:30", "2023-12-12T12:00", None, version=2),
            learned("2024-01-12T08:30", "2024-01-11T12:00", version=3),
        ],
    )
    assert story(lived)[2:] == [
        "2023-12-13 completed vp-research 2023-12-01 2023-12-20",
        "2023-12-14 released vp-research 2023-12-01 2023-12-28",
        "2023-12-29 overdue vp-research 2023-12-01 2023-12-28",
        "2024-01-12 completed_late vp-research 2023-12-01 2023-12-28",
    ]
    assert reminders(lived)[2:] == ["2023-12-20 due_soon 1", "2024-01-10 overdue 1"]
    assert mails(lived)[3:] == ["confirmation 1", "due_soon 1", "overdue 1", "confirmation 2"]
    assert lived.last.reopened == 1


def test_a_reminder_that_falls_due_again_is_another_mail() -> None:
    """Both reminders of 6 October are out when the completion of the 2nd is revoked on the 3rd.

    Now due on the 17th: the tenth working day before is the 2nd and falls away, the fifth is the
    10th (the 9th is closed), the last the 16th.
    """
    lived = course(
        STAFF,
        completions=[
            learned("2023-10-02T16:30", "2023-10-02T12:00"),
            learned("2023-10-03T08:30", "2023-10-02T12:00", None, version=2),
        ],
        until="2023-10-18T00:00",
    )
    assert reminders(lived) == [
        "2023-09-22 reminder 1",
        "2023-09-29 reminder 2",
        "2023-10-10 reminder 2",
        "2023-10-16 due_soon 1",
    ]
    assert mails(lived)[3:] == ["confirmation 1", "reminder 102", "due_soon 1"]


def test_a_revocation_does_not_open_again_while_another_option_holds() -> None:
    lived = course(
        RESEARCHER,
        completions=[
            learned("2023-12-05T08:30", "2023-12-04T12:00"),
            learned("2023-12-06T08:30", "2023-12-05T12:00", "B", course="psh23-b"),
            learned("2023-12-07T08:30", "2023-12-04T12:00", None, version=2),
        ],
    )
    assert (lived.last.status, lived.last.option, lived.last.reopened) == ("completed", "B", 0)


def test_an_older_version_that_comes_late_is_ignored() -> None:
    lived = course(
        RESEARCHER,
        completions=[
            learned("2023-12-05T08:30", "2023-12-04T12:00", None, version=2),
            learned("2023-12-06T08:30", "2023-12-04T12:00", version=1),
        ],
    )
    assert lived.last.completed_at is None


def test_who_has_no_group_waits_and_who_is_supplemental_is_in_no_edition() -> None:
    assert story(course(told(job("staff", "nowhere")))) == ["2023-09-01 scheduled None None None"]
    lincoln = course(
        told(job("staff", "lincoln")),
        completions=[learned("2023-10-04T08:30", "2023-10-03T12:00")],
    )
    assert story(lincoln) == []
    assert mails(lincoln) == ["supplemental_confirmation 1"]


def test_a_rehire_of_staff_before_release_is_exempt_as_a_recent_employee() -> None:
    first = told(job("staff", "provost"))
    gone = told(job("staff", "provost"), at="2023-10-11T08:00", separated="2023-10-11")
    back = told(
        job("staff", "provost", start="2024-01-22", name="2"),
        at="2024-01-22T08:00",
        onboarded="2024-01-22",
    )
    assert story(course(first, gone, back)) == [
        "2023-09-01 scheduled central None None",
        "2023-10-12 -",
        "2024-01-22 exempt None None None",
    ]
