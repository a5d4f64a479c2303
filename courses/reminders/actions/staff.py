"""What staff do to single reminders."""

from datetime import datetime

from courses.reminders.models import Reminder


class NotFailed(Exception):
    """Only a failed reminder can be put back into the queue."""


def requeue(*, reminder: Reminder, at: datetime) -> None:
    """Put a failed reminder back with all its attempts; raises ``NotFailed``."""
    changed = Reminder.objects.filter(pk=reminder.pk, state=Reminder.State.FAILED).update(
        state=Reminder.State.PLANNED, not_before=at, attempts=0, reason="", last_error=""
    )
    if not changed:
        raise NotFailed(str(reminder))
