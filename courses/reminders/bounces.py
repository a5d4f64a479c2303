"""Reading returned mails: reports of RFC 3464 in a mailbox export. Pure; nothing here is believed yet.

Whatever a stranger wrote into a mail ends as ``None`` or as plain strings of limited length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import BinaryIO

#: A report is small; of a longer mail only the beginning is read.
LONGEST = 250_000
#: Reports name a recipient or a few, never thousands.
MOST_RECIPIENTS = 20
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^\s<>\"(),;:@]{1,64}@[^\s<>\"(),;:@]{1,190}")
#: What the returned mail, or the head of it, comes in.
_RETURNED = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
    }
)
_STATUSES = frozenset({"message/delivery-status", "message/global-delivery-status"})


@dataclass(frozen=True)
class Returned:
    """What a report says of one recipient of one mail."""

    message_id: str
    #: As the report names the recipient: where the mail ended, and whom it was for at first.
    addresses: frozenset[str]
    action: str
    status: str
    #: When, as the report says; whoever wrote it may be wrong or lie.
    at: datetime | None

    @property
    def is_for_good(self) -> bool:
        return self.action == "failed" and self.status.startswith("5")


def is_address_at_fault(text: str) -> bool:
    """Whether the first enhanced status in ``text`` speaks of the recipient's address and of nothing else.

    5.1.x but for the sender's address (5.1.7, 5.1.8), and 5.2.1, a mailbox that is closed. Full mailboxes,
    policies, spam filters and everything temporary are no fault of the address.
    """
    found = _STATUS.search(text)
    if found is None:
        return False
    kind, subject, detail = (int(part) for part in found.groups())
    return kind == 5 and ((subject == 1 and detail not in (7, 8)) or (subject, detail) == (2, 1))


def has_status(text: str) -> bool:
    """Whether there is an enhanced status in ``text``."""
    return _STATUS.search(text) is not None


def mails_in(file: BinaryIO) -> Iterator[bytes]:
    """The mails of an mbox, or the one mail of an .eml; of each at most ``LONGEST`` bytes. Streams."""
    lines: list[bytes] = []
    size, after_empty = 0, True
    while line := file.readline(LONGEST):
        if line.startswith(b"From ") and after_empty:
            if lines:
                yield b"".join(lines)
            lines, size = [], 0
        elif size < LONGEST:
            lines.append(line)
            size += len(line)
        after_empty = line in (b"\n", b"\r\n")
    if lines:
        yield b"".join(lines)


def read_report(mail: bytes) -> list[Returned] | None:
    """What a mail reports about mails that did not arrive; None where it is no such report or is broken."""
    try:
        return _read(message_from_bytes(mail[:LONGEST], policy=policy.compat32))
    except (MessageError, RecursionError, LookupError, ValueError, TypeError, AttributeError):
        return None  # written by strangers: whatever the parser stumbles over is no report


def _read(mail: Message) -> list[Returned] | None:
    parts = _parts(mail)
    status = next((part for part in parts if part.get_content_type() in _STATUSES), None)
    returned = next((part for part in parts if part.get_content_type() in _RETURNED), None)
    if mail.get_content_type() != "multipart/report" or status is None or returned is None:
        return None
    message_id = _message_id(returned)
    if not message_id:
        return None
    at = _moment(_text(mail, "Date"))
    found = []
    for group in _parts(status)[: MOST_RECIPIENTS + 1]:  # the first is about the mail and names no recipient
        code = _STATUS.search(_text(group, "Status"))
        addresses = frozenset(
            address.group().lower()
            for name in ("Original-Recipient", "Final-Recipient")
            if (address := _ADDRESS.search(_text(group, name)))
        )
        if code and addresses:
            action = _text(group, "Action").strip().lower()[:20]
            tried = _moment(_text(group, "Last-Attempt-Date"))
            found.append(Returned(message_id, addresses, action, code.group(), tried or at))
    return found or None


def _parts(mail: Message) -> list[Message]:
    """The mails or blocks of headers within one; none where it holds a text."""
    inner = mail.get_payload()
    return [part for part in inner if isinstance(part, Message)] if isinstance(inner, list) else []


def _message_id(part: Message) -> str:
    """The Message-ID of the mail that came back."""
    inner = _parts(part)
    if not inner:  # its head alone, as a text
        text = part.get_payload(decode=True)
        inner = [message_from_bytes(text, policy=policy.compat32)] if isinstance(text, bytes) else []
    found = _MESSAGE_ID.search(_text(inner[0], "Message-ID")) if inner else None
    return found.group() if found else ""


def _text(part: Message, name: str) -> str:
    """A header on one line and not longer than any true one."""
    return " ".join(str(part.get(name, ""))[:1000].split())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else None
