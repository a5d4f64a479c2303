"""What beat, or ``manage.py worker``, calls; harmless when repeated or run twice at once."""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from courses.jobs.actions import record_tick
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from portal.lib.stopping import is_stopping

#: A drain ends well before the task's soft time limit.
DRAIN_SECONDS = 60
#: Rows between two looks at the clock and at what has become urgent.
DRAIN_LIMIT = 500


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def plan_reminders() -> None:
    at = timezone.now()
    plan(at=at)
    record_tick(name="plan_reminders", at=at)


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def drain_reminders() -> None:
    """Deliver until nothing is due, the time is over or the process was asked to end."""
    end = monotonic() + DRAIN_SECONDS

    def is_over() -> bool:
        return is_stopping() or monotonic() > end

    at = timezone.now()
    while deliver_due(at=at, limit=DRAIN_LIMIT, is_over=is_over).claimed >= DRAIN_LIMIT and not is_over():
        at = timezone.now()
    record_tick(name="drain_reminders", at=at)
