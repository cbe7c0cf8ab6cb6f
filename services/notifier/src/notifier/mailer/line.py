"""One SMTP connection, taken through its stages one by one.

aiosmtplib sends DATA and the message in one call, so that a lost connection leaves open which of
the two was reached; here they are two steps, because the first is surely unsent and the second not.
"""

from __future__ import annotations

import time

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from notifier.domain import Result, Stage, Verdict, read_reply
from notifier.rendering import Rendered
from notifier.settings import NotifierSettings

IDLE_S = 15.0  # servers cut silent connections; leaving first spares a failed delivery
START_INPUT = 354
_TROUBLE = (SMTPException, OSError, TimeoutError)


class Unsent(Exception):
    """The server surely has nothing; `result` says what to do with the mail."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


class Line:
    """A connection to the relay, opened when first needed; closed on any doubt about its state."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._smtp = self._client()
        self._used_at = 0.0
        self._offering = False
        self.message_begun = False

    @property
    def idle(self) -> bool:
        """Whether it is open and has not been used for a while."""
        return self._smtp.is_connected and time.monotonic() - self._used_at > IDLE_S

    def close(self) -> None:
        """Cut the connection without a word."""
        self._smtp.close()

    async def quit(self) -> None:
        """Say goodbye, if there is anybody."""
        try:
            if self._smtp.is_connected:
                await self._smtp.quit(timeout=2)
        except _TROUBLE:
            pass
        finally:
            self._smtp.close()

    async def offer(self, mail: Rendered) -> None:
        """Up to and with RCPT. Raises Unsent when the server does not want the mail, or is gone."""
        self.message_begun = False
        await self._connect()
        stage = Stage.MAIL
        try:
            if self._offering:
                await self._smtp.rset()
            self._offering = True
            await self._smtp.mail(mail.mail_from)
            stage = Stage.RCPT
            await self._smtp.rcpt(mail.rcpt_to)
        except BaseException as error:
            raise self._unsent(stage, error) from None

    async def transmit(self, mail: Rendered) -> Result:
        """DATA, the message and its final dot; the answer to the dot, judged.

        Raises Unsent when the message was never begun. After a cancellation `message_begun` says
        whether the mail is uncertain.
        """
        try:
            reply = await self._smtp.execute_command(b"DATA")
            if reply.code != START_INPUT:
                raise SMTPResponseException(reply.code, reply.message)
        except BaseException as error:
            raise self._unsent(Stage.DATA, error) from None
        try:
            result = await self._message(mail.raw)
        except BaseException:
            self.close()
            raise
        if result.verdict is Verdict.UNCERTAIN:
            self.close()
        self._offering = False
        self._used_at = time.monotonic()
        return result

    async def _message(self, raw: bytes) -> Result:
        self.message_begun = True
        protocol = self._smtp.protocol
        if protocol is None:
            return read_reply(Stage.DOT, None)
        try:
            protocol.write(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            answer = await protocol.read_response(timeout=self._settings.smtp_reply_timeout_s)
        except SMTPResponseException as error:
            return read_reply(Stage.DOT, error.code)
        except _TROUBLE:
            return read_reply(Stage.DOT, None)
        return read_reply(Stage.DOT, answer.code, answer.message)

    async def _connect(self) -> None:
        if self._smtp.is_connected:
            return
        self._smtp.close()
        self._smtp = self._client()
        self._offering = False
        try:
            await self._smtp.connect()
            await self._smtp.ehlo()
        except BaseException as error:
            raise self._unsent(Stage.CONNECT, error) from None

    def _client(self) -> SMTP:
        settings = self._settings
        password = settings.smtp_password
        return SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            start_tls=settings.smtp_starttls,
            username=settings.smtp_user,
            password=password.get_secret_value() if password else None,
            local_hostname=settings.envelope_domain,
            timeout=settings.smtp_timeout_s,
        )

    def _unsent(self, stage: Stage, error: BaseException) -> BaseException:
        """What to raise for an error before the message: Unsent, or `error` itself.

        Only a plain refusal leaves the connection in step; after anything else it is closed.
        """
        if isinstance(error, SMTPResponseException):
            result = read_reply(stage, error.code, error.message)
            if isinstance(error, SMTPAuthenticationError):
                result = Result(Verdict.STOP, f"{stage}_{error.code}")
        elif isinstance(error, OSError | TimeoutError):
            result = read_reply(stage, None)
        elif isinstance(error, SMTPException):
            # TLS or a login was asked for, and the server offers none.
            result = Result(Verdict.STOP, f"{stage}_not_supported")
        else:
            self.close()
            return error
        if result.verdict is Verdict.SOON or stage is Stage.CONNECT:
            self.close()
        return Unsent(result)
