"""People who join while the cycle runs, and people who come back."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from embedded.university.departments import CENTRAL, LINCOLN, PILOT, RESEARCH, SCHOOLS
from embedded.university.model import Person
from embedded.university.schedule import AFTERNOON, GRADUATE_WINDOW, MORNING, PILOT_WINDOW
from embedded.university.story import Story, is_staff, single, soon

_WEDNESDAY_TO_FRIDAY = (2, 3, 4)
_ANYWHERE = (*PILOT, RESEARCH, *SCHOOLS, *CENTRAL, LINCOLN)


def tell_arrivals(story: Story) -> None:
    """Joiners of every kind, then people who leave and return."""
    _employees(story)
    _graduates(story)
    _fellows(story)
    _known_to_the_lms_first(story)
    _returning_graduates(story)
    _returning_staff(story)
    _separations_undone(story)


def _join(story: Story, case: str, person: Person, on: date, at: time = MORNING) -> Person:
    story.tell(person, on, at)
    story.remember(case, person.person_id)
    return person


def _employees(story: Story) -> None:
    for number in range(story.share(0.012, at_least=3)):
        on = story.working_day(date(2023, 9, 5), date(2024, 3, 15))
        kind = "faculty" if number % 6 == 5 else "staff"
        department = story.department_in(*(SCHOOLS if kind == "faculty" else _ANYWHERE))
        person = story.registrar.appoint(kind, paid=True, department=department, start_on=on)
        # Every third contract is signed before its file arrives.
        late = number % 3 == 2
        _join(story, "joining_employee", person, soon(on, 6) if late else on)


def _graduates(story: Story) -> None:
    for _ in range(story.share(0.003)):
        on = date(2023, 9, 6)
        person = story.registrar.appoint(
            "graduate_student", paid=True, department=story.department_in(*SCHOOLS), start_on=on
        )
        _join(story, "joining_first_year_graduate", person, on)
    for _ in range(story.share(0.003, at_least=2)):
        on = story.working_day(date(2023, 11, 1), GRADUATE_WINDOW.due_on)
        person = story.registrar.appoint(
            "graduate_student", paid=True, department=story.department_in(*SCHOOLS), start_on=on
        )
        advanced = replace(person.main, year_of_study=story.rng.choice((3, 4, 5)))
        _join(story, "joining_advanced_graduate", replace(person, appointments=(advanced,)), on)


def _fellow(story: Story, on: date, *areas: str) -> Person:
    return story.registrar.appoint(
        "fellow",
        paid=story.rng.random() < 0.5,
        department=story.department_in(*areas),
        start_on=on,
    )


def _fellows(story: Story) -> None:
    for number in range(story.share(0.004, at_least=2)):
        on = story.working_day(date(2023, 11, 22), date(2023, 12, 5))
        at = AFTERNOON if number % 2 else MORNING
        _join(story, "fellow_mid_window", _fellow(story, on, RESEARCH), on, at)
    for _ in range(story.share(0.003)):
        on = story.working_day(date(2024, 1, 18), date(2024, 2, 8))
        _join(story, "fellow_mid_window", _fellow(story, on, *SCHOOLS), on)
    for _ in range(story.share(0.002)):
        on = story.working_day(date(2024, 1, 16), date(2024, 2, 20))
        _join(story, "fellow_after_window", _fellow(story, on, RESEARCH), on)
    for _ in range(story.share(0.002)):
        on = story.working_day(soon(PILOT_WINDOW.due_on, 5), date(2023, 11, 8))
        _join(story, "fellow_after_window", _fellow(story, on, *PILOT), on)
    for _ in range(story.share(0.001)):
        on = story.working_day(date(2023, 9, 12), date(2023, 9, 20))
        _join(story, "fellow_mid_window", _fellow(story, on, *PILOT), on)


def _known_to_the_lms_first(story: Story) -> None:
    """They finish a module two days before their row reaches the roster."""
    for number in range(story.share(0.003, at_least=3)):
        on = _late_in_the_week(story)
        if number % 3 == 2:
            department = story.department_in(*CENTRAL)
            person = story.registrar.appoint("staff", paid=True, department=department, start_on=on)
        else:
            person = _fellow(story, on, RESEARCH, *SCHOOLS)
        started = on - timedelta(days=4)
        early = replace(
            person,
            onboarded_on=started,
            effective_on=started,
            appointments=(replace(person.main, start_on=started),),
        )
        _join(story, "known_to_the_lms_first", early, on)
        story.habits[person.person_id] = datetime.combine(on - timedelta(days=2), time(7, 15))


def _late_in_the_week(story: Story) -> date:
    """A working day whose second day before is no weekend."""
    while True:
        on = story.working_day(date(2023, 9, 20), date(2024, 2, 29))
        if on.weekday() in _WEDNESDAY_TO_FRIDAY:
            return on


def _leave_and_return(story: Story, person: Person, left: date, back: date) -> None:
    """Separated on one day, a member again from another with a new appointment of the same kind."""
    story.retell(
        person,
        left,
        separated_on=left,
        appointments=(replace(person.main, end_on=left),),
    )
    again = replace(
        person.main,
        appointment_id=f"{person.person_id}-2",
        start_on=back,
        end_on=None,
    )
    story.retell(
        person,
        back,
        onboarded_on=back,
        appointments=(replace(person.main, end_on=left), again),
    )


def _returning_graduates(story: Story) -> None:
    left, back = date(2023, 11, 20), date(2023, 11, 29)

    def fits(person: Person) -> bool:
        window = story.window(person)
        return single(person) and window == GRADUATE_WINDOW and story.asked_by(person, left)

    for person in story.cast("rehired_before_completing", 0.001, fits):
        _leave_and_return(story, person, left, back)
        story.habits[person.person_id] = datetime.combine(back + timedelta(days=5), time(20, 10))
    for person in story.cast("rehired_after_completing", 0.001, fits):
        finished = story.release_day(person) or left
        _leave_and_return(story, person, date(2023, 12, 4), date(2024, 1, 17))
        story.habits[person.person_id] = datetime.combine(finished, time(19, 40))


def _returning_staff(story: Story) -> None:
    def fits(person: Person) -> bool:
        return single(person) and is_staff(person) and story.area_of(person) in CENTRAL

    for person in story.cast("rehired_as_recent_employee", 0.001, fits):
        _leave_and_return(story, person, date(2023, 10, 11), date(2024, 1, 22))
        story.habits[person.person_id] = "never"


def _separations_undone(story: Story) -> None:
    left, undone = date(2023, 9, 27), date(2023, 9, 29)

    def fits(person: Person) -> bool:
        return single(person) and is_staff(person) and story.area_of(person) in PILOT

    for person in story.cast("separation_undone", 0.0005, fits):
        story.retell(person, left, separated_on=left - timedelta(days=1))
        story.retell(person, undone)
        story.habits[person.person_id] = datetime.combine(undone + timedelta(days=4), time(11, 5))
