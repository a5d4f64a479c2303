"""Claiming and finishing rows of the outbox. Each step is one short transaction; nothing is sent here.

A row is taken by a conditional update under a lease with a fresh token, and whoever finishes it must still
hold that token. A sender that dies leaves a lease that ends; the row is then taken again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F

from courses.reminders.models import Reason, Reminder
from courses.reminders.timing import MAX_ATTEMPTS

#: At least three times the SMTP time-out for a whole batch.
LEASE = timedelta(seconds=300)
BATCH = 10


def take_back_expired(*, at: datetime) -> None:
    """Return to the queue what senders that died had taken; give up what was taken too often."""
    expired = Reminder.objects.filter(state=Reminder.State.LEASED, lease_until__lt=at)
    if not expired.exists():  # the usual case takes no write lock
        return
    free = {"lease_token": None, "lease_until": None}
    expired.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Reminder.State.FAILED, reason=Reason.EXHAUSTED, last_error="The sender died each time.", **free
    )
    expired.update(state=Reminder.State.PLANNED, **free)


def claim(*, at: datetime, lease: timedelta = LEASE, tried: bool = False) -> list[Reminder]:
    """Take what is due, at most ``BATCH`` rows, and count the attempt.

    Rows tried before are taken one at a time: one that kills its sender must not take others with it.
    """
    waiting = Reminder.objects.filter(state=Reminder.State.PLANNED, not_before__lte=at)
    waiting = waiting.filter(attempts__gt=0) if tried else waiting.filter(attempts=0)
    token = uuid4()
    with transaction.atomic():
        # SQLite ignores the lock and needs none: its transactions are IMMEDIATE, so one claims at a time
        locked = waiting.order_by("not_before", "pk").select_for_update(skip_locked=True)
        pks = list(locked.values_list("pk", flat=True)[: 1 if tried else BATCH])
        if not pks:
            return []
        Reminder.objects.filter(pk__in=pks, state=Reminder.State.PLANNED).update(
            state=Reminder.State.LEASED,
            lease_token=token,
            lease_until=at + lease,
            attempts=F("attempts") + 1,
        )
    claimed = Reminder.objects.filter(pk__in=pks, lease_token=token)
    return list(claimed.select_related("user__reminder_settings").order_by("not_before", "pk"))


def finish(reminder: Reminder, *, state: str, **changes: object) -> bool:
    """Move a leased row on, if its lease is still ours; returns whether it was."""
    ours = Reminder.objects.filter(
        pk=reminder.pk, state=Reminder.State.LEASED, lease_token=reminder.lease_token
    )
    return bool(ours.update(state=state, lease_token=None, lease_until=None, **changes))


def postpone(reminder: Reminder, *, until: datetime, reason: str) -> bool:
    """Let a row wait without counting the attempt: nothing was tried."""
    return finish(
        reminder,
        state=Reminder.State.PLANNED,
        not_before=until,
        reason=reason,
        attempts=F("attempts") - 1,
    )


def release(reminders: Iterable[Reminder]) -> None:
    """Give rows back as they were: the mail server is away, and that is not their fault."""
    for reminder in reminders:
        finish(reminder, state=Reminder.State.PLANNED, attempts=F("attempts") - 1)
