"""What a person wants to be told, by which way and when."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from courses.reminders.models import Channel, Preference, ReminderSettings
from courses.reminders.timing import Hours


@transaction.atomic
def save_preference(
    *, user: User, kind: str, is_on: bool, at: datetime, channel: str = Channel.EMAIL
) -> None:
    """Turn a kind on or off for a person, with effect on the next mail that would go."""
    Preference.objects.update_or_create(
        user=user, kind=kind, channel=channel, defaults={"is_on": is_on, "changed_at": at}
    )


@transaction.atomic
def save_settings(*, user: User, hours: Hours, is_on: Mapping[str, bool], at: datetime) -> None:
    """Save a person's hours and which kinds they want; the next plan moves what is planned already."""
    ReminderSettings.objects.update_or_create(
        user=user,
        defaults={
            "hour": hours.hour,
            "quiet_from": hours.quiet_from,
            "quiet_until": hours.quiet_until,
            "weekends": hours.weekends,
        },
    )
    for kind, wanted in is_on.items():
        save_preference(user=user, kind=kind, is_on=wanted, at=at)
