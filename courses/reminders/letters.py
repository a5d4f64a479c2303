"""The mail that reminders become: text, HTML and the headers that let anybody stop it with one click."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.policy import Compat32
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.translation import gettext as _

from courses.reminders import kinds
from courses.reminders.addresses import mail_host, message_id, preferences_url, stop_url
from courses.reminders.models import MailTemplateRevision, Reminder
from courses.reminders.rendering import (
    Footer,
    Letter,
    Source,
    Why,
    clean,
    is_in_language,
    render_bundle,
    render_letter,
)

#: What every mail server takes in one line (RFC 5322 allows 998).
LONGEST_LINE = 900


class _Lines(Compat32):
    """Writes a header that needs no encoding and no second line as it is, without looking for either."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        is_plain = isinstance(value, str) and value.isascii() and "\n" not in value and "\r" not in value
        if is_plain and len(name) + len(value) < LONGEST_LINE:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_LINES = _Lines()


class _Mail(EmailMultiAlternatives):
    """A mail whose parts are divided by a line made from its Message-ID.

    Python would search all parts for one that does not occur, with a pattern compiled for each mail: a third
    of what sending costs us.
    """

    def message(self, *args: Any, **kwargs: Any) -> Any:
        made = super().message(*args, **kwargs)
        made.set_boundary(f"={sha256(made['Message-ID'].encode()).hexdigest()}=")
        for part in made.walk():
            part.policy = _LINES
        return made


@dataclass(frozen=True)
class Part:
    """A reminder with what it says now."""

    reminder: Reminder
    revision: MailTemplateRevision
    values: dict[str, str]


def write_letter(parts: Sequence[Part], *, at: datetime) -> EmailMessage:
    """One mail to one person for all of ``parts``, the first in its subject; the same Message-ID every time.

    One part gets its own letter; several become one mail, whose one-click stop stops all their kinds. Sent
    a second time the mail differs in nothing but the time in its stop links.
    """
    lead = parts[0].reminder
    said = {part.reminder.kind: part.values.get("why", "") for part in reversed(parts)}
    keys = list(dict.fromkeys(part.reminder.kind for part in parts))
    reasons = tuple(Why(_label(key), said[key], stop_url(lead.user_id, [key])) for key in keys)
    letter = _letter([(source_of(part.revision), part.values) for part in parts], reasons)
    stop = reasons[0].stop_url if len(keys) == 1 else stop_url(lead.user_id, keys)
    message = _Mail(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.REMINDERS_FROM_EMAIL,
        to=[lead.user.email],
        reply_to=[settings.REMINDERS_REPLY_TO] if settings.REMINDERS_REPLY_TO else None,
        headers={
            "Message-ID": message_id([part.reminder.key for part in parts]),
            "Date": format_datetime(at),
            "Auto-Submitted": "auto-generated",
            "List-Id": _list_id(keys),
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(letter.html, "text/html")
    return message


def letter_that_went(reminders: Sequence[Reminder]) -> Letter:
    """The mail as it went, from what was said then; its links that stop something are left out.

    The reminders carry their ``template_revision``; those that went before values were kept are skipped, and
    ``LookupError`` says that none is left.
    """
    items = [
        (reminder.kind, source_of(reminder.template_revision), reminder.said)
        for reminder in reminders
        if reminder.template_revision is not None and reminder.said is not None
    ]
    if not items:
        raise LookupError("nothing is known of what was said")
    said = {kind: values.get("why", "") for kind, _source, values in reversed(items)}
    keys = dict.fromkeys(kind for kind, _source, _values in items)
    reasons = tuple(Why(_label(key), said[key]) for key in keys)
    return _letter([(source, values) for _kind, source, values in items], reasons)


def letter_to_look_at(revision: MailTemplateRevision, values: dict[str, str]) -> Letter:
    """What a revision makes of ``values``, with links that stop nothing."""
    kind = revision.template.kind
    return _letter([(source_of(revision), values)], (Why(_label(kind), values.get("why", "")),))


def write_test_letter(revision: MailTemplateRevision, *, to: str) -> EmailMessage:
    """The mail with the kind's samples for whoever edits it, marked as a test; it stops nothing."""
    letter = letter_to_look_at(revision, kinds.get(revision.template.kind).sample_context())
    message = _Mail(
        subject=_("[Test] %(subject)s") % {"subject": letter.subject},
        body=letter.text,
        from_email=settings.REMINDERS_FROM_EMAIL,
        to=[to],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(letter.html, "text/html")
    return message


def source_of(revision: MailTemplateRevision) -> Source:
    """The texts of a revision."""
    return Source(revision.subject_source, revision.summary_source, revision.body_source)


def can_be_written(revision: MailTemplateRevision) -> bool:
    """Whether the revision can become a mail: one with an older version's template code cannot."""
    return is_in_language(source_of(revision))


def _letter(items: Sequence[tuple[Source, dict[str, str]]], reasons: tuple[Why, ...]) -> Letter:
    footer = Footer(settings.SITE_URL, preferences_url(), reasons)
    if len(items) == 1:
        [(source, values)] = items
        return render_letter(source, values, footer=footer)
    return render_bundle(items, footer=footer)


def _label(kind: str) -> str:
    """What a kind is called; its key where the code does not know it any more."""
    try:
        return clean(kinds.get(kind).label)
    except kinds.UnknownKind:
        return kind


def _list_id(keys: Sequence[str]) -> str:
    if len(keys) == 1:
        return f"{_label(keys[0])} <{keys[0].replace('_', '-')}.{mail_host()}>"
    return f"{clean(_('Reminders'))} <reminders.{mail_host()}>"
