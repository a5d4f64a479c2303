"""A mail server whose answers a test scripts."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Script:
    """Keeps what it accepts. ``rcpt``, ``mail`` and ``data`` are answers by recipient, used once each."""

    def __init__(self) -> None:
        self.accepted: list[bytes] = []
        self.connections = 0
        #: Addresses that something accepted came from.
        self.senders: set[str] = set()
        #: Seconds to wait before a message is taken, and after it before saying so.
        self.wait_before, self.wait_after = 0.0, 0.0
        self.mail: list[str] = []
        self.rcpt: list[str] = []
        self.data: list[str] = []
        #: Accept that many messages and cut the line before saying so.
        self.drops = 0
        #: Never answer that many messages; or answer them a letter at a time for so many seconds.
        self.hangs = 0
        self.dribbles = 0.0
        #: Commands as they came, their words in capitals.
        self.commands: list[str] = []
        self.is_password_right = True
        self.options: dict[str, Any] = {
            "auth_require_tls": False,
            "authenticator": lambda *args: AuthResult(success=self.is_password_right, handled=False),
        }

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.accepted]  # type: ignore[misc]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        self.commands.append("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append("MAIL")
        if self.mail:
            return self.mail.pop(0)
        await asyncio.sleep(self.wait_before)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt:
            return self.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data:
            return self.data.pop(0)
        self.accepted.append(bytes(envelope.content or b""))
        self.senders.add(str(envelope.mail_from))
        await asyncio.sleep(self.wait_after)
        if self.drops:
            self.drops -= 1
            assert server.transport is not None
            server.transport.abort()
            return "250 never heard"
        if self.hangs:
            self.hangs -= 1
            await asyncio.sleep(3)
        if self.dribbles:
            lasts, self.dribbles = self.dribbles, 0.0
            for _ in range(int(lasts / 0.1)):
                if server.transport is None or server.transport.is_closing():
                    break
                server.transport.write(b"250-still\r\n")
                await asyncio.sleep(0.1)
        return "250 OK"


class AnyPort(Controller):
    """A server on whichever port is free; ``port`` tells which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
