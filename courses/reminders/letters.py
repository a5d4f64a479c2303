"""The mail that a reminder becomes: text, HTML and the headers that let anybody stop it with one click."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from courses.reminders import kinds
from courses.reminders.addresses import absolute, mail_host, message_id, stop_url
from courses.reminders.models import MailTemplateRevision, Reminder
from courses.reminders.rendering import Source, one_line, render_letter


def write_letter(
    reminder: Reminder, revision: MailTemplateRevision, fact: Any, *, at: datetime
) -> EmailMultiAlternatives:
    """The message for ``reminder`` as ``revision`` says it; the same Message-ID every time."""
    kind = kinds.get(reminder.kind)
    stop = stop_url(user_id=reminder.user_id, kind=reminder.kind)
    values = kind.context(reminder, fact, at=at)
    frame = {
        "stop_url": stop,
        "preferences_url": absolute(reverse("reminders:reminders")),
        "site_url": settings.SITE_URL,
        "kind": kind.label,
    }
    source = Source(revision.subject_source, revision.summary_source, revision.body_source)
    letter = render_letter(source, values, frame=frame, why=str(values.get("why", "")))
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.REMINDERS_FROM_EMAIL,
        to=[reminder.user.email],
        headers={
            "Message-ID": message_id(reminder.key),
            "Auto-Submitted": "auto-generated",
            "List-Id": f"{one_line(str(kind.label))} <{kind.key.replace('_', '-')}.{mail_host()}>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(letter.html, "text/html")
    return message
