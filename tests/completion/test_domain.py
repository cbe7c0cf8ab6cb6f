"""The rules of completion: any order and any repetition of a history gives the same fact."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from completion.domain import (
    Candidate,
    Fact,
    Kind,
    MatchedBy,
    Module,
    Standing,
    Statement,
    Target,
    decide,
    fold,
    learn,
    match,
    pseudonym,
    standing,
)

MODULE = Module("p1", "campus-lms", "psh23-b")
TARGET = Target("2023-24", "B")
START = datetime(2023, 10, 2, 13, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def completed(number: int) -> Statement:
    return Statement(Kind.COMPLETED, day(number))


def revoked(number: int) -> Statement:
    return Statement(Kind.REVOKED, day(number))


statements = st.builds(
    Statement,
    st.sampled_from([Kind.COMPLETED, Kind.REVOKED]),
    st.integers(0, 6).map(day),
)
histories = st.lists(statements, max_size=8)


def told(history: list[Statement]) -> list[Fact]:
    """The facts published when the history is heard one statement after the other."""
    facts: list[Fact] = []
    heard: set[Statement] = set()
    for statement in history:
        heard.add(statement)
        before = facts[-1] if facts else None
        after = decide(MODULE, heard, TARGET, before)
        if after is not None and after is not before:
            facts.append(after)
    return facts


def slow_standing(history: list[Statement]) -> Standing | None:
    """Day by day instead of by sets: what a clerk with a calendar would write down."""
    stands: Standing | None = None
    for at in sorted({at for _, at in history}):
        if Statement(Kind.COMPLETED, at) in history and (stands is None or stands.revoked):
            stands = Standing(at, revoked=False)
        if Statement(Kind.REVOKED, at) in history and stands is not None:
            stands = Standing(stands.completed_at, revoked=True)
    return stands


@given(histories)
def test_the_standing_is_what_a_clerk_going_day_by_day_would_write(
    history: list[Statement],
) -> None:
    assert standing(history) == slow_standing(history)


@given(histories, st.data())
def test_any_order_and_repetition_of_a_history_ends_in_the_same_fact(
    history: list[Statement], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(history + history[: len(history) // 2]))
    first, second = told(history), told(again)
    assert [fact.standing for fact in first[-1:]] == [fact.standing for fact in second[-1:]]


@given(histories)
def test_versions_count_the_changes_from_one_without_a_gap(history: list[Statement]) -> None:
    assert [fact.version for fact in told(history)] == list(range(1, len(told(history)) + 1))


@given(histories)
def test_hearing_everything_again_changes_nothing(history: list[Statement]) -> None:
    assert told(history + history) == told(history)


def test_of_several_completions_the_earliest_stands() -> None:
    assert standing([completed(3), completed(1), completed(2)]) == Standing(day(1), revoked=False)


def test_an_explicit_revocation_takes_the_completion_back() -> None:
    assert standing([completed(1), revoked(4)]) == Standing(day(1), revoked=True)


def test_a_revocation_that_names_the_instant_of_the_completion_takes_it_back() -> None:
    assert standing([completed(1), revoked(1)]) == Standing(day(1), revoked=True)


def test_a_revocation_without_a_completion_is_no_fact_yet() -> None:
    assert standing([revoked(1)]) is None


def test_a_completion_later_than_the_revocation_counts_again() -> None:
    history = [completed(1), revoked(2), completed(3), completed(4)]
    assert standing(history) == Standing(day(3), revoked=False)


def test_a_revocation_heard_late_leaves_the_completion_after_it() -> None:
    assert told([completed(1), completed(3), revoked(2)])[-1].standing == Standing(
        day(3), revoked=False
    )


def test_a_course_that_has_left_the_file_keeps_what_it_counted_for() -> None:
    before = decide(MODULE, [completed(1)], TARGET, None)
    after = decide(MODULE, [completed(0), completed(1)], None, before)
    assert after is not None
    assert (after.target, after.version) == (TARGET, 2)


def test_a_course_that_counts_for_something_else_now_is_a_change() -> None:
    before = decide(MODULE, [completed(1)], None, None)
    assert before is not None
    assert before.target == Target()
    after = decide(MODULE, [completed(1)], TARGET, before)
    assert after == Fact(MODULE, Standing(day(1), revoked=False), TARGET, 2)


def test_a_completion_is_effective_on_the_institutions_civil_day() -> None:
    late = datetime(2023, 12, 2, 4, 30, tzinfo=UTC)
    fact = Fact(MODULE, Standing(late, revoked=False), TARGET, 1)
    assert fact.effective_on("America/New_York") == date(2023, 12, 1)


@settings(max_examples=500, deadline=None)
@given(histories, st.integers(0, 8))
def test_what_is_learned_from_the_own_topic_is_the_fact_and_stands_when_it_is_said_again(
    history: list[Statement], backed_up: int
) -> None:
    published = told(history)
    backup = set(history[:backed_up])
    behind = told(history[:backed_up])
    fact = learn(backup, behind[-1] if behind else None, published)

    assert fact == (published[-1] if published else None)
    if fact is not None:
        assert standing(backup) == fact.standing
        again = decide(MODULE, backup | set(history), TARGET, fact)
        assert again is not None
        assert again.standing.revoked == fact.standing.revoked
        assert again is fact or fact.standing.revoked


@settings(deadline=None)
@given(histories, st.integers(0, 8), st.randoms())
def test_learning_again_or_in_another_order_changes_nothing(
    history: list[Statement], backed_up: int, chance: random.Random
) -> None:
    published = told(history)
    once, again = set(history[:backed_up]), set(history[:backed_up])
    fact = learn(once, None, published)
    shuffled = [*published, *published]
    chance.shuffle(shuffled)
    assert learn(again, None, shuffled) == fact
    assert again == once
    assert learn(again, fact, published) is fact


def fits(by: MatchedBy, person_id: str, human: str | None = None) -> Candidate:
    return Candidate(by, person_id, human or person_id)


def test_an_institute_id_outranks_a_login_and_a_login_an_address() -> None:
    by_id, by_login = fits(MatchedBy.ID, "p1"), fits(MatchedBy.LOGIN, "p2")
    by_address = fits(MatchedBy.EMAIL, "p3")
    assert match([by_address, by_login, by_id]) == "p1"
    assert match([by_address, by_login]) == "p2"


def test_an_address_two_people_share_matches_neither() -> None:
    assert match([fits(MatchedBy.EMAIL, "p1"), fits(MatchedBy.EMAIL, "p2")]) is None
    assert match([]) is None


def test_an_address_that_several_ids_of_one_human_share_means_the_one_they_went_into() -> None:
    alias = fits(MatchedBy.EMAIL, "alias", "survivor")
    assert match([alias, fits(MatchedBy.EMAIL, "survivor")]) == "survivor"
    assert match([alias, fits(MatchedBy.EMAIL, "other", "survivor")]) == "survivor"
    assert match([alias, fits(MatchedBy.EMAIL, "stranger")]) is None


def test_an_address_of_an_alias_alone_means_the_alias() -> None:
    assert match([fits(MatchedBy.EMAIL, "alias", "survivor")]) == "alias"


@pytest.mark.parametrize("written", ["Ada@Example.EDU ", "ada@example.edu", "ADA@EXAMPLE.EDU"])
def test_addresses_are_compared_without_case_or_blanks_around(written: str) -> None:
    assert fold(written) == "ada@example.edu"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert fold("rene\u0301") == fold("ren\u00e9")


def test_a_pseudonym_needs_the_key_to_be_made_again() -> None:
    assert pseudonym("lms/ada", b"key one") == pseudonym("lms/ada", b"key one")
    assert pseudonym("lms/ada", b"key one") != pseudonym("lms/ada", b"key two")
    assert pseudonym("lms/ada", b"key one") != pseudonym("lms/bob", b"key one")
