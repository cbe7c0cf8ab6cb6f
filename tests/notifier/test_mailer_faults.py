"""Every way a mail server can fail, and what the ledger says afterwards."""

import asyncio

import pytest

from support.faulty_smtp import DROP, Fault, Stage
from support.notifiers import Sending, completed, reminder
from support.waiting import eventually


async def test_a_release_is_mailed_once(sending: Sending) -> None:
    first = await sending.release()

    await sending.notifier.becomes(first, release_1="accepted")
    assert sending.recipients == [first]
    assert (await sending.notifier.mails(first))["release 1"].version == 3


@pytest.mark.parametrize(
    ("stage", "how"),
    [
        *((stage, DROP) for stage in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA")),
        *((stage, Fault(reply="421 4.3.2 going down")) for stage in ("CONNECT", "MAIL", "DATA")),
        *((stage, Fault(reply="xx?")) for stage in ("EHLO", "RCPT", "DATA")),
    ],
)
async def test_what_breaks_before_the_message_is_sent_again(
    sending: Sending, stage: Stage, how: Fault
) -> None:
    sending.smtp.fault(stage, how, times=2)

    first = await sending.release()

    await sending.notifier.becomes(first, release_1="accepted")
    assert len(sending.smtp.accepted) == 1
    assert sending.smtp.reached[stage] >= 3


async def test_a_server_that_goes_silent_before_the_message_is_left_and_asked_again(
    sending: Sending,
) -> None:
    sending.smtp.fault("RCPT", Fault(until=asyncio.Event()))

    first = await sending.release()

    await sending.notifier.becomes(first, release_1="accepted")
    assert len(sending.smtp.accepted) == 1


@pytest.mark.parametrize(
    "how",
    [
        Fault(drop=True, accept=True),
        Fault(drop=True),
        Fault(until=asyncio.Event(), accept=True),
        Fault(reply="what?", accept=True),
        Fault(reply="421 4.3.2 going down", accept=True),
        Fault(reply="354 go on", accept=True),
    ],
    ids=["accept+reset", "reset", "accept+silence", "accept+garbage", "accept+421", "accept+354"],
)
async def test_no_clear_answer_to_the_dot_leaves_the_mail_uncertain_for_good(
    sending: Sending, how: Fault
) -> None:
    sending.smtp.fault("DOT", how)

    first = await sending.release()
    await sending.notifier.becomes(first, release_1="uncertain")
    second = await sending.release()
    await sending.notifier.becomes(second, release_1="accepted")

    assert (await sending.notifier.mails(first))["release 1"].state == "uncertain"
    assert sending.recipients.count(first) == int(how.accept)


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "DOT"])
async def test_a_server_that_asks_to_come_later_is_obeyed(sending: Sending, stage: Stage) -> None:
    sending.smtp.fault(stage, "451 4.7.1 greylisted, come back later", times=2)

    first = await sending.release()

    await sending.notifier.becomes(first, release_1="accepted")
    assert len(sending.smtp.accepted) == 1
    assert sending.smtp.reached[stage] == 3


@pytest.mark.parametrize(
    ("stage", "answer", "reason"),
    [
        ("RCPT", "550 5.1.1 no such user", "rcpt_5.1.1"),
        ("RCPT", "550 no such user", "rcpt_550"),
        ("RCPT", "552 5.2.2 mailbox full", "rcpt_5.2.2"),
        ("DOT", "554 5.6.0 not like this", "dot_5.6.0"),
    ],
)
async def test_a_dead_address_fails_its_own_mail_only(
    sending: Sending, stage: Stage, answer: str, reason: str
) -> None:
    sending.smtp.fault(stage, answer)

    first = await sending.release()
    await sending.notifier.becomes(first, release_1="failed")
    second = await sending.release()

    await sending.notifier.becomes(second, release_1="accepted")
    assert (await sending.notifier.mails(first))["release 1"].reason == reason
    assert sending.recipients == [second]


@pytest.mark.parametrize(
    ("stage", "answer", "reason"),
    [
        ("MAIL", "530 5.7.0 authentication required", "mail_5.7.0"),
        ("MAIL", "553 5.1.8 sender refused", "mail_5.1.8"),
        ("RCPT", "550 5.7.1 relaying denied", "rcpt_5.7.1"),
        ("RCPT", "535 credentials invalid", "rcpt_535"),
        ("DOT", "550 5.7.1 looks like spam", "dot_5.7.1"),
    ],
)
async def test_a_refusal_of_us_stops_everything_and_fails_nobody(
    sending: Sending, stage: Stage, answer: str, reason: str
) -> None:
    sending.smtp.fault(stage, answer)

    first = await sending.release()
    await eventually(sending.notifier.stopped, timeout=10)
    second = await sending.release()
    await sending.notifier.rest()

    assert await sending.notifier.stopped() == [reason]
    await sending.notifier.becomes(first, release_1="planned")
    await sending.notifier.becomes(second, release_1="planned")
    assert sending.smtp.accepted == []

    await sending.notifier.resume_everything()
    await sending.notifier.becomes(first, release_1="accepted")
    await sending.notifier.becomes(second, release_1="accepted")


async def test_a_completion_that_arrives_while_the_mail_is_at_the_server_wins(
    sending: Sending,
) -> None:
    at_server = asyncio.Event()
    first = await sending.release()
    await sending.notifier.becomes(first, release_1="accepted")
    sending.smtp.fault("RCPT", Fault(until=at_server))

    reached = sending.smtp.reached["RCPT"]
    await sending.notifier.take(reminder(first))
    await eventually(lambda: sending.smtp.reached["RCPT"] > reached)
    await sending.notifier.take(completed(first))
    await eventually(lambda: _planned(sending, first))
    at_server.set()

    await sending.notifier.becomes(
        first, release_1="accepted", reminder_1="cancelled", confirmation_1="accepted"
    )
    assert len(sending.smtp.accepted) == 2


async def _planned(sending: Sending, person_id: str) -> bool:
    return "confirmation 1" in await sending.notifier.mails(person_id)
