"""Facts that the rules ask for and nobody has stated: the office must hear of them."""

from __future__ import annotations

from dataclasses import replace

from rollout.domain.decide import Decision, Taken
from rollout.domain.policy import Cycle, Outcome

AREA = "area"
YEAR_OF_STUDY = "year_of_study"


def gaps(decision: Decision, cycle: Cycle) -> tuple[str, ...]:
    """What is missing of the facts behind `decision`.

    The year of study, where a rule was passed over only because there is none; the area, where
    an appointment that makes the person required is in a department without one.
    """
    required = [taken for taken in decision.taken if taken.rule.outcome is Outcome.REQUIRED]
    found = []
    if any(taken.situation.area is None for taken in required):
        found.append(AREA)
    if any(_lacks_year(taken, cycle) for taken in decision.taken):
        found.append(YEAR_OF_STUDY)
    return tuple(found)


def _lacks_year(taken: Taken, cycle: Cycle) -> bool:
    if taken.situation.year is not None:
        return False
    for rule in cycle.rules:
        if rule.rule == taken.rule.rule:
            break
        year = rule.when.year_from or rule.when.year_to
        if year is not None and rule.when.fits(replace(taken.situation, year=year)):
            return True
    return False
