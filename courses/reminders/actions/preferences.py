"""What a person wants to be told, by which way and when."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.models import Channel, Preference, Reason, Reminder, ReminderSettings
from courses.reminders.models.people import USUAL_A_DAY
from courses.reminders.queries.people import Choice, wishes_of
from courses.reminders.timing import Hours

#: Why a planned reminder waits because of what its person chose.
WAITING = (Reason.QUIET, Reason.PAUSED, Reason.CAP)


@dataclass(frozen=True)
class Limits:
    """How much mail a person takes, when the weekly overview comes, and until when nothing does."""

    most_a_day: int = USUAL_A_DAY
    digest_day: int = ReminderSettings.Weekday.MONDAY
    digest_hour: int = Hours.hour
    paused_until: date | None = None


@transaction.atomic
def save_preference(
    *, user: User, kind: str, is_on: bool, at: datetime, channel: str = Channel.EMAIL
) -> None:
    """Turn a kind on or off for a person, with effect on the next mail that would go."""
    _write(user, {Choice(kind, channel): is_on}, at)


@transaction.atomic
def turn_mails(*, user: User, kinds: Sequence[str], is_on: bool, at: datetime) -> None:
    """Turn mails of several kinds on or off at once: what the link in a mail stops, and its undoing."""
    _write(user, {Choice(kind, Channel.EMAIL): is_on for kind in kinds}, at)


@transaction.atomic
def save_settings(
    *,
    user: User,
    hours: Hours,
    is_on: Mapping[Choice, bool],
    at: datetime,
    limits: Limits | None = None,
) -> None:
    """Save a person's hours, their ``limits`` where they are given, and which kinds they want.

    Only what differs from before is written, so that what nobody chose follows the kind's own default. The
    next plan moves what is planned already; what waits for an hour or a pause to end is asked again at once.
    """
    ReminderSettings.objects.update_or_create(
        user=user, defaults=asdict(hours) | (asdict(limits) if limits is not None else {})
    )
    before = wishes_of(user, kinds.registered())
    _write(user, {choice: wanted for choice, wanted in is_on.items() if before.get(choice) != wanted}, at)
    _ask_again(user, at)


@transaction.atomic
def start_again(*, user: User, at: datetime) -> None:
    """End a pause now; what waited for its end goes, if it is still true."""
    ReminderSettings.objects.filter(user=user).update(paused_until=None)
    _ask_again(user, at)


def _write(user: User, wanted: Mapping[Choice, bool], at: datetime) -> None:
    Preference.objects.bulk_create(
        [
            Preference(user=user, kind=choice.kind, channel=choice.channel, is_on=is_on, changed_at=at)
            for choice, is_on in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["user", "kind", "channel"],
        update_fields=["is_on", "changed_at"],
    )


def _ask_again(user: User, at: datetime) -> None:
    waiting = Reminder.objects.filter(user=user, state=Reminder.State.PLANNED, reason__in=WAITING)
    waiting.filter(not_before__gt=at).update(not_before=at, reason="")
