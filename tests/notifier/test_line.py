"""One connection to a real SMTP server: logging in, encryption asked for, dots, goodbye."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from embedded.ports import free_port
from notifier.domain import Verdict
from notifier.mailer.line import Line, Unsent
from notifier.rendering import Rendered, Renderer, load_institution
from notifier.settings import NotifierSettings
from support.faulty_smtp import FaultySmtp
from support.notifiers import TOKEN, cycle, outgoing


class Kept:
    """Keeps every message it accepts."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        return "250 2.0.0 ok"


def check_login(_: Any, __: Any, ___: Any, ____: Any, given: LoginPassword) -> AuthResult:
    return AuthResult(success=given.password == b"secret", handled=False)


@asynccontextmanager
async def server(**options: Any) -> AsyncIterator[tuple[Kept, int]]:
    kept = Kept()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield kept, controller.port
    finally:
        controller.stop()


def line_to(port: int, **changes: Any) -> Line:
    fields = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_timeout_s": 3}
    needed = {"database_url": "-", "kafka_bootstrap": "-", "machine_token": TOKEN}
    return Line(NotifierSettings.model_validate(needed | fields | changes))


def rendered() -> Rendered:
    made = Renderer(load_institution(None), "mail.example.edu", b"a key of sixteen")
    made.use_cycles({"2023-24": cycle()})
    return made.render(outgoing())


async def test_the_server_gets_the_very_bytes_dots_included() -> None:
    mail = rendered()
    dotted = replace(mail, raw=mail.raw + b"\r\n.\r\n..two\r\n.hidden\r\n")
    async with server() as (kept, port):
        line = line_to(port)
        for each in (mail, dotted):
            await line.offer(each)
            assert (await line.transmit(each)).verdict is Verdict.ACCEPTED
        await line.quit()
    assert kept.messages == [mail.raw, dotted.raw]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_login_is_used_when_there_is_one() -> None:
    options = {"authenticator": check_login, "auth_required": True, "auth_require_tls": False}
    async with server(**options) as (kept, port):
        line = line_to(port, smtp_user="rollcall", smtp_password="secret")
        await line.offer(rendered())
        assert (await line.transmit(rendered())).verdict is Verdict.ACCEPTED
        await line.quit()
        assert len(kept.messages) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("login", [{"smtp_user": "rollcall", "smtp_password": "wrong"}, {}])
async def test_a_wrong_or_missing_login_stops_everything(login: dict[str, str]) -> None:
    options = {"authenticator": check_login, "auth_required": True, "auth_require_tls": False}
    async with server(**options) as (kept, port):
        line = line_to(port, **login)
        with pytest.raises(Unsent) as unsent:
            await line.offer(rendered())
        line.close()
        assert unsent.value.result.verdict is Verdict.STOP
        assert kept.messages == []


async def test_without_the_encryption_that_was_asked_for_nothing_is_sent(
    smtp: FaultySmtp,
) -> None:
    line = line_to(smtp.port, smtp_starttls=True)
    with pytest.raises(Unsent) as unsent:
        await line.offer(rendered())
    assert unsent.value.result.verdict is Verdict.STOP
    assert unsent.value.result.reason == "connect_not_supported"
    assert smtp.reached["MAIL"] == 0


async def test_a_server_that_is_not_there_is_tried_again_soon() -> None:
    with pytest.raises(Unsent) as unsent:
        await line_to(free_port()).offer(rendered())
    assert unsent.value.result.verdict is Verdict.SOON
