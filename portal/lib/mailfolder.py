"""A mail backend that writes each message to a file of its own: the demo's mailbox."""

import secrets
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Write messages to ``settings.MAIL_FOLDER``; names sort by time, a reader never sees half a file."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{_moment(message):020d}-{secrets.token_hex(4)}"
            part = folder / f".{name}.part"
            # the line ends of a mail on its way, so that a saved copy opens everywhere
            part.write_bytes(message.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]  # Django's takes it
            part.rename(folder / f"{name}.eml")
        return len(email_messages)


def _moment(message: EmailMessage) -> int:
    """When the mail was written, in nanoseconds: by its own date, where it has one already."""
    now = time.time_ns()
    date = message.extra_headers.get("Date")
    if date is None:
        return now
    # a date has whole seconds: the clock keeps the mails of one second apart
    return int(parsedate_to_datetime(date).timestamp()) * 1_000_000_000 + now % 1_000_000_000
