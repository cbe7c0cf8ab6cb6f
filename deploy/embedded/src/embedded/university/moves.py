"""Transfers, second appointments, and departments that move."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from embedded.university.departments import CENTRAL, LINCOLN, PILOT, RESEARCH, SCHOOLS
from embedded.university.model import Department, Person
from embedded.university.schedule import MORNING
from embedded.university.story import Story, is_staff, joined, moved, single


def tell_moves(story: Story) -> None:
    """First who holds two appointments from the start, then everybody who moves."""
    _two_from_the_start(story)
    _transfers(story)
    _to_lincoln(story)
    _second_appointments(story)
    _departments(story)


def _staff_in(story: Story, *areas: str) -> Callable[[Person], bool]:
    return lambda p: single(p) and is_staff(p) and story.area_of(p) in areas


def _two_from_the_start(story: Story) -> None:
    since = date(2021, 9, 1)
    pairs = (
        ("two_appointments_in_two_groups", _staff_in(story, *CENTRAL), PILOT, "staff"),
        ("two_appointments_with_lincoln", _staff_in(story, *SCHOOLS), (LINCOLN,), "staff"),
        ("two_appointments_in_one_group", _staff_in(story, *SCHOOLS), SCHOOLS, "staff"),
        ("graduate_with_a_staff_job", _advanced_graduate, (RESEARCH,), "staff"),
        ("staff_who_studies", _staff_in(story, *CENTRAL), SCHOOLS, "undergraduate"),
    )
    for case, fits, areas, kind in pairs:
        for person in story.cast(case, 0.003, fits):
            other = story.department_in(*areas, but=person.main.department_id)
            paid = kind == "staff"
            both = joined(person, other, since, kind=kind, paid=paid)
            story.load(replace(person, appointments=both))
    for person in story.cast("second_appointment_runs_out", 0.002, _staff_in(story, *SCHOOLS)):
        other = story.department_in(*SCHOOLS, but=person.main.department_id)
        *first, second = joined(person, other, since, kind="staff")
        until = story.working_day(date(2023, 10, 2), date(2024, 2, 28))
        story.load(replace(person, appointments=(*first, replace(second, end_on=until))))


def _advanced_graduate(person: Person) -> bool:
    main = person.main
    return single(person) and main.kind == "graduate_student" and (main.year_of_study or 0) >= 3


def _transfers(story: Story) -> None:
    routes = (
        ("transfer_before_release", CENTRAL, SCHOOLS, date(2023, 11, 7), 0.004),
        ("transfer_before_release", SCHOOLS, CENTRAL, date(2023, 12, 13), 0.003),
        ("transfer_before_release", (RESEARCH,), SCHOOLS, date(2023, 11, 6), 0.002),
        ("transfer_into_a_passed_group", CENTRAL, PILOT, date(2023, 10, 18), 0.001),
        ("transfer_into_a_passed_group", SCHOOLS, (RESEARCH,), date(2023, 12, 14), 0.001),
        ("transfer_out_of_the_pilot", PILOT, CENTRAL, date(2023, 11, 14), 0.002),
        ("transfer_after_release", (RESEARCH,), CENTRAL, date(2023, 12, 13), 0.002),
        ("transfer_after_release", SCHOOLS, SCHOOLS, date(2024, 2, 15), 0.002),
    )
    for case, origin, target, on, share in routes:
        for person in story.cast(case, share, _staff_in(story, *origin)):
            there = story.department_in(*target, but=person.main.department_id)
            if story.asked_by(person, on):
                _keep_to_the_first_plan(story, person)
            story.retell(person, on, appointments=moved(person, there, on))


def _keep_to_the_first_plan(story: Story, person: Person) -> None:
    """Most have finished before they move; one in four never does and takes the debt along."""
    released = story.release_day(person)
    if released is None or story.rng.random() < 0.25:
        story.habits[person.person_id] = "never"
    else:
        finished = released + timedelta(days=story.rng.randrange(1, 6))
        story.habits[person.person_id] = datetime.combine(finished, time(16, 45))


def _to_lincoln(story: Story) -> None:
    moves = (
        ("transfer_to_lincoln_before_release", CENTRAL, date(2023, 11, 28)),
        ("transfer_to_lincoln_after_release", (RESEARCH,), date(2023, 12, 15)),
    )
    for case, origin, on in moves:
        for person in story.cast(case, 0.001, _staff_in(story, *origin)):
            there = story.department_in(LINCOLN)
            story.habits[person.person_id] = "never"
            story.retell(person, on, appointments=moved(person, there, on))


def _second_appointments(story: Story) -> None:
    additions = (
        ("second_appointment_before_release", SCHOOLS, date(2023, 11, 1), date(2023, 12, 15)),
        ("second_appointment_after_release", PILOT, date(2023, 10, 10), date(2023, 12, 8)),
        ("second_appointment_after_release", SCHOOLS, date(2024, 2, 12), date(2024, 3, 15)),
    )
    for case, areas, first, last in additions:
        for person in story.cast(case, 0.002, _staff_in(story, *areas)):
            on = story.working_day(first, last)
            other = story.department_in(*CENTRAL, *SCHOOLS, but=person.main.department_id)
            both = joined(person, other, on, kind="staff")
            story.retell(person, on, appointments=both)


def _departments(story: Story) -> None:
    """One is renamed and gets another officer; one moves under another area."""
    renamed = story.department_in("libraries")
    # Somebody else of the campus takes over: officers need not sit in the department.
    officer = next(iter(story.cast("new_officer", 0, _staff_in(story, *CENTRAL))), None)
    officers = (officer.person_id,) if officer else renamed.officer_ids
    _change(
        story,
        "renamed_department",
        date(2023, 11, 13),
        replace(renamed, name=f"{renamed.name} and “Commons”, Reading Rooms", officer_ids=officers),
    )
    reassigned = story.department_in("provost")
    _change(
        story,
        "department_moves_to_another_area",
        date(2023, 12, 4),
        replace(reassigned, area_id="college-computing", area_name="College of Computing"),
    )


def _change(story: Story, case: str, on: date, department: Department) -> None:
    story.departments[department.department_id] = department
    story.department_imports.setdefault(datetime.combine(on, MORNING), []).append(department)
    story.remember(case, department.department_id)
