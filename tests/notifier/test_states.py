"""The states of a mail, walked at random by a server that may do anything."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notifier.domain import MAY_FOLLOW, Result, Stage, State, Verdict, may_follow, read_reply

SURELY_UNSENT = [stage for stage in Stage if stage is not Stage.DOT]
ANSWERS = st.one_of(st.none(), st.just(-1), st.integers(100, 599))


class OneMail(RuleBasedStateMachine):
    """A server that does anything at any stage, and a mail that follows the verdicts."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.PLANNED
        self.taken = 0

    def _pass_to(self, state: State) -> None:
        if state is not self.state:
            assert may_follow(state, after=self.state)
        self.state = state

    def _follow(self, result: Result) -> None:
        finals = {Verdict.ACCEPTED, Verdict.FAILED, Verdict.UNCERTAIN}
        final = result.verdict in finals
        self._pass_to(State(result.verdict.value) if final else State.PLANNED)

    @precondition(lambda self: self.state is State.PLANNED)
    @rule(reason=st.sampled_from([State.CANCELLED, State.WITHHELD]))
    def is_decided_against(self, reason: State) -> None:
        self._pass_to(reason)

    @precondition(lambda self: self.state is State.WITHHELD)
    @rule()
    def hold_ends(self) -> None:
        self._pass_to(State.PLANNED)

    @precondition(lambda self: self.state is State.WITHHELD)
    @rule()
    def is_merged_or_erased_while_on_hold(self) -> None:
        self._pass_to(State.CANCELLED)

    @precondition(lambda self: self.state in (State.CANCELLED, State.FAILED))
    @rule()
    def is_called_for_again(self) -> None:
        self._pass_to(State.PLANNED)

    @precondition(lambda self: self.state is State.PLANNED)
    @rule(stage=st.sampled_from([Stage.CONNECT, Stage.MAIL, Stage.RCPT]), code=ANSWERS)
    def breaks_before_it_is_begun(self, stage: Stage, code: int | None) -> None:
        self._follow(read_reply(stage, code))

    @precondition(lambda self: self.state is State.PLANNED)
    @rule()
    def begins(self) -> None:
        self._pass_to(State.SENDING)

    @precondition(lambda self: self.state is State.SENDING)
    @rule(code=ANSWERS)
    def data_is_refused(self, code: int | None) -> None:
        self._follow(read_reply(Stage.DATA, code))

    @precondition(lambda self: self.state is State.SENDING)
    @rule(taken=st.booleans(), code=ANSWERS)
    def is_answered(self, taken: bool, code: int | None) -> None:
        # An honest server: a clear answer tells what it did; silence and garbage tell nothing.
        clear = code is not None and (200 <= code < 300 or (400 <= code < 600 and code != 421))
        self.taken += 200 <= (code or 0) < 300 if clear else taken
        self._follow(read_reply(Stage.DOT, code))

    @precondition(lambda self: self.state is State.SENDING)
    @rule(taken=st.booleans())
    def process_dies(self, taken: bool) -> None:
        self.taken += taken
        self._pass_to(State.UNCERTAIN)

    @precondition(lambda self: not MAY_FOLLOW[self.state])
    @rule()
    def nothing_more_happens(self) -> None:
        assert not any(may_follow(state, after=self.state) for state in State)

    @invariant()
    def is_never_taken_twice(self) -> None:
        assert self.taken <= 1

    @invariant()
    def accepted_means_taken_and_open_means_not(self) -> None:
        if self.state is State.ACCEPTED:
            assert self.taken == 1
        elif self.state is not State.UNCERTAIN:
            assert self.taken == 0


OneMail.TestCase.settings = settings(max_examples=200, stateful_step_count=12, deadline=None)
TestOneMail = OneMail.TestCase


def test_what_the_server_has_or_may_have_stays_there() -> None:
    for state in (State.ACCEPTED, State.UNCERTAIN):
        assert MAY_FOLLOW[state] == frozenset()


def test_what_was_given_up_comes_back_only_to_be_decided_on_again() -> None:
    for state in (State.CANCELLED, State.FAILED):
        assert MAY_FOLLOW[state] == {State.PLANNED}


@pytest.mark.parametrize("stage", SURELY_UNSENT)
@pytest.mark.parametrize("code", [None, -1, 421, 450, 530, 550, 200])
def test_nothing_that_breaks_before_the_dot_is_uncertain(stage: Stage, code: int | None) -> None:
    assert read_reply(stage, code).verdict not in (Verdict.UNCERTAIN, Verdict.ACCEPTED)


@pytest.mark.parametrize(
    ("code", "text", "verdict"),
    [
        (250, "2.0.0 ok", Verdict.ACCEPTED),
        (None, "", Verdict.UNCERTAIN),
        (-1, "", Verdict.UNCERTAIN),
        (354, "", Verdict.UNCERTAIN),
        (421, "4.3.2 bye", Verdict.UNCERTAIN),
        (451, "4.3.0 later", Verdict.LATER),
        (554, "5.6.0 no", Verdict.FAILED),
        (550, "5.7.1 policy", Verdict.STOP),
    ],
)
def test_the_answer_to_the_dot(code: int | None, text: str, verdict: Verdict) -> None:
    assert read_reply(Stage.DOT, code, text).verdict is verdict


def test_a_reason_quotes_nothing_but_codes() -> None:
    said = read_reply(Stage.RCPT, 550, "5.1.1 <alex@example.edu> unknown")
    assert said.reason == "rcpt_5.1.1"
    assert read_reply(Stage.RCPT, 550, "alex@example.edu unknown").reason == "rcpt_550"
