"""Leave that stops the clock: every way it can lie around a release and a due day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from embedded.university.departments import CENTRAL, SCHOOLS
from embedded.university.model import Leave, Person
from embedded.university.schedule import GRADUATE_WINDOW, RESEARCH_WINDOW, working_day_from
from embedded.university.story import Story, single, soon

_TOGETHER = (GRADUATE_WINDOW, RESEARCH_WINDOW)
_SHARE = 0.0015


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who is asked: the release day and the due day as they would be without the leave."""

    person: Person
    released: date
    due: date


def tell_absences(story: Story) -> None:
    """Leave before the release, after it, over the due day, open-ended, shortened, taken back."""
    _before_release(story)
    _after_release(story)
    _over_the_due_day(story)
    _open_ended(story)
    _shortened(story)
    _taken_back(story)
    _heard_late(story)
    _completing(story)


def _cast(story: Story, case: str, fits: Callable[[Person], bool]) -> Iterator[Asked]:
    for person in story.cast(case, _SHARE, lambda p: single(p) and fits(p), at_least=2):
        window, released = story.window(person), story.release_day(person)
        if window is not None and released is not None:
            yield Asked(person, released, window.due_day(released))


def _early(story: Story) -> Callable[[Person], bool]:
    return lambda p: story.window(p) in _TOGETHER


def _later(story: Story) -> Callable[[Person], bool]:
    return lambda p: story.area_of(p) in {*SCHOOLS, *CENTRAL} and _asked_in_spring(story, p)


def _asked_in_spring(story: Story, person: Person) -> bool:
    released = story.release_day(person)
    return released is not None and date(2024, 1, 10) <= released <= date(2024, 3, 8)


def _goes(story: Story, asked: Asked, leave: Leave, heard_on: date | None = None) -> Person:
    """The leave is told on its first working day, or when it is heard of."""
    on = heard_on or working_day_from(leave.start_on)
    story.retell(asked.person, on, leave=leave, effective_on=leave.start_on)
    return story.newest[asked.person.person_id]


def _finishes(story: Story, asked: Asked, on: date) -> None:
    story.habits[asked.person.person_id] = datetime.combine(on, time(14, 10))


def _after(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _before_release(story: Story) -> None:
    for number, asked in enumerate(_cast(story, "leave_before_release", _later(story))):
        leave = Leave("parental", _after(asked.released, -20), _after(asked.released, 9))
        _goes(story, asked, leave)
        if number % 2:
            story.habits[asked.person.person_id] = "never"
        else:
            _finishes(story, asked, soon(_after(asked.released, 9), 5))


def _after_release(story: Story) -> None:
    for number, asked in enumerate(_cast(story, "leave_after_release", _early(story))):
        leave = Leave("military", _after(asked.released, 4), _after(asked.released, 12))
        _goes(story, asked, leave)
        if number % 2:
            story.habits[asked.person.person_id] = "never"
        else:
            _finishes(story, asked, soon(_after(asked.released, 12), 3))


def _over_the_due_day(story: Story) -> None:
    for number, asked in enumerate(_cast(story, "leave_over_the_due_day", _early(story))):
        leave = Leave("medical", _after(asked.released, 6), _after(asked.due, 9))
        _goes(story, asked, leave)
        if number % 2:
            story.habits[asked.person.person_id] = "never"
        else:
            _finishes(story, asked, soon(_after(asked.due, 9), 6))


def _open_ended(story: Story) -> None:
    """Nobody knows when they are back; of one in two it becomes known."""
    for number, asked in enumerate(_cast(story, "leave_open_ended", _early(story))):
        start = _after(asked.released, 5)
        _goes(story, asked, Leave("military", start))
        story.habits[asked.person.person_id] = "never"
        if number % 2:
            back = soon(start, 60)
            ended = Leave("military", start, _after(back, -1))
            story.retell(story.newest[asked.person.person_id], back, leave=ended)


def _shortened(story: Story) -> None:
    for asked in _cast(story, "leave_shortened", _early(story)):
        start = _after(asked.released, 3)
        away = _goes(story, asked, Leave("parental", start, _after(start, 60)))
        told = soon(start, 18)
        story.retell(away, told, leave=Leave("parental", start, _after(told, 3)))
        _finishes(story, asked, soon(told, 9))


def _taken_back(story: Story) -> None:
    for asked in _cast(story, "leave_taken_back", _early(story)):
        start = _after(asked.released, 5)
        away = _goes(story, asked, Leave("medical", start, _after(start, 40)))
        story.retell(away, soon(start, 7), leave=None)
        story.habits[asked.person.person_id] = "never"


def _heard_late(story: Story) -> None:
    for asked in _cast(story, "leave_heard_late", _early(story)):
        leave = Leave("medical", _after(asked.released, 3), _after(asked.released, 10))
        _goes(story, asked, leave, heard_on=soon(_after(asked.released, 10), 4))
        story.habits[asked.person.person_id] = "never"


def _completing(story: Story) -> None:
    """They finish while they are away and after the day on which it would have been due."""
    for asked in _cast(story, "completes_on_leave", _early(story)):
        leave = Leave("parental", _after(asked.released, 4), _after(asked.due, 30))
        _goes(story, asked, leave)
        _finishes(story, asked, _after(asked.due, 3))
