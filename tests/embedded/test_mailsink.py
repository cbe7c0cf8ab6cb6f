"""The mail sink never says 250 to a message it could lose, nor loses one it said 250 to."""

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded.journal import AcceptedMail, Journal, read_journal
from embedded.mailserver import MailServer


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[MailServer]:
    server = MailServer(tmp_path)
    server.start()
    yield server
    server.kill()


def test_a_message_is_in_the_journal_when_the_sink_is_killed_right_after_250(
    mail: MailServer,
) -> None:
    client = smtplib.SMTP(mail.host, mail.port)
    client.sendmail("office@example.org", ["ada@example.org"], _message("<1@example.org>"))
    mail.kill()
    client.close()

    (accepted,) = mail.accepted()
    assert accepted.message_id == "<1@example.org>"
    assert accepted.mail_from == "office@example.org"
    assert accepted.rcpt_to == ("ada@example.org",)
    assert accepted.raw == _message("<1@example.org>")


def test_a_restarted_sink_adds_to_the_same_journal_at_the_same_port(mail: MailServer) -> None:
    _send(mail, "<before@example.org>")
    mail.kill()
    mail.start()
    _send(mail, "<after@example.org>")

    ids = [accepted.message_id for accepted in mail.accepted()]
    assert ids == ["<before@example.org>", "<after@example.org>"]


def test_every_message_of_many_connections_at_once_is_journaled_once(mail: MailServer) -> None:
    sent = [f"<{number}@example.org>" for number in range(100)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda message_id: _send(mail, message_id), sent))

    assert sorted(each.message_id for each in mail.accepted()) == sorted(sent)


def test_a_torn_last_line_is_neither_read_nor_glued_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "mails.jsonl"
    first, second = (
        AcceptedMail.of(_message(each), mail_from="a@b", rcpt_to=("c@d",), received_at=0.0)
        for each in ("<1@b>", "<2@b>")
    )
    path.write_bytes(first.to_line() + second.to_line()[:40])
    assert list(read_journal(path)) == [first]

    journal = Journal(path)
    journal.append([second.to_line()])
    journal.close()
    assert list(read_journal(path)) == [first, second]


def _send(mail: MailServer, message_id: str) -> None:
    with smtplib.SMTP(mail.host, mail.port) as client:
        client.sendmail("office@example.org", ["ada@example.org"], _message(message_id))


def _message(message_id: str) -> bytes:
    return f"Message-ID: {message_id}\r\nSubject: Due\r\n\r\nYour training.\r\n".encode()
