"""Who is reminded when, and who is left in peace (docs/decisions/0002, 11)."""

from support.training import appointment, at, completion, day, next_version, revoked, shipped, story


def test_a_person_on_hold_is_neither_released_nor_reminded_until_it_ends() -> None:
    someone = story(appointment(department_id="d-hr"), hold=True)
    assert someone.until("10-11").standing.status == "scheduled"
    someone.learn(next_version(someone.versions[-1], "10-12", hold=False))
    assert someone.releases == []
    assert someone.until("10-13").standing.due_on == day("10-27")
    assert someone.releases == [day("10-13")]


def test_a_hold_after_release_stops_the_reminders_and_its_end_gives_notice() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("09-22")
    someone.reminded.clear()
    someone.learn(next_version(someone.versions[-1], "09-25", hold=True))
    assert someone.until("10-31").standing.hold
    assert someone.reminded == []
    someone.learn(next_version(someone.versions[-1], "11-01", hold=False))
    assert (someone.status, someone.now.standing.due_on) == ("released", day("11-15"))


def test_reminders_come_in_business_days_around_the_due_day() -> None:
    someone = story(appointment(department_id="d-csail"), person_id="p7")
    someone.until("2024-02-28")
    due = [(str(on), r.kind, r.ordinal) for on, r in someone.reminded]
    assert due == [
        ("2023-12-06", "reminder", 1),
        ("2023-12-13", "reminder", 2),
        ("2023-12-19", "due_soon", 1),
        ("2024-01-10", "overdue", 1),
        ("2024-01-18", "overdue", 2),
        ("2024-01-25", "overdue", 3),
    ]


def test_reminders_up_to_the_release_day_fall_away() -> None:
    someone = story(appointment(department_id="d-hr"), received_at=at("10-05"))
    someone.settle(at("10-05"))
    someone.until("10-20")
    first = someone.reminded[0]
    assert (first[0], first[1].kind, first[1].ordinal) == (day("10-13"), "reminder", 2)


def test_of_reminders_that_are_late_only_the_last_goes_out() -> None:
    someone = story(appointment(department_id="d-csail"), person_id="p7")
    someone.until("12-01")
    someone.settle(at("12-14"), acts=True)
    assert [(on, r.kind, r.ordinal) for on, r in someone.reminded] == [
        (day("12-14"), "reminder", 2)
    ]


def test_reminders_begin_anew_after_a_revocation() -> None:
    someone = story(appointment(department_id="d-hr"))
    someone.until("10-05")
    done = completion("B", "10-05")
    someone.learn(done)
    someone.reminded.clear()
    someone.learn(revoked(done, "10-16"))
    someone.until("10-30")
    assert [(str(on), r.kind, r.version) for on, r in someone.reminded] == [
        ("2023-10-23", "reminder", 2),
        ("2023-10-27", "due_soon", 2),
    ]


def test_nothing_is_ever_due_on_a_closed_day() -> None:
    someone = story(appointment("faculty"))
    someone.until("2024-06-30")
    worked = [*someone.releases, *(on for on, _ in someone.reminded)]
    assert worked
    assert all(shipped().is_working(on) for on in worked)
