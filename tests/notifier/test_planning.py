"""Which mails an obligation calls for, and whether a planned one may still go out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import (
    Addressee,
    Candidate,
    Kind,
    MailKey,
    Obligation,
    SenderChoice,
    State,
    called_for_again,
    choose_sender,
    decide,
    mails_called_for,
    reminder_ordinal,
    welcome_back,
)
from schemas.notifier import MailKind, MailState

DUE = date(2023, 12, 1)
REACHABLE = Addressee(known=True, address="alex@example.edu")


def owed(status: str = "released", **changes: object) -> Obligation:
    fields = {"released": True, "due_on": DUE} | changes
    return Obligation("p1", "2023-24", "1", status, **fields)  # type: ignore[arg-type]


def called_for(obligation: Obligation) -> list[tuple[str, int]]:
    return [(key.kind.value, key.ordinal) for key in mails_called_for(obligation)]


def decided(
    kind: Kind,
    obligation: Obligation | None,
    addressee: Addressee = REACHABLE,
    *,
    cycle_known: bool = True,
    **changes: object,
) -> tuple[State, str | None]:
    fields: dict[str, object] = {"ordinal": 1, "due_on": DUE if kind.reminds else None} | changes
    mail = Candidate(kind, **fields)  # type: ignore[arg-type]
    made = decide(mail, obligation, addressee, cycle_known=cycle_known, contact_wait_s=30)
    return made.state, made.reason


def test_kinds_and_states_are_those_of_the_contract() -> None:
    assert {kind.value for kind in Kind} <= {kind.value for kind in MailKind}
    assert {state.value for state in State} == {state.value for state in MailState}


def test_the_scheduled_get_no_mail() -> None:
    assert called_for(owed("scheduled", released=False, due_on=None)) == []


def test_a_release_calls_for_one_mail_however_the_status_moves_on() -> None:
    for status in ("released", "overdue", "ended", "exempt"):
        assert called_for(owed(status)) == [("release", 1)]


def test_a_completion_before_the_release_is_confirmed_at_once() -> None:
    assert called_for(owed("scheduled", released=False, completed=True)) == [("confirmation", 1)]


def test_a_completion_late_or_not_is_confirmed() -> None:
    for status in ("completed", "completed_late"):
        assert called_for(owed(status, completed=True)) == [("release", 1), ("confirmation", 1)]


def test_a_completion_made_again_after_it_was_taken_back_is_confirmed_again() -> None:
    assert ("confirmation", 2) in called_for(owed("completed", completed=True, reopened=1))


@pytest.mark.parametrize("status", ["supplemental", "exempt"])
def test_those_who_need_not_are_thanked_in_other_words(status: str) -> None:
    welcome = owed(status, released=False, completed=True)
    assert called_for(welcome) == [("supplemental_confirmation", 1)]


@pytest.mark.parametrize("status", ["not_in_scope", "ended"])
def test_nobody_else_is_mailed_about_a_completion(status: str) -> None:
    assert called_for(owed(status, released=False, completed=True)) == []


def test_both_confirmations_of_a_completion_are_for_one_occasion() -> None:
    required, welcome = (
        MailKey("p1", "2023-24", "1", kind, 1)
        for kind in (Kind.CONFIRMATION, Kind.SUPPLEMENTAL_CONFIRMATION)
    )
    assert required.occasion == welcome.occasion
    assert required.mail_id != welcome.mail_id


def test_a_reminder_that_falls_due_again_is_another_mail() -> None:
    assert reminder_ordinal(2, 1) == 2
    assert reminder_ordinal(2, 2) == 102


@given(st.tuples(*[st.text(min_size=1, max_size=9, alphabet="ab/1\n-")] * 3), st.integers(1, 300))
def test_a_key_always_gives_the_same_id(parts: tuple[str, str, str], ordinal: int) -> None:
    key = MailKey(*parts, Kind.RELEASE, ordinal)
    assert key.mail_id == MailKey(*parts, Kind.RELEASE, ordinal).mail_id
    assert key.mail_id != MailKey(*parts, Kind.RELEASE, ordinal + 1).mail_id


def test_an_open_obligation_is_mailed() -> None:
    for kind in (Kind.RELEASE, Kind.REMINDER, Kind.DUE_SOON, Kind.OVERDUE):
        assert decided(kind, owed()) == (State.SENDING, None)


def test_a_release_goes_out_to_those_who_are_done_already() -> None:
    assert decided(Kind.RELEASE, owed("completed", completed=True)) == (State.SENDING, None)


@pytest.mark.parametrize("kind", [Kind.REMINDER, Kind.DUE_SOON, Kind.OVERDUE])
def test_nobody_who_is_done_is_reminded(kind: Kind) -> None:
    done = owed("completed", completed=True)
    assert decided(kind, done) == (State.CANCELLED, "completed")


@pytest.mark.parametrize("status", ["exempt", "ended", "supplemental", "not_in_scope"])
@pytest.mark.parametrize("kind", [Kind.RELEASE, Kind.REMINDER, Kind.OVERDUE])
def test_nobody_who_does_not_owe_it_any_more_is_asked(kind: Kind, status: str) -> None:
    assert decided(kind, owed(status)) == (State.CANCELLED, status)


def test_a_hold_withholds_every_mail_and_outranks_completion() -> None:
    for kind in Kind:
        held = owed("completed", completed=True, hold=True)
        assert decided(kind, held) == (State.WITHHELD, "hold")
    person_on_hold = Addressee(known=True, address="alex@example.edu", hold=True)
    assert decided(Kind.RELEASE, owed(), person_on_hold) == (State.WITHHELD, "hold")


def test_mail_to_the_erased_is_cancelled() -> None:
    erased = Addressee(known=True, erased=True)
    assert decided(Kind.RELEASE, owed(hold=True), erased) == (State.CANCELLED, "erased")


def test_a_reminder_of_an_earlier_due_day_is_pointless() -> None:
    moved = owed(due_on=date(2023, 12, 15))
    assert decided(Kind.REMINDER, moved) == (State.CANCELLED, "due_moved")


def test_of_several_reminders_that_wait_only_the_last_goes_out() -> None:
    assert decided(Kind.REMINDER, owed(), superseded=True) == (State.CANCELLED, "superseded")


def test_a_reminder_waits_for_the_obligation_it_speaks_of() -> None:
    behind = owed(due_on=date(2023, 11, 20))
    assert decided(Kind.REMINDER, behind) == (State.PLANNED, "projection_behind")
    assert decided(Kind.REMINDER, owed(due_on=None)) == (State.PLANNED, "projection_behind")
    assert decided(Kind.REMINDER, None) == (State.PLANNED, "obligation_unknown")


def test_a_mail_waits_for_its_cycle() -> None:
    waiting = decided(Kind.RELEASE, owed(), cycle_known=False)
    assert waiting == (State.PLANNED, "projection_behind")


def test_a_confirmation_of_what_was_taken_back_is_cancelled() -> None:
    assert decided(Kind.CONFIRMATION, owed()) == (State.CANCELLED, "revoked")
    again = owed("completed", completed=True, reopened=1)
    assert decided(Kind.CONFIRMATION, again) == (State.CANCELLED, "revoked")
    assert decided(Kind.CONFIRMATION, again, ordinal=2) == (State.SENDING, None)


def test_a_contact_that_never_came_is_waited_for_and_then_missed() -> None:
    unknown = Addressee(known=False)
    assert decided(Kind.RELEASE, owed(), unknown, age_s=1.0) == (State.PLANNED, "contact_unknown")
    assert decided(Kind.RELEASE, owed(), unknown, age_s=31.0) == (State.FAILED, "no_address")


def test_a_person_without_an_address_is_visible_at_once() -> None:
    assert decided(Kind.RELEASE, owed(), Addressee(known=True)) == (State.FAILED, "no_address")


@pytest.mark.parametrize(
    "address",
    [
        "alex",
        "alex@",
        "@example.edu",
        "alex@example.edu\r\nRCPT TO:<eve@example.org>",
        "alex@example.edu>",
        "alex smith@example.edu",
        "alëx@example.edu",
        "alex@-example.edu",
        f"{'a' * 65}@example.edu",
        f"alex@{'a' * 260}.edu",
    ],
)
def test_an_address_that_is_none_is_never_put_into_a_command(address: str) -> None:
    bad = Addressee(known=True, address=address)
    assert decided(Kind.RELEASE, owed(), bad) == (State.FAILED, "bad_address")


def test_a_mail_that_was_put_off_for_days_is_given_up() -> None:
    assert decided(Kind.RELEASE, owed(), attempts=100) == (State.FAILED, "gave_up")


def test_mail_comes_from_the_persons_area_else_from_the_last_sender() -> None:
    science = SenderChoice("school-science", "Dean", "dean@example.edu")
    office = SenderChoice(None, "Office", "office@example.edu")
    nobody = SenderChoice(None, "Fallback", "fallback@example.edu")
    assert choose_sender([science, office], ["school-science"], nobody) is science
    assert choose_sender([science, office], ["libraries"], nobody) is office
    assert choose_sender([], ["libraries"], nobody) is nobody


def test_who_is_back_from_a_leave_and_has_it_to_do_is_told_once_for_each_leave() -> None:
    for status in ("released", "overdue"):
        back = owed(status, resumed=2)
        assert welcome_back(back, 1) == back.key(Kind.BACK_FROM_LEAVE, 2)
        assert welcome_back(back, 2) is None
    assert welcome_back(owed(resumed=1, paused=True), 0) is None
    assert welcome_back(owed("completed", completed=True, resumed=1), 0) is None


@pytest.mark.parametrize("kind", [Kind.REMINDER, Kind.DUE_SOON, Kind.OVERDUE])
def test_nobody_is_reminded_while_the_deadline_stands_still(kind: Kind) -> None:
    assert decided(kind, owed(paused=True)) == (State.CANCELLED, "paused")
    assert decided(kind, owed(paused=True, hold=True)) == (State.WITHHELD, "hold")


def test_a_release_and_a_confirmation_go_out_also_during_a_leave() -> None:
    assert decided(Kind.RELEASE, owed(paused=True)) == (State.SENDING, None)
    done = owed("completed", completed=True, paused=True)
    assert decided(Kind.CONFIRMATION, done) == (State.SENDING, None)


def test_a_welcome_back_is_pointless_once_done_away_again_or_back_again() -> None:
    done = owed("completed", completed=True, resumed=1)
    assert decided(Kind.BACK_FROM_LEAVE, owed(resumed=1)) == (State.SENDING, None)
    assert decided(Kind.BACK_FROM_LEAVE, done) == (State.CANCELLED, "completed")
    away = owed(resumed=1, paused=True)
    assert decided(Kind.BACK_FROM_LEAVE, away) == (State.CANCELLED, "paused")
    assert decided(Kind.BACK_FROM_LEAVE, owed(resumed=2)) == (State.CANCELLED, "superseded")


@pytest.mark.parametrize("kind", list(Kind))
def test_an_alias_gets_no_mail_not_even_when_its_hold_ends(kind: Kind) -> None:
    for obligation in (owed(), owed(hold=True), None):
        assert decided(kind, obligation, alias=True) == (State.CANCELLED, "merged")


def test_what_the_alias_has_or_may_have_is_not_sent_and_what_is_under_way_is_waited_for() -> None:
    for twin in (State.ACCEPTED, State.UNCERTAIN):
        assert decided(Kind.RELEASE, owed(), twin=twin) == (State.CANCELLED, "merged")
    under_way = decided(Kind.RELEASE, owed(), twin=State.SENDING)
    assert under_way == (State.PLANNED, "projection_behind")


OPEN_OR_DONE = ("scheduled", "released", "overdue", "completed", "completed_late")
NOT_ASKED = ("exempt", "supplemental", "not_in_scope", "ended")
obligations = st.builds(
    Obligation,
    *(st.just(each) for each in ("p1", "2023-24", "1")),
    status=st.sampled_from(OPEN_OR_DONE + NOT_ASKED),
    hold=st.booleans(),
    released=st.booleans(),
    completed=st.booleans(),
    due_on=st.just(DUE),
    reopened=st.integers(0, 2),
    paused=st.booleans(),
    resumed=st.integers(0, 2),
)


@given(obligations, obligations, st.sampled_from(Kind), st.integers(1, 3))
def test_what_is_planned_again_is_called_for_and_never_a_reminder(
    then: Obligation, now: Obligation, kind: Kind, ordinal: int
) -> None:
    state, reason = decided(kind, then, ordinal=ordinal)
    key = now.key(kind, ordinal)
    again = called_for_again(key, state, reason, now)
    if again:
        assert state is State.CANCELLED
        assert key.occasion in {each.occasion for each in mails_called_for(now)}
        assert not kind.reminds
        assert kind is not Kind.BACK_FROM_LEAVE
    # What an obligation calls for is given up only by its own change, and then it comes back.
    if key in mails_called_for(then) and state is State.CANCELLED and key in mails_called_for(now):
        assert again


@pytest.mark.parametrize("reason", ["completed", "paused", "due_moved", "superseded", "erased"])
def test_some_reasons_are_final(reason: str) -> None:
    key = owed().key(Kind.RELEASE, 1)
    assert not called_for_again(key, State.CANCELLED, reason, owed())


def test_only_a_missing_address_lets_a_failed_mail_be_tried_again() -> None:
    key = owed().key(Kind.RELEASE, 1)
    for reason in ("no_address", "bad_address"):
        assert called_for_again(key, State.FAILED, reason, owed())
    for reason in ("rcpt_5.1.1", "gave_up", "dot_5.6.0"):
        assert not called_for_again(key, State.FAILED, reason, owed())
    for state in (State.ACCEPTED, State.UNCERTAIN, State.SENDING, State.WITHHELD, State.PLANNED):
        assert not called_for_again(key, state, "no_address", owed())
