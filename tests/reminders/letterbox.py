"""The pack's mails with their kinds, as letters to somebody."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import yaml
from django.core.mail import EmailMessage

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.letters import Part, write_letter
from courses.reminders.models import MailTemplateRevision, Reminder
from courses.reminders.rendering import Source

PACK = Path(__file__).resolve().parents[2] / "courses/content/packs/starter/mail"
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
#: Kinds with a mail in the pack: every one that is registered, see ``test_every_kind_has_its_mail``.
KEYS = sorted(kind.key for kind in kinds.registered())


@cache
def pack_source(key: str) -> Source:
    """The text of a kind as the pack brings it."""
    _before, head, body = (PACK / f"{key}.md").read_text().split("---\n", 2)
    fields = yaml.safe_load(head)
    return Source(fields["subject"], fields["summary"], body)


def part(key: str, user: User, values: Mapping[str, str] | None = None, **texts: str) -> Part:
    """A reminder of that kind, not saved, as its pack text says it; ``texts`` in place of that text's."""
    source = texts if key == "drill" else vars(pack_source(key)) | texts
    revision = MailTemplateRevision(**{f"{name}_source": text for name, text in source.items()})
    reminder = Reminder(
        key=f"{key}:thing-1:{user.pk}:2026-11-30:7:email",
        kind=key,
        subject="thing-1",
        user=user,
        due_on=date(2026, 11, 30),
        step=7,
        not_before=AT,
        created_at=AT,
    )
    return Part(reminder, revision, {**kinds.get(key).sample_context(), **(values or {})})


def mail(parts: Sequence[Part]) -> EmailMessage:
    return write_letter(parts, at=AT)
