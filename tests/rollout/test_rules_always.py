"""What holds for every person, every history and every order of the facts."""

import random
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.domain import (
    Case,
    Completion,
    Person,
    decide,
    fulfilment,
    own_day,
    planned_day,
    position,
    prove,
    release_days,
    settle,
)
from support.training import (
    AREAS,
    LONG_AGO,
    Story,
    appointment,
    at,
    completion,
    day,
    person,
    revoked,
    shipped,
)

KINDS = sorted({kind for rule in shipped().rules for kind in rule.when.kinds})
# How fast an example runs says something about the machine, nothing about the rules.
unhurried = settings(deadline=None)
FIRST, LAST = day("2023-08-01"), day("2024-06-30")


def days(first: date = FIRST, last: date = LAST) -> st.SearchStrategy[date]:
    return st.dates(first, last)


@st.composite
def appointments(draw: st.DrawFn, name: str = "a1") -> object:
    start_on = draw(st.one_of(st.just(LONG_AGO), days()))
    return appointment(
        draw(st.sampled_from(KINDS)),
        draw(st.sampled_from(sorted(AREAS))),
        name,
        paid=draw(st.booleans()),
        start_on=start_on,
        end_on=draw(st.none() | days(max(start_on, FIRST))),
        year_of_study=draw(st.none() | st.integers(1, 6)),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Person]:
    """Up to four versions of one person, each received a while after the one before."""
    person_id = f"p{draw(st.integers(0, 10_000))}"
    received = draw(days(FIRST, day("2023-09-20")))
    versions = []
    for version in range(1, draw(st.integers(1, 4)) + 1):
        held = [draw(appointments(f"a{n}")) for n in range(draw(st.integers(1, 2)))]
        versions.append(
            person(
                *held,  # type: ignore[arg-type]
                person_id=person_id,
                version=version,
                effective_on=received,
                received_at=at(str(received), "11:00"),
                onboarded_on=draw(
                    st.sampled_from([LONG_AGO, day("2023-06-30"), day("2023-07-01")])
                ),
                separated_on=draw(st.none() | days()),
                hold=draw(st.booleans()),
            )
        )
        received += timedelta(days=draw(st.integers(1, 60)))
    return versions


@st.composite
def completions(draw: st.DrawFn) -> list[Completion]:
    facts = []
    for option in draw(st.lists(st.sampled_from(["A", "B", "C", None]), max_size=3, unique=True)):
        done = completion(option, str(draw(days())))
        facts.append(done)
        if draw(st.booleans()):
            facts.append(revoked(done, str(draw(days(done.received_at.date())))))
    return facts


@unhurried
@given(
    histories(),
    completions(),
    days(day("2023-09-01")),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_order_and_repetition_of_the_facts_do_not_matter(
    versions: list[Person],
    done: list[Completion],
    today: date,
    dice: random.Random,
    acts: bool,
) -> None:
    now = at(str(today), "12:00")
    plain = settle(shipped(), Case(versions, AREAS, done), now, acts=acts)
    mixed_versions, mixed_done = versions + versions[:2], done + done[:2]
    dice.shuffle(mixed_versions)
    dice.shuffle(mixed_done)
    mixed = Case(mixed_versions, AREAS, mixed_done)
    assert settle(shipped(), mixed, now, acts=acts) == plain


@unhurried
@given(histories(), completions(), days(day("2023-09-01")))
def test_settling_again_changes_nothing(
    versions: list[Person], done: list[Completion], today: date
) -> None:
    now = at(str(today), "12:00")
    first = settle(shipped(), Case(versions, AREAS, done), now, acts=True)
    again = settle(shipped(), Case(versions, AREAS, done, first.obligation), now, acts=True)
    assert again.obligation == first.obligation
    assert not again.changed
    assert not again.released
    assert again.reminders == ()


@unhurried
@given(histories(), completions(), days(day("2023-09-01")))
def test_what_is_due_next_is_never_today_or_before(
    versions: list[Person], done: list[Completion], today: date
) -> None:
    for acts in (False, True):
        settled = settle(shipped(), Case(versions, AREAS, done), at(str(today)), acts=acts)
        next_on = settled.obligation.next_on
        assert next_on is None or next_on > today


@settings(max_examples=60, deadline=None)
@given(histories(), completions())
def test_a_whole_year_keeps_every_promise(versions: list[Person], done: list[Completion]) -> None:
    """Day by day through the year, with every fact on the day it was received."""
    story = Story([])
    cycle = shipped()
    facts: list[Person | Completion] = [*versions, *done]
    facts.sort(key=lambda fact: fact.received_at)
    known = [fact for fact in facts if cycle.civil(fact.received_at) < cycle.opens_on]
    later = [fact for fact in facts if fact not in known]
    story.versions = [fact for fact in known if isinstance(fact, Person)] or versions[:1]
    story.completions = [fact for fact in known if isinstance(fact, Completion)]
    for fact in later:
        story.until(str(cycle.civil(fact.received_at)))
        story.learn(fact)
    standing = story.until("2024-12-31").standing
    assert len(story.releases) <= 1
    for released_on in story.releases:
        assert cycle.is_working(released_on)
        assert cycle.opens_on <= released_on <= cycle.closes_on
        group = cycle.group_of(standing.group)
        assert group is not None
        assert group.start_on <= released_on
        assert standing.due_on is not None
        assert standing.due_on >= max(group.due_on, released_on + cycle.minimum_notice)
    assert all(cycle.is_working(on) and on > story.releases[0] for on, _ in story.reminded)
    told = [(r.kind, r.ordinal, r.version) for _, r in story.reminded]
    assert len(set(told)) == len(told)


@unhurried
@given(histories(), days(day("2023-09-01")))
def test_nobody_is_ever_born_overdue(versions: list[Person], today: date) -> None:
    settled = settle(shipped(), Case(versions, AREAS), at(str(today), "12:00"), acts=True)
    assert settled.obligation.standing.status != "overdue"


@unhurried
@given(histories(), days(day("2023-09-01")))
def test_a_proof_recomputes_to_the_same_decision(versions: list[Person], today: date) -> None:
    proof = prove(versions, AREAS, shipped(), today)
    assert proof.decision == decide(versions, AREAS, shipped(), today)
    assert proof.tree == prove(list(reversed(versions)), AREAS, shipped(), today).tree


@unhurried
@given(st.sampled_from(shipped().groups), st.text(min_size=1, max_size=20), days())
def test_a_planned_day_is_a_working_day_that_leaves_the_minimum_notice(
    group: object, person_id: str, since: date
) -> None:
    found = next(each for each in shipped().groups if each == group)
    own = own_day(shipped(), found, person_id)
    assert own in release_days(found, shipped())
    assert own + shipped().minimum_notice <= found.due_on
    planned = planned_day(shipped(), found, person_id, since)
    assert planned is None or (planned > since and shipped().is_working(planned))


def test_the_plan_spreads_a_group_evenly_over_its_days() -> None:
    group = shipped().groups[3]
    found = release_days(group, shipped())
    count = dict.fromkeys(found, 0)
    for n in range(11_000):
        count[own_day(shipped(), group, f"p{n}")] += 1
    assert min(count.values()) > 400
    assert max(count.values()) < 600


def test_the_plan_does_not_move_when_people_are_added() -> None:
    # A position is a function of three names, so this figure must never change.
    group = shipped().groups[0]
    assert position(shipped(), group, "p1") == 0xBA819E792384F614
    assert own_day(shipped(), group, "p1") == day("2023-09-20")


@unhurried
@given(completions())
def test_taking_back_is_counted_once_whatever_the_order(done: list[Completion]) -> None:
    forward = fulfilment(done, shipped())
    assert fulfilment(reversed([*done, *done]), shipped()) == forward
    without = [replace(fact, cycle="2021") for fact in done]
    assert fulfilment(without, shipped()).taken_back == ()
