"""Puts the university together: people, stories, and the feeds that tell them."""

from random import Random

from embedded.university.absences import tell_absences
from embedded.university.arrivals import tell_arrivals
from embedded.university.corrections import tell_corrections
from embedded.university.departments import found_departments
from embedded.university.departures import tell_departures
from embedded.university.feeds import feeds
from embedded.university.identities import tell_identities
from embedded.university.learning import tell_learning
from embedded.university.model import University
from embedded.university.moves import tell_moves
from embedded.university.population import Registrar, appoint_leaders, populate
from embedded.university.story import Story
from embedded.university.webhooks import LearningSystem

_FEWEST = 50


def build(people: int = 3000, seed: int = 1) -> University:
    """The same university every time for the same two numbers.

    `people` are in the initial load; about one in forty more join later. From about 300 people on
    every kind of case has somebody playing it. ValueError below 50: departments would stay empty.
    """
    if people < _FEWEST:
        raise ValueError(f"a university needs at least {_FEWEST} people, not {people}")
    rng = Random(seed)  # noqa: S311 - invented people, no secrets
    registrar = Registrar(rng)
    departments = found_departments(people)
    folk, departments = appoint_leaders(populate(registrar, departments, people), departments, rng)
    story = Story(
        rng,
        registrar,
        {each.department_id: each for each in departments},
        {person.person_id: person for person in folk},
    )
    tell_moves(story)
    tell_corrections(story)
    tell_departures(story)
    tell_arrivals(story)
    tell_absences(story)
    tell_identities(story)
    happenings = [*feeds(story, departments), *tell_learning(story, LearningSystem(seed))]
    return University(
        departments=tuple(departments),
        people=tuple(story.loaded.values()),
        happenings=tuple(sorted(happenings, key=lambda each: (each.on, each.time, each.kind))),
        cases={case: tuple(who) for case, who in sorted(story.cases.items())},
    )
