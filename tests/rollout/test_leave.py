"""Leaves that stop the clock (docs/decisions/0002, 13).

The own day of p1 in the pilot is 20 September, the group's due day 6 October.
"""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.domain import Completion, Leave, Person
from rollout.domain.leaves import joined, on_leave
from support.training import (
    Story,
    appointment,
    at,
    completion,
    day,
    next_version,
    person,
    revoked,
    shipped,
    story,
)

HR = appointment(department_id="d-hr")


def leave(first: str, last: str | None) -> Leave:
    return Leave(day(first), day(last) if last else None)


def away(*spans: tuple[str, str | None]) -> Story:
    """Somebody of the pilot who is on leave on these days, known from the start."""
    return story(HR, leaves=tuple(leave(*span) for span in spans))


def told(someone: Story, received: str, *spans: tuple[str, str | None]) -> None:
    """A version received at noon of that day, with these leaves and no others."""
    someone.until(received)
    leaves = tuple(leave(*span) for span in spans)
    someone.learn(next_version(someone.versions[-1], received, leaves=leaves))


def reminded(someone: Story) -> list[tuple[str, str, int]]:
    return [(f"{on:%m-%d}", each.kind, each.ordinal) for on, each in someone.reminded]


def test_on_leave_nothing_is_overdue_and_afterwards_there_is_at_least_the_minimum_notice() -> None:
    someone = away(("09-28", "10-20"))
    on_leave_now = someone.until("10-15").standing
    assert (on_leave_now.status, on_leave_now.paused) == ("released", True)
    assert on_leave_now.due_on == day("10-06")
    back = someone.until("10-21").standing
    assert (back.status, back.paused, back.resumed) == ("released", False, 1)
    assert back.due_on == day("11-04")
    assert someone.until("11-05").standing.status == "overdue"


def test_the_days_that_were_left_when_the_leave_began_are_there_afterwards() -> None:
    """Released on 20 September with 16 days; the leave begins on the 21st, when 15 are left."""
    back = away(("09-21", "10-20")).until("10-21").standing
    assert back.due_on == day("10-21") + timedelta(days=15)


def test_a_leave_that_leaves_more_than_enough_moves_no_due_day_but_is_told() -> None:
    someone = story(appointment("faculty"), leaves=(leave("02-05", "02-06"),), person_id="p4")
    before = someone.until("02-04").standing
    after = someone.until("02-07").standing
    assert before.due_on == day("02-23")
    assert (after.due_on, after.resumed) == (max(day("02-23"), day("02-25")), 1)


def test_reminders_rest_on_leave_and_follow_the_new_due_day() -> None:
    someone = away(("09-28", "10-20"))
    someone.until("12-31")
    assert reminded(someone) == [
        ("09-22", "reminder", 1),
        ("10-30", "reminder", 2),
        ("11-03", "due_soon", 1),
        ("11-06", "overdue", 1),
        ("11-14", "overdue", 2),
        ("11-21", "overdue", 3),
    ]


def test_one_who_was_overdue_before_the_leave_is_overdue_again_by_the_new_due_day() -> None:
    someone = away(("10-16", "11-10"))
    assert someone.until("10-15").standing.status == "overdue"
    assert (someone.until("10-16").standing.status, someone.now.standing.paused) == (
        "released",
        True,
    )
    assert someone.until("11-11").standing.due_on == day("11-25")
    assert someone.until("11-26").standing.status == "overdue"


def test_nobody_is_released_while_on_leave_and_everybody_on_the_next_daily_run_after_it() -> None:
    """Back on Saturday 7 October; Monday the 9th is closed."""
    someone = away(("09-18", "10-06"))
    assert someone.until("10-09").standing.status == "scheduled"
    someone.until("10-10")
    assert someone.releases == [day("10-10")]
    assert someone.now.standing.planned_on == day("09-20")
    assert (someone.now.standing.due_on, someone.now.standing.resumed) == (day("10-24"), 0)


def test_an_open_ended_leave_pauses_until_it_is_told_to_have_ended() -> None:
    someone = away(("09-28", None))
    assert someone.until("06-30").standing.paused
    assert someone.now.next_on is None
    told(someone, "2024-07-01", ("09-28", "2024-06-30"))
    assert someone.now.standing.paused, "only the daily run stops the clock and sets it going"
    assert someone.until("2024-07-02").standing.due_on == day("2024-07-16")


def test_leaves_that_touch_or_overlap_are_one() -> None:
    spans = (("09-28", "10-10"), ("10-11", "10-15"), ("10-13", "10-20"))
    one, three = away(("09-28", "10-20")), away(*spans)
    assert three.until("12-31") == one.until("12-31")
    assert three.now.standing.resumed == 1
    assert reminded(three) == reminded(one)


def test_of_two_leaves_apart_each_gives_its_own_notice() -> None:
    someone = away(("09-28", "10-10"), ("10-13", "10-20"))
    assert someone.until("10-12").standing.due_on == day("10-25")
    assert someone.until("10-21").standing.due_on == day("11-04")
    assert someone.now.standing.resumed == 2


def test_a_leave_told_of_when_it_is_over_gives_notice_from_the_next_daily_run() -> None:
    someone = story(HR)
    told(someone, "11-01", ("10-02", "10-20"))
    assert someone.status == "overdue"
    standing = someone.until("11-02").standing
    assert (standing.status, standing.due_on, standing.resumed) == ("released", day("11-16"), 1)
    assert someone.until("11-05").standing.resumed == 1


def test_a_leave_before_the_release_that_is_told_of_later_changes_nothing() -> None:
    someone = story(HR)
    told(someone, "09-25", ("08-01", "09-19"))
    assert someone.until("09-27").standing.due_on == day("10-06")
    assert someone.now.standing.resumed == 0


def test_a_leave_that_is_taken_back_ends_the_pause_with_the_minimum_notice() -> None:
    someone = away(("09-21", "12-20"))
    told(someone, "10-11")
    standing = someone.until("10-12").standing
    assert (standing.paused, standing.due_on, standing.resumed) == (False, day("10-26"), 1)


def test_a_leave_that_is_taken_back_before_it_begins_was_none() -> None:
    someone = away(("10-02", "10-20"))
    told(someone, "09-29")
    assert someone.until("10-10").standing.status == "overdue"
    assert someone.now.standing.resumed == 0


def test_a_shortened_leave_ends_when_it_is_told() -> None:
    someone = away(("09-21", "12-20"))
    told(someone, "10-11", ("09-21", "10-06"))
    assert someone.until("10-12").standing.due_on == day("10-12") + timedelta(days=15)


def test_a_leave_that_is_longer_after_all_pauses_again() -> None:
    someone = away(("09-28", "10-20"))
    told(someone, "10-23", ("09-28", "10-31"))
    assert someone.now.standing.due_on == day("11-04")
    assert someone.until("10-24").standing.paused
    assert someone.until("11-01").standing.due_on == day("11-15")
    assert someone.now.standing.resumed == 2


@pytest.mark.parametrize(
    ("done", "status"),
    [
        ("10-05", "completed"),
        ("10-15", "completed"),  # on leave, after the due day
        ("10-21", "completed"),  # the day back, before the daily run has found it
    ],
)
def test_a_completion_during_the_leave_is_in_time(done: str, status: str) -> None:
    someone = away(("09-28", "10-20"))
    someone.until("10-20")
    someone.learn(completion("A", done, received_at=at("10-21", "08:00")))
    assert someone.status == status
    assert someone.until("12-31").standing.resumed == 0
    assert someone.status == status


def test_a_completion_before_the_leave_and_after_the_due_day_stays_late() -> None:
    someone = away(("10-16", "11-10"))
    someone.until("10-20")
    someone.learn(completion("A", "10-12", received_at=at("10-20", "12:00")))
    assert someone.status == "completed_late"


def test_a_leave_told_of_after_a_late_completion_makes_it_one_in_time() -> None:
    someone = story(HR)
    someone.until("10-16")
    someone.learn(completion("A", "10-16"))
    assert someone.status == "completed_late"
    told(someone, "11-01", ("10-02", "10-20"))
    assert someone.status == "completed"


def test_a_completion_taken_back_on_leave_pauses_again_until_the_end() -> None:
    someone = away(("09-28", "10-20"))
    done = completion("A", "10-02")
    someone.until("10-02")
    someone.learn(done)
    someone.until("10-10")
    someone.learn(revoked(done, "10-10"))
    assert someone.until("10-11").standing.paused
    back = someone.until("10-21").standing
    assert (back.reopened, back.resumed, back.due_on) == (1, 1, day("11-04"))


def test_a_hold_during_the_leave_outranks_it() -> None:
    someone = away(("09-28", "10-20"))
    someone.until("10-02")
    someone.learn(next_version(someone.versions[-1], "10-02", hold=True))
    standing = someone.until("10-31").standing
    assert (standing.hold, standing.paused, standing.resumed) == (True, False, 0)
    someone.learn(next_version(someone.versions[-1], "11-01", hold=False))
    assert someone.now.standing.due_on == day("11-15")
    assert someone.until("11-03").standing.resumed == 0


def test_who_leaves_the_university_on_leave_has_ended() -> None:
    someone = away(("09-28", "10-20"))
    someone.until("10-02")
    someone.learn(next_version(someone.versions[-1], "10-02", separated_on=day("10-01")))
    standing = someone.until("11-30").standing
    assert (standing.status, standing.paused, standing.resumed) == ("ended", False, 0)


DAYS = st.dates(day("2023-08-15"), day("2023-12-15"))


@st.composite
def leaves(draw: st.DrawFn) -> tuple[Leave, ...]:
    starts = draw(st.lists(DAYS, max_size=3))
    return tuple(
        Leave(start, draw(st.none() | st.dates(start, start + timedelta(days=60))))
        for start in starts
    )


@settings(deadline=None)
@given(leaves(), DAYS)
def test_joining_leaves_keeps_every_day_of_them(spans: tuple[Leave, ...], on: date) -> None:
    together = joined(spans)
    assert on_leave(together, on) == on_leave(spans, on)
    for one, following in pairwise(together):
        assert one.end_on is not None
        assert following.start_on > one.end_on + timedelta(days=1)


@settings(max_examples=60, deadline=None)
@given(leaves(), st.lists(st.tuples(DAYS, leaves()), max_size=2), st.none() | DAYS)
def test_a_leave_never_makes_anything_worse(
    first: tuple[Leave, ...], later: list[tuple[date, tuple[Leave, ...]]], done: date | None
) -> None:
    """No due day comes nearer; on leave nobody is released, reminded or overdue."""
    someone = Story([person(HR, leaves=first)])
    due = None
    steps = sorted(later, key=lambda each: each[0])
    for number in range((day("2024-02-28") - day("2023-09-01")).days):
        today = day("2023-09-01") + timedelta(days=number)
        someone.until(str(today))
        while steps and steps[0][0] <= today:
            _, spans = steps.pop(0)
            someone.learn(next_version(someone.versions[-1], str(today), leaves=spans))
        if done == today:
            someone.learn(completion("A", str(today)))
        standing = someone.now.standing
        assert due is None or (standing.due_on is not None and standing.due_on >= due)
        due = standing.due_on
        if standing.paused:
            assert standing.status == "released"
    for worked_on in [*someone.releases, *(on for on, _ in someone.reminded)]:
        known = [v for v in someone.versions if v.received_at < shipped().begins_at(worked_on)]
        assert not on_leave(known[-1].leaves, worked_on)


@settings(max_examples=100, deadline=None)
@given(leaves(), DAYS, st.permutations(range(4)), st.booleans())
def test_the_facts_of_a_day_may_come_in_any_order(
    spans: tuple[Leave, ...], on: date, order: list[int], taken_back: bool
) -> None:
    """A leave, a completion, perhaps its revocation, and a repetition between two daily runs."""
    done = completion("A", str(on - timedelta(days=1)))
    ends = []
    for arrangement in (list(range(4)), order):
        someone = story(HR)
        someone.until(str(on))
        before = someone.versions[0]
        newer = next_version(before, str(on), leaves=spans)
        facts: list[Person | Completion] = [
            newer,
            done,
            revoked(done, str(on)) if taken_back else done,
            before,
        ]
        for number in arrangement:
            someone.learn(facts[number], at=at(str(on), "13:00"))
        ends.append((someone.until("2024-02-28").standing, reminded(someone)))
    assert ends[0] == ends[1]
