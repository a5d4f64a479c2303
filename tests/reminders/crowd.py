"""Many people and their reminders at once, for tests, gates and the bench."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User
from courses.reminders.models import Reminder, ReminderSettings


def make_crowd(count: int, *, first: int = 0, never_quiet: bool = False) -> list[User]:
    """People with verified addresses ``p<number>@example.com``, without roles or passwords."""
    people = User.objects.bulk_create(
        [
            User(email=f"p{number}@example.com", name=f"Person {number}", password="!")
            for number in range(first, first + count)
        ],
        batch_size=1000,
    )
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in people],
        batch_size=1000,
    )
    if never_quiet:
        ReminderSettings.objects.bulk_create(
            [ReminderSettings(user=person, quiet_from=0, quiet_until=0) for person in people], batch_size=1000
        )
    return people


def drill_rows(people: Sequence[User], *, at: datetime, each: int = 1, **fields: Any) -> list[Reminder]:
    """``each`` reminders of the drill kind for each person, due ``at`` unless ``fields`` say otherwise."""
    return Reminder.objects.bulk_create(
        [
            Reminder(
                **{
                    "key": f"drill:drill-{person.pk}-{number}:{person.pk}:2026-11-30:7:email",
                    "kind": "drill",
                    "subject": f"drill-{person.pk}-{number}",
                    "user": person,
                    "due_on": date(2026, 11, 30),
                    "step": 7,
                    "not_before": at,
                    "created_at": at,
                }
                | fields
            )
            for person in people
            for number in range(each)
        ],
        batch_size=500,
    )
