"""Reading the inbox: marks that a person sets and takes back."""

from datetime import datetime

from accounts.models import User
from courses.reminders.models import Reminder


def mark_read(*, user: User, at: datetime, pk: int | None = None) -> int:
    """Mark one line of the person's inbox as read, or all; returns how many were not read before."""
    unread = Reminder.objects.owned_by(user).unread().order_by()
    return (unread if pk is None else unread.filter(pk=pk)).update(read_at=at)


def mark_unread(*, user: User, pk: int) -> int:
    """Mark one line of the person's inbox as not read."""
    return Reminder.objects.owned_by(user).in_inbox().order_by().filter(pk=pk).update(read_at=None)


def unmark_read(*, user: User, read_at: datetime) -> int:
    """Take back what was marked as read in that very moment: the undoing of marking all."""
    return Reminder.objects.owned_by(user).in_inbox().order_by().filter(read_at=read_at).update(read_at=None)
