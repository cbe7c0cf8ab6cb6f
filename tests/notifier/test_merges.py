"""Two ids of one human: each mail once, none lost, whichever topic is read first."""

from itertools import permutations

import pytest

from notifier.handlers import read_balance
from schemas.envelope import Event
from schemas.rollout import ObligationChanged
from support.faulty_smtp import Fault
from support.notifiers import (
    RECEIVED,
    Notifier,
    Sending,
    completed,
    contact,
    obligation,
    person,
    reminder,
)


def gone_into_another(who: str, **changes: object) -> ObligationChanged:
    """The alias's obligation after the merge."""
    fields = {"version": 2, "status": "not_in_scope", "rule": "merged"} | changes
    return obligation(who, **fields)


async def reasons(notifier: Notifier, who: str) -> dict[str, str | None]:
    return {name: mail.reason for name, mail in (await notifier.mails(who)).items()}


async def stop(notifier: Notifier) -> None:
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("INSERT INTO stop_switch VALUES ('all', '', 'test')")


def the_merge(alias: str, survivor: str) -> dict[str, Event]:
    """What is published of it, on three topics or partitions that nobody keeps in step."""
    return {
        "person": person(alias, version=2, merged_into=survivor),
        "alias": gone_into_another(alias),
        "survivor": obligation(survivor, version=2, merged_from=(alias,)),
    }


ORDERS = list(permutations(("person", "alias", "survivor")))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_a_mail_the_alias_has_is_not_sent_to_the_survivor_again(
    sending: Sending, order: tuple[str, ...]
) -> None:
    notifier, name = sending.notifier, "-".join(order)
    alias, survivor = f"sent-a-{name}", f"sent-s-{name}"
    await notifier.take(contact(alias), contact(survivor), obligation(alias))
    await notifier.becomes(alias, release_1="accepted")
    events = the_merge(alias, survivor)
    for each in order:
        await notifier.take(events[each])
        await notifier.rest()

    await notifier.becomes(survivor, release_1="cancelled")
    assert await reasons(notifier, survivor) == {"release 1": "merged"}
    assert sending.recipients == [alias]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_a_mail_that_waits_for_the_alias_goes_to_the_survivor_instead(
    sending: Sending, order: tuple[str, ...]
) -> None:
    notifier, name = sending.notifier, "-".join(order)
    alias, survivor = f"open-a-{name}", f"open-s-{name}"
    await stop(notifier)
    await notifier.take(contact(alias), contact(survivor), obligation(alias), reminder(alias))
    await notifier.becomes(alias, release_1="planned", reminder_1="planned")
    events = the_merge(alias, survivor)
    for each in order:
        await notifier.take(events[each])
        await notifier.rest()
        await notifier.becomes(alias, release_1="cancelled", reminder_1="cancelled")
    assert await reasons(notifier, alias) == {"release 1": "merged", "reminder 1": "merged"}
    await notifier.resume_everything()

    await notifier.becomes(survivor, release_1="accepted")
    assert sending.recipients == [survivor]


async def test_everything_at_once_sends_each_mail_to_one_of_the_two(sending: Sending) -> None:
    notifier = sending.notifier
    for number in range(40):
        alias, survivor = f"race-a-{number}", f"race-s-{number}"
        events = the_merge(alias, survivor)
        await notifier.take(contact(alias), contact(survivor), obligation(alias))
        await notifier.take(*(events[each] for each in ORDERS[number % len(ORDERS)]))
    await notifier.rest()

    humans = [recipient.rpartition("-")[2] for recipient in sending.recipients]
    assert sorted(humans, key=int) == [str(number) for number in range(40)]


async def test_the_survivors_mail_waits_until_it_is_known_whether_the_alias_has_it(
    sending: Sending,
) -> None:
    notifier, smtp = sending.notifier, sending.smtp
    smtp.fault("DOT", "451 4.3.0 not now")  # the alias's is surely unsent
    await notifier.take(contact("slow"), contact("fast"), obligation("slow"))
    await notifier.take(*the_merge("slow", "fast").values())
    await notifier.rest()

    assert len(smtp.accepted) == 1


async def test_a_mail_that_failed_for_the_alias_goes_to_the_survivor(sending: Sending) -> None:
    notifier = sending.notifier
    sending.smtp.fault("RCPT", "550 5.1.1 no such user")
    await notifier.take(contact("gone"), contact("here"), obligation("gone"))
    await notifier.becomes("gone", release_1="failed")
    await notifier.take(*the_merge("gone", "here").values())

    await notifier.becomes("here", release_1="accepted")


async def test_a_mail_of_the_alias_that_may_have_arrived_is_not_repeated(
    sending: Sending,
) -> None:
    notifier = sending.notifier
    sending.smtp.fault("DOT", Fault(drop=True, accept=True))
    await notifier.take(contact("perhaps"), contact("other"), obligation("perhaps"))
    await notifier.becomes("perhaps", release_1="uncertain")
    await notifier.take(*the_merge("perhaps", "other").values())

    await notifier.becomes("other", release_1="cancelled")


async def test_a_completion_confirmed_to_the_alias_in_other_words_is_confirmed(
    sending: Sending,
) -> None:
    notifier = sending.notifier
    welcome = obligation(
        "thanked", status="supplemental", released_at=None, due_on=None, completed_at=RECEIVED
    )
    await notifier.take(contact("thanked"), contact("both"), welcome)
    await notifier.becomes("thanked", supplemental_confirmation_1="accepted")
    await notifier.take(gone_into_another("thanked"), completed("both", merged_from=("thanked",)))

    await notifier.becomes("both", confirmation_1="cancelled", release_1="accepted")


async def test_after_a_split_each_id_gets_what_it_is_called_for_and_never_had(
    sending: Sending,
) -> None:
    notifier = sending.notifier
    await notifier.take(contact("one"), contact("two"), obligation("one"))
    await notifier.becomes("one", release_1="accepted")
    await notifier.take(*the_merge("one", "two").values())
    await notifier.becomes("two", release_1="cancelled")
    await notifier.take(obligation("two", version=3), person("one", version=3))
    await notifier.take(obligation("one", version=3))
    await notifier.rest()

    await notifier.becomes("one", release_1="accepted")
    await notifier.becomes("two", release_1="accepted")
    assert sending.recipients == ["one", "two"]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_a_split_gives_the_alias_its_own_mail_whatever_is_heard_first(
    sending: Sending, order: tuple[str, ...]
) -> None:
    notifier, name = sending.notifier, "-".join(order)
    alias, survivor = f"split-a-{name}", f"split-s-{name}"
    await stop(notifier)
    await notifier.take(contact(alias), contact(survivor), obligation(alias))
    await notifier.rest()
    await notifier.take(*the_merge(alias, survivor).values())
    await notifier.rest()
    await notifier.resume_everything()
    await notifier.becomes(survivor, release_1="accepted")
    apart = {
        "person": person(alias, version=3),
        "alias": obligation(alias, version=3),
        "survivor": obligation(survivor, version=3),
    }
    for each in order:
        await notifier.take(apart[each])
        await notifier.rest()

    await notifier.becomes(alias, release_1="accepted")
    assert sending.recipients == [survivor, alias]


async def test_who_is_split_off_from_somebody_that_was_away_is_not_welcomed_back(
    sending: Sending,
) -> None:
    notifier = sending.notifier
    await notifier.take(contact("traveller"), contact("settled"), obligation("traveller"))
    await notifier.take(
        obligation("traveller", version=2, paused=True),
        obligation("traveller", version=3, resumed=1),
    )
    await notifier.becomes("traveller", release_1="accepted", back_from_leave_1="accepted")
    merge = completed("settled", merged_from=("traveller",), resumed=1)
    await notifier.take(gone_into_another("traveller", version=4, resumed=1), merge)
    await notifier.take(obligation("settled", version=3, resumed=1))
    await notifier.rest()

    assert "back_from_leave 1" not in await notifier.mails("settled")


async def test_the_welcome_back_of_the_alias_is_not_repeated_to_the_survivor(
    sending: Sending,
) -> None:
    notifier = sending.notifier
    await notifier.take(contact("away"), contact("home"), obligation("away"))
    await notifier.take(
        obligation("away", version=2, paused=True), obligation("away", version=3, resumed=1)
    )
    await notifier.becomes("away", release_1="accepted", back_from_leave_1="accepted")
    await notifier.take(obligation("home", merged_from=("away",), resumed=1))
    await notifier.becomes("home", release_1="cancelled", back_from_leave_1="cancelled")
    await notifier.take(obligation("home", version=2, resumed=1), obligation("away", version=4))
    await notifier.becomes("home", release_1="accepted", back_from_leave_1="cancelled")


async def test_a_held_mail_of_the_alias_is_given_up_too(sending: Sending) -> None:
    notifier = sending.notifier
    await notifier.take(contact("held"), obligation("held", hold=True))
    await notifier.becomes("held", release_1="withheld")
    await notifier.take(person("held", merged_into="another"))

    await notifier.becomes("held", release_1="cancelled")


async def test_replaying_a_merge_and_a_split_sends_and_changes_nothing(sending: Sending) -> None:
    notifier = sending.notifier
    history = [
        contact("a"),
        contact("b"),
        obligation("a"),
        *the_merge("a", "b").values(),
        person("a", version=3),
        obligation("a", version=3),
        obligation("b", version=3),
    ]
    for event in history:
        await notifier.take(event)
        await notifier.rest()
    before, accepted = await notifier.mails(), sending.smtp.ids()

    await notifier.take(*history, *reversed(history))
    await notifier.rest()

    assert sending.smtp.ids() == accepted
    assert await notifier.mails() == before


async def test_the_books_balance_after_all_of_this(sending: Sending) -> None:
    await sending.notifier.rest()
    async with sending.notifier.runtime.pool.acquire() as connection:
        balance = await read_balance(connection)

    places = ("accepted", "failed", "uncertain", "cancelled", "withheld", "open")
    assert balance["balanced"]
    assert balance["planned"] == sum(balance[place] for place in places)
    assert balance["open"] == 0
    assert "merged" in {row["reason"] for row in balance["reasons"] if row["state"] == "cancelled"}
