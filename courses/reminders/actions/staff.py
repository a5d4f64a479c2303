"""What staff do to reminders: send again, cancel, put back, approve or cancel what waits for approval."""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from accounts.models import User
from courses.reminders.models import Reason, Reminder, ReminderQuerySet, Urgency

logger = structlog.get_logger(__name__)

_AGAIN = ":again-"
_OVER = {Reminder.State.SENT, Reminder.State.CANCELLED, Reminder.State.FAILED}


class NotFailed(Exception):
    """Only a failed reminder can be put back into the queue."""


class NotOver(Exception):
    """A reminder that still waits, itself or sent again, is not sent once more."""


class TooLate(Exception):
    """The time of the reminder is over: it would say something that is no longer so."""


def requeue(*, reminder: Reminder, at: datetime) -> None:
    """Put a failed reminder back with all its attempts; raises ``NotFailed``."""
    if not requeue_failed(rows=Reminder.objects.filter(pk=reminder.pk), at=at):
        raise NotFailed(str(reminder))


def requeue_failed(*, rows: ReminderQuerySet, at: datetime) -> int:
    """Put the failed ones of ``rows`` back with all their attempts; returns how many there were."""
    return rows.filter(state=Reminder.State.FAILED).update(
        state=Reminder.State.PLANNED, not_before=at, attempts=0, reason="", last_error=""
    )


@transaction.atomic
def send_again(*, reminder: Reminder, by: User, at: datetime) -> Reminder:
    """Plan a reminder that is over once more, as a row of its own: urgent, so that no limit holds it back.

    Everything that is asked of a reminder before it goes is asked of this one too. Raises ``NotOver`` and
    ``TooLate``.
    """
    first = reminder.key.partition(_AGAIN)[0]
    # whoever asks at the same moment waits here, and then finds the row that was made
    Reminder.objects.select_for_update().get(key=first)
    same = Reminder.objects.filter(user=reminder.user_id, kind=reminder.kind, subject=reminder.subject)
    family = [row for row in same if row.key.partition(_AGAIN)[0] == first]
    if not {row.state for row in family} <= _OVER:
        raise NotOver(str(reminder))
    if reminder.expires_at is not None and reminder.expires_at <= at:
        raise TooLate(str(reminder))
    again = Reminder.objects.create(
        key=f"{first}{_AGAIN}{len(family)}",
        kind=reminder.kind,
        subject=reminder.subject,
        user_id=reminder.user_id,
        due_on=reminder.due_on,
        step=reminder.step,
        channel=reminder.channel,
        urgency=Urgency.URGENT,
        not_before=at,
        expires_at=reminder.expires_at,
        created_at=at,
    )
    logger.info("reminder sent again", reminder=again.pk, kind=again.kind, by=by.pk)
    return again


def cancel_waiting(*, rows: ReminderQuerySet, by: User, at: datetime) -> int:
    """Cancel those of ``rows`` that nobody is sending at this moment; returns how many."""
    waiting = rows.filter(state__in=(Reminder.State.PLANNED, Reminder.State.HELD))
    cancelled = waiting.update(state=Reminder.State.CANCELLED, reason=Reason.STAFF)
    if cancelled:
        logger.info("reminders cancelled by staff", rows=cancelled, by=by.pk)
    return cancelled


def approve_held(*, kind: str, by: User, at: datetime) -> int:
    """Let what was held of a kind go, each at its moment or now if that has passed; returns how many."""
    rows = _held(kind).update(
        state=Reminder.State.PLANNED, reason="", not_before=Greatest(F("not_before"), Value(at))
    )
    logger.info("held reminders approved", kind=kind, rows=rows, by=by.pk)
    return rows


def cancel_held(*, kind: str, by: User, at: datetime) -> int:
    """Cancel what was held of a kind: none of it ever goes; returns how many."""
    return cancel_waiting(rows=_held(kind), by=by, at=at)


def _held(kind: str) -> ReminderQuerySet:
    return Reminder.objects.filter(kind=kind, state=Reminder.State.HELD)
