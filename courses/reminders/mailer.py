"""One connection to the mail server, and what its answers mean."""

import re
import smtplib
import socket
from contextlib import suppress
from email.utils import parseaddr
from functools import lru_cache
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from django.core.mail import EmailMessage, get_connection


class ServerAway(Exception):
    """The server cannot be reached or does not let us in: no message is at fault, and none can go."""


class TryLater(Exception):
    """This message could not go now; the server may take it later."""


class LineBroken(TryLater):
    """The line broke; whether the server took the message is unknown."""


class Refused(Exception):
    """The server will never take this message."""

    def __init__(self, answer: str, *, is_address_bad: bool) -> None:
        super().__init__(answer)
        self.is_address_bad = is_address_bad


#: Enhanced status 5.1.x: something is wrong with the address itself.
_BAD_ADDRESS = re.compile(r"\b5\.1\.\d{1,3}\b")
#: An address that an envelope takes as it is.
_BARE = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)
#: Answers to our own name and password, not to a message.
_NOT_LET_IN = range(530, 540)
#: The one final answer to our sender's name that is about the message: its size.
_TOO_BIG = 552
#: One message may take so many times the connection's time-out: a server that answers a letter at a time
#: never lets a single wait run out.
PATIENCE = 3


class MailServer:
    """A connection that is opened once, reused for all messages and opened again when it breaks."""

    def __init__(self) -> None:
        self._connection = get_connection()
        self._watch: _Watch | None = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def send(self, message: EmailMessage) -> None:
        """Hand ``message`` over. Raises ``TryLater``, ``Refused`` or ``ServerAway``."""
        if self._watch:
            self._watch.begin()
        try:
            taken = self._hand_over(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            self._judge(code, answer)
        except smtplib.SMTPResponseException as error:
            if isinstance(error, smtplib.SMTPSenderRefused) and 500 <= error.smtp_code != _TOO_BIG:
                # our own address is the same in every mail: all of them would be refused
                raise ServerAway(_words(error.smtp_code, error.smtp_error)) from None
            self._judge(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            # the line broke, perhaps after the server took the message: the same Message-ID goes again
            raise LineBroken(f"{type(error).__name__}: {error}") from None
        finally:
            if self._watch:
                self._watch.end()
        if not taken:
            raise TryLater("The mail backend took no message.")

    def _hand_over(self, message: EmailMessage) -> bool:
        line = getattr(self._connection, "connection", None)
        addresses = [_without_name(message.from_email), *message.recipients()]
        if not isinstance(line, smtplib.SMTP) or not all(map(_BARE.fullmatch, addresses)):
            return bool(self._connection.send_messages([message]))
        # what Django's backend does for plain addresses, without parsing each of them twice
        line.sendmail(addresses[0], addresses[1:], message.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]
        return True

    def reopen(self) -> None:
        """A fresh connection. Raises ``ServerAway``."""
        self._close()
        self._open()

    def _judge(self, code: int, answer: bytes | str) -> None:
        words = _words(code, answer)
        if code == 421:  # the server is closing, and smtplib has closed the line with it
            raise LineBroken(words) from None
        if code in _NOT_LET_IN:
            raise ServerAway(words) from None
        if 400 <= code < 500:
            raise TryLater(words) from None
        raise Refused(words, is_address_bad=bool(_BAD_ADDRESS.search(words))) from None

    def _open(self) -> None:
        try:
            self._connection.open()
        except (smtplib.SMTPException, OSError) as error:
            self._close()  # a line that was opened and then refused us
            raise ServerAway(f"{type(error).__name__}: {error}") from None
        line = getattr(self._connection, "connection", None)
        if isinstance(line, smtplib.SMTP) and line.sock is not None and line.timeout:
            self._watch = _Watch(line.sock, PATIENCE * line.timeout)

    def _close(self) -> None:
        if self._watch:
            self._watch.stop()
            self._watch = None
        # it may be broken already, and everything that matters is stamped
        with suppress(smtplib.SMTPException, OSError):
            self._connection.close()


@lru_cache(maxsize=16)
def _without_name(address: str) -> str:
    return parseaddr(address)[1]


class _Watch(Thread):
    """Cuts a line on which one message takes longer than ``seconds`` altogether."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        super().__init__(daemon=True, name="mail-watch")
        self._sock, self._seconds = sock, seconds
        self._ends: float | None = None
        self._is_over = Event()
        self.start()

    def begin(self) -> None:
        self._ends = monotonic() + self._seconds

    def end(self) -> None:
        self._ends = None

    def stop(self) -> None:
        self._is_over.set()

    def run(self) -> None:
        while not self._is_over.wait(min(self._seconds / 10, 1)):
            ends = self._ends
            if ends is not None and monotonic() > ends:
                with suppress(OSError):  # whoever waits on it is told that the line is broken
                    self._sock.shutdown(socket.SHUT_RDWR)
                return


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}"
