"""What a text of a mail is looked at with: the kind's samples, or what a real reminder says."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from courses.reminders import kinds
from courses.reminders.models import Channel, Reminder
from courses.reminders.rendering import Source

#: So many reminders may be chosen, of the newest rows of the table.
CHOICES, NEWEST = 20, 20_000


@dataclass(frozen=True)
class Changed:
    """A line of a text that was taken out (``-``), put in (``+``) or left (empty)."""

    mark: str
    line: str


def reminders_to_preview(kind: str) -> list[Reminder]:
    """Planned and sent mails of a kind whose people's data a text can be looked at with, the newest first."""
    newest = Reminder.objects.aggregate(last=Max("pk"))["last"] or 0
    rows = Reminder.objects.filter(pk__gt=newest - NEWEST, kind=kind, channel=Channel.EMAIL)
    chosen = rows.filter(state__in=(Reminder.State.PLANNED, Reminder.State.SENT))
    return list(chosen.select_related("user").order_by("-pk")[:CHOICES])


def values_of(reminder: Reminder, *, at: datetime) -> dict[str, str] | None:
    """What the reminder said when it went, or would say now; None where its fact is gone."""
    if reminder.said is not None:
        return dict(reminder.said)
    kind = kinds.get(reminder.kind)
    facts = kind.read([reminder], at=at)
    if reminder.pk not in facts:
        return None
    return kind.context(reminder, facts[reminder.pk], at=at)


def differences(before: Source, after: Source) -> Iterator[tuple[str, list[Changed]]]:
    """Each text that differs, with its lines; the name is the field's in ``Source``."""
    for name in ("subject", "summary", "body"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            lines = difflib.ndiff(old.splitlines(), new.splitlines())
            yield name, [Changed(line[0].strip(), line[2:]) for line in lines if line[0] != "?"]
