"""People who leave before, during and after, announced ahead or heard of late."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from embedded.university.departments import CENTRAL, SCHOOLS
from embedded.university.model import Person
from embedded.university.schedule import GRADUATE_WINDOW, PILOT_WINDOW, RESEARCH_WINDOW
from embedded.university.story import Story, single, soon

_EARLY_GROUPS = (PILOT_WINDOW, GRADUATE_WINDOW, RESEARCH_WINDOW)


def tell_departures(story: Story) -> None:
    """Separations around the release and the completion."""
    _before_release(story)
    _announced_ahead(story)
    _before_completing(story)
    _heard_late(story)
    _after_completing(story)


def _separate(story: Story, person: Person, last_day: date, heard_on: date) -> None:
    ended = tuple(
        each if each.end_on else replace(each, end_on=last_day) for each in person.appointments
    )
    story.retell(person, heard_on, separated_on=last_day, appointments=ended, effective_on=last_day)


def _waits(story: Story, person: Person) -> bool:
    return story.area_of(person) in {*SCHOOLS, *CENTRAL} and bool(
        (released := story.release_day(person)) and released > date(2024, 1, 1)
    )


def _before_release(story: Story) -> None:
    for person in story.cast("separated_before_release", 0.004, lambda p: _waits(story, p)):
        on = story.working_day(date(2023, 9, 15), date(2023, 12, 15))
        _separate(story, person, on, heard_on=on)
        story.habits[person.person_id] = "never"


def _announced_ahead(story: Story) -> None:
    for person in story.cast("separation_announced_ahead", 0.003, lambda p: _waits(story, p)):
        heard_on = story.working_day(date(2023, 10, 2), date(2023, 11, 30))
        _separate(story, person, heard_on + timedelta(days=16), heard_on=heard_on)
        story.habits[person.person_id] = "never"


def _released_early(story: Story, person: Person) -> bool:
    return single(person) and story.window(person) in _EARLY_GROUPS


def _before_completing(story: Story) -> None:
    cast = story.cast("separated_before_completing", 0.004, lambda p: _released_early(story, p), 2)
    for person in cast:
        released = story.release_day(person) or date(2023, 9, 11)
        on = soon(released, story.rng.choice((2, 5, 9)))
        _separate(story, person, on, heard_on=on)
        story.habits[person.person_id] = "never"


def _heard_late(story: Story) -> None:
    for person in story.cast("separation_heard_late", 0.002, lambda p: _released_early(story, p)):
        released = story.release_day(person) or date(2023, 9, 11)
        _separate(story, person, soon(released, 4), heard_on=soon(released, 12))
        story.habits[person.person_id] = "never"


def _after_completing(story: Story) -> None:
    cast = story.cast("separated_after_completing", 0.004, lambda p: _released_early(story, p), 2)
    for person in cast:
        released = story.release_day(person) or date(2023, 9, 11)
        finished = datetime.combine(released + timedelta(days=1), time(15, 20))
        story.habits[person.person_id] = finished
        on = soon(released, 30)
        _separate(story, person, on, heard_on=on)
