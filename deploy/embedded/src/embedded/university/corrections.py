"""Corrections that reach the roster late, and changes that must change nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from embedded.university.departments import CENTRAL, PILOT, RESEARCH, SCHOOLS
from embedded.university.model import Leave, Person
from embedded.university.schedule import AFTERNOON, EMPLOYEES, GRADUATE_WINDOW, is_exempt
from embedded.university.story import Story, is_staff, joined, moved, single

_RECENT = date(2023, 7, 5)


def tell_corrections(story: Story) -> None:
    """Onboarding dates, transfers and years corrected after the fact; leave and names."""
    _onboarding_dates(story)
    _late_transfers(story)
    _years_of_study(story)
    _leaves(story)
    _names(story)


def _onboarding_dates(story: Story) -> None:
    def staff_in(*areas: str) -> list[Person]:
        case = "corrected_to_exempt"
        return list(story.cast(case, 0.001, lambda p: _plain_staff(story, p, areas)))

    for person in staff_in(*SCHOOLS, *CENTRAL):
        _reonboard(story, person, _RECENT, date(2023, 11, 15))
    for person in staff_in(*PILOT):
        story.habits[person.person_id] = "never"
        _reonboard(story, person, _RECENT, date(2023, 10, 4))
    for person in story.cast("corrected_to_required", 0.001, lambda p: _recent(story, p)):
        _reonboard(story, person, date(2023, 6, 12), date(2023, 11, 29))


def _plain_staff(story: Story, person: Person, areas: tuple[str, ...]) -> bool:
    return single(person) and is_staff(person) and story.area_of(person) in areas


def _recent(story: Story, person: Person) -> bool:
    return single(person) and is_exempt(person) and story.area_of(person) in {*SCHOOLS, *CENTRAL}


def _reonboard(story: Story, person: Person, onboarded_on: date, heard_on: date) -> None:
    story.retell(
        person,
        heard_on,
        effective_on=onboarded_on,
        onboarded_on=onboarded_on,
        appointments=(replace(person.main, start_on=onboarded_on),),
    )


def _late_transfers(story: Story) -> None:
    """Three weeks pass between the move and the day the roster hears of it."""
    heard_on = date(2023, 11, 8)
    on = heard_on - timedelta(days=21)
    for person in story.cast(
        "transfer_heard_late", 0.002, lambda p: _plain_staff(story, p, CENTRAL)
    ):
        there = story.department_in(*SCHOOLS)
        story.retell(person, heard_on, effective_on=on, appointments=moved(person, there, on))
    for person in story.cast(
        "second_appointment_heard_late", 0.002, lambda p: _plain_staff(story, p, SCHOOLS)
    ):
        other = story.department_in(RESEARCH)
        both = joined(person, other, on, kind="staff")
        story.retell(person, heard_on, effective_on=on, appointments=both)


def _in_year(year: int) -> Callable[[Person], bool]:
    return lambda p: (
        single(p) and p.main.kind == "graduate_student" and p.main.year_of_study == year
    )


def _years_of_study(story: Story) -> None:
    """The year that counts is the one on 1 September 2023, by what was true on that day."""
    edges = (
        ("third_year_on_the_day", 2, 3, date(2023, 9, 1), date(2023, 9, 6)),
        ("third_year_a_day_late", 2, 3, date(2023, 9, 2), date(2023, 9, 6)),
        ("third_year_in_spring", 2, 3, date(2024, 1, 16), date(2024, 1, 16)),
        ("second_year_after_all", 3, 2, date(2023, 9, 1), date(2023, 10, 2)),
    )
    for case, had, has, effective_on, heard_on in edges:
        for person in story.cast(case, 0.002, _in_year(had)):
            year = replace(person.main, year_of_study=has)
            story.retell(person, heard_on, effective_on=effective_on, appointments=(year,))
            if case != "third_year_on_the_day":
                story.habits[person.person_id] = "never"


def _leaves(story: Story) -> None:
    """Sabbatical and junior faculty leave excuse nobody."""

    def is_faculty(person: Person) -> bool:
        return person.main.kind in EMPLOYEES - {"staff"} and not is_exempt(person)

    sabbatical = Leave("sabbatical", date(2023, 9, 1), date(2024, 5, 31))
    for person in story.cast("sabbatical", 0.004, is_faculty):
        story.load(replace(person, leave=sabbatical))
    for person in story.cast("junior_faculty_leave", 0.002, is_faculty):
        on = date(2024, 1, 16)
        story.retell(person, on, leave=Leave("junior_faculty", on, date(2024, 6, 30)))


def _names(story: Story) -> None:
    def fits(person: Person) -> bool:
        return single(person) and story.window(person) not in {None, GRADUATE_WINDOW}

    for number, person in enumerate(story.cast("name_change", 0.004, fits, at_least=2)):
        on = story.working_day(date(2023, 9, 18), date(2023, 12, 20))
        family = ("Ó Súilleabháin", "d'Arc-Østergård", "Ramírez de la O")[number % 3]
        given = person.display_name.split(" ")[0]
        changed = replace(
            person,
            effective_on=on,
            display_name=f"{given} {family}",
            email=f"{person.login}.new@example.edu",
        )
        story.tell(changed, on, AFTERNOON)
