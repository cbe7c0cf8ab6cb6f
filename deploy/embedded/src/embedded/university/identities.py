"""One human under two ids, two humans under one, people on hold, and committee seats."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from embedded.university.departments import CENTRAL, SCHOOLS
from embedded.university.model import Appointment, Person
from embedded.university.schedule import (
    GRADUATE_WINDOW,
    MORNING,
    PILOT_WINDOW,
    RESEARCH_WINDOW,
    working_day_from,
)
from embedded.university.story import Story, single, soon

_SHARE = 0.001
_EARLY = (PILOT_WINDOW, GRADUATE_WINDOW, RESEARCH_WINDOW)


def tell_identities(story: Story) -> None:
    """Merges and splits, then holds, then committees."""
    _rehired_under_a_new_id(story)
    _entered_twice(story)
    _merged_by_mistake(story)
    _held(story)
    _seats(story)


def _early(story: Story) -> Callable[[Person], bool]:
    return lambda p: single(p) and story.window(p) in _EARLY


def _in_spring(story: Story) -> Callable[[Person], bool]:
    def fits(person: Person) -> bool:
        released = story.release_day(person)
        in_time = released is not None and date(2024, 1, 10) < released < date(2024, 3, 8)
        return single(person) and story.area_of(person) in {*SCHOOLS, *CENTRAL} and in_time

    return fits


def _released(story: Story, person: Person) -> date:
    released = story.release_day(person)
    assert released is not None, "cast among those who are asked"
    return released


def _finishes(story: Story, person_id: str, on: date) -> None:
    story.habits[person_id] = datetime.combine(on, time(15, 35))


def _again(story: Story, person: Person, on: date) -> Person:
    """The same human under another id: name and address are the same, the login is not."""
    main = person.main
    department = story.departments[main.department_id]
    new = story.registrar.appoint(main.kind, paid=main.paid, department=department, start_on=on)
    job = replace(new.main, year_of_study=main.year_of_study)
    new = replace(new, display_name=person.display_name, email=person.email, appointments=(job,))
    story.tell(new, on)
    story.habits[new.person_id] = "never"
    story.by_id |= {person.person_id, new.person_id}
    return new


def _rehired_under_a_new_id(story: Story) -> None:
    """They left, come back as a stranger, and the office finds out; every other one had finished.

    The id that stays is now the new one, now the old one.
    """
    case = "rehired_under_a_new_id"
    for number, person in enumerate(story.cast(case, 2 * _SHARE, _early(story), at_least=4)):
        released = _released(story, person)
        left = soon(released, 6)
        gone = tuple(replace(each, end_on=left) for each in person.appointments)
        story.retell(person, left, separated_on=left, appointments=gone)
        back = soon(left, 12)
        new = _again(story, person, back)
        ids = [person.person_id, new.person_id]
        alias, stays = ids if number % 2 else reversed(ids)
        merged = story.act("merge", alias, soon(back, 1), stays)
        story.habits[person.person_id] = "never"
        if number % 4 < 2:
            _finishes(story, person.person_id, released + timedelta(days=2))
        elif number % 4 == 2:
            _finishes(story, new.person_id, merged + timedelta(days=5))


def _entered_twice(story: Story) -> None:
    """A form was filled in again: two ids are asked, until somebody sees it."""
    for number, person in enumerate(story.cast("entered_twice", _SHARE, _early(story), 2)):
        released = _released(story, person)
        new = _again(story, person, soon(released, 2))
        merged = story.act("merge", new.person_id, soon(released, 10), person.person_id)
        story.habits[person.person_id] = "never"
        if number % 2 == 0:
            _finishes(story, new.person_id, merged - timedelta(days=3))


def _merged_by_mistake(story: Story) -> None:
    """Two people who have nothing in common, separated again a week or two later."""
    for case, fits in (
        ("merged_by_mistake_after_release", _early(story)),
        ("merged_by_mistake_before_release", _in_spring(story)),
    ):
        for one, other in _pairs(story.cast(case, 2 * _SHARE, fits, at_least=2)):
            releases = sorted(_released(story, each) for each in (one, other))
            known = releases[1] if "after" in case else releases[0] - timedelta(days=25)
            merged = story.act("merge", one.person_id, soon(known, 2), other.person_id)
            story.act("split", one.person_id, merged + timedelta(days=7))
            story.by_id |= {one.person_id, other.person_id}
            story.habits |= {one.person_id: "never", other.person_id: "never"}
            _finishes(story, other.person_id, merged + timedelta(days=3))


def _pairs(people: Iterator[Person]) -> Iterator[tuple[Person, Person]]:
    yield from zip(people, people, strict=False)


def _held(story: Story) -> None:
    for person in story.cast("held_over_the_release", _SHARE, _in_spring(story), 2):
        released = _released(story, person)
        story.act("hold", person.person_id, released - timedelta(days=15))
        story.act("lift", person.person_id, soon(released, 3))
        _finishes(story, person.person_id, soon(released, 16))
    for number, person in enumerate(story.cast("held_and_let_go", _SHARE, _early(story), 2)):
        held = story.act("hold", person.person_id, _released(story, person))
        story.act("lift", person.person_id, held + timedelta(days=10))
        story.habits[person.person_id] = "never"
        if number % 2:
            _finishes(story, person.person_id, held + timedelta(days=4))
    for person in story.cast("held_for_good", _SHARE, _early(story), 1):
        story.act("hold", person.person_id, _released(story, person))
        story.habits[person.person_id] = "never"


def _seats(story: Story) -> None:
    """The office appoints some of the committee's members: for a term, or ex officio."""
    committee = story.department_in("chancellor")
    nominating = story.department_in(*SCHOOLS).department_id
    for number, person in enumerate(story.cast("committee_seat", _SHARE, _in_spring(story), 2)):
        on = working_day_from(date(2023, 10, 3) + timedelta(days=14 * (number % 4)))
        until = on + timedelta(days=120)
        seat = Appointment(
            "seat-1",
            "committee_member",
            paid=False,
            department_id=committee.department_id,
            start_on=on,
            end_on=until if number % 2 else None,
            nominated_by=nominating,
            ex_officio=number % 2 == 0,
        )
        story.seated.append((person.person_id, datetime.combine(on, MORNING)))
        story.retell(person, on, appointments=(*person.appointments, seat))
