"""Who is away, back, called for again, or reachable after all."""

import asyncio
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from support.faulty_smtp import Fault
from support.notifiers import (
    Notifier,
    Sending,
    completed,
    contact,
    obligation,
    person,
    reminder,
)
from support.waiting import eventually

LATER = date(2023, 12, 15)


async def reason(notifier: Notifier, who: str, mail: str) -> str | None:
    return (await notifier.mails(who))[mail].reason


async def stop(notifier: Notifier) -> None:
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("INSERT INTO stop_switch VALUES ('all', '', 'test')")


@pytest.mark.parametrize("kind", ["reminder", "due_soon", "overdue"])
async def test_nobody_is_reminded_while_away(sending: Sending, kind: str) -> None:
    notifier, who = sending.notifier, f"away-{kind}"
    await notifier.take(contact(who), obligation(who))
    await notifier.becomes(who, release_1="accepted")
    await stop(notifier)
    await notifier.take(reminder(who, kind=kind))
    await notifier.rest()
    await notifier.take(obligation(who, version=2, paused=True))
    await notifier.rest()
    await notifier.resume_everything()
    await notifier.rest()

    assert await reason(notifier, who, f"{kind} 1") == "paused"
    assert sending.recipients == [who]


async def test_who_comes_back_is_told_the_new_due_day_once_for_each_leave(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, await sending.release()
    await notifier.becomes(who, release_1="accepted")
    for number in (1, 2):
        away = obligation(who, version=2 * number, paused=True, resumed=number - 1)
        back = obligation(who, version=2 * number + 1, resumed=number, due_on=LATER)
        await notifier.take(away)
        await notifier.rest()
        await notifier.take(back)
        await notifier.rest()
    await notifier.becomes(
        who, release_1="accepted", back_from_leave_1="accepted", back_from_leave_2="accepted"
    )

    message = message_from_bytes(sending.smtp.accepted[-1][1], policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert message["Subject"].startswith("Welcome back, due December 15, 2023")
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        text = part.get_content().lower()
        assert "december 15, 2023" in text
        assert not {"leave", "medical", "parental", "military", "sabbatical"} & set(text.split())


async def test_who_comes_back_and_is_done_is_told_nothing(sending: Sending) -> None:
    notifier, who = sending.notifier, await sending.release()
    await notifier.becomes(who, release_1="accepted")
    await notifier.take(completed(who, resumed=1))
    await notifier.rest()

    await notifier.becomes(who, release_1="accepted", confirmation_1="accepted")


async def test_a_release_given_up_when_its_person_left_goes_out_when_the_person_is_back(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, "returner"
    await stop(notifier)
    await notifier.take(contact(who), obligation(who))
    await notifier.becomes(who, release_1="planned")
    for version, status in ((2, "ended"), (4, "exempt"), (6, "not_in_scope")):
        await notifier.take(obligation(who, version=version, status=status))
        await notifier.becomes(who, release_1="cancelled")
        assert await reason(notifier, who, "release 1") == status
        await notifier.take(obligation(who, version=version + 1, due_on=LATER))
        await notifier.becomes(who, release_1="planned")
    await notifier.resume_everything()
    await notifier.becomes(who, release_1="accepted")
    await notifier.take(*(obligation(who, version=v, status="ended") for v in (2, 8)))
    await notifier.take(*(obligation(who, version=v) for v in (3, 5, 9)))
    await notifier.rest()

    assert sending.recipients == [who]


async def test_a_release_without_an_address_goes_out_when_there_is_one(sending: Sending) -> None:
    notifier, who = sending.notifier, "late-address"
    await notifier.take(contact(who, email=None), obligation(who))
    await notifier.becomes(who, release_1="failed")
    await notifier.take(contact(who, version=2, email="not an address"))
    await notifier.rest()
    await notifier.becomes(who, release_1="failed")
    await notifier.take(contact(who, version=3))
    await notifier.becomes(who, release_1="accepted")
    await notifier.take(contact(who, version=4, email="again@example.edu"))
    await notifier.rest()

    assert sending.recipients == [who]


async def test_an_address_that_comes_when_nothing_is_called_for_brings_no_mail(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, "too-late"
    await notifier.take(contact(who, email=None), obligation(who))
    await notifier.becomes(who, release_1="failed")
    await notifier.take(obligation(who, version=2, status="ended"))
    await notifier.rest()
    await notifier.take(contact(who, version=2))
    await notifier.rest()

    await notifier.becomes(who, release_1="failed")


async def test_what_a_server_refused_is_not_tried_again_at_every_new_contact(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, "refused"
    sending.smtp.fault("RCPT", "550 5.1.1 no such user")
    await notifier.take(contact(who), obligation(who))
    await notifier.becomes(who, release_1="failed")
    await notifier.take(contact(who, version=2, display_name="Married"))
    await notifier.rest()

    await notifier.becomes(who, release_1="failed")


async def test_a_mail_held_after_its_recipient_was_named_is_not_sent(sending: Sending) -> None:
    notifier, smtp, who = sending.notifier, sending.smtp, "sudden"
    heard = asyncio.Event()
    smtp.fault("RCPT", Fault(until=heard))
    await notifier.take(contact(who), obligation(who))
    await eventually(lambda: smtp.reached["RCPT"], timeout=20)
    await notifier.take(person(who, hold=True))
    await eventually(lambda: _is_held(notifier, who), timeout=20)
    heard.set()

    await notifier.becomes(who, release_1="withheld")
    assert (sending.recipients, smtp.reached["DATA"]) == ([], 0)


async def test_a_mail_put_off_by_the_server_is_withheld_within_seconds_of_the_hold(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, "greylisted"
    await stop(notifier)
    await notifier.take(contact(who), obligation(who))
    await notifier.becomes(who, release_1="planned")
    async with notifier.runtime.pool.acquire() as connection:
        await connection.execute("UPDATE mail SET not_before = now() + interval '1 hour'")
    await notifier.resume_everything()
    await notifier.take(obligation(who, version=2, hold=True))

    await notifier.becomes(who, release_1="withheld")


async def test_the_erased_get_no_mail_that_was_withheld_put_off_or_given_up(
    sending: Sending,
) -> None:
    notifier, who = sending.notifier, "forgotten"
    await notifier.take(contact(who), obligation(who, hold=True))
    await notifier.becomes(who, release_1="withheld")
    await notifier.erase(who)
    await notifier.becomes(who, release_1="cancelled")
    assert await reason(notifier, who, "release 1") == "erased"
    await notifier.erase(who)  # the roster says it again after a restore
    await notifier.take(contact(who, version=2), obligation(who, version=2))
    await notifier.rest()
    await notifier.becomes(who, release_1="cancelled")
    await notifier.take(completed(who, version=3))

    await notifier.becomes(who, release_1="cancelled", confirmation_1="accepted")


async def _is_held(notifier: Notifier, who: str) -> bool:
    async with notifier.runtime.pool.acquire() as connection:
        return bool(await connection.fetchval("SELECT hold FROM person WHERE person_id = $1", who))
