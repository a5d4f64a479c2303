"""What beat, or ``manage.py worker``, calls; harmless when repeated or run twice at once."""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from courses.jobs.actions import record_tick
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due

#: A drain ends well before the task's soft time limit and its own leases.
DRAIN_SECONDS = 60
DRAIN_LIMIT = 100


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def plan_reminders() -> None:
    at = timezone.now()
    plan(at=at)
    record_tick(name="plan_reminders", at=at)


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def drain_reminders() -> None:
    """Deliver until nothing is due, with a fresh clock for every hundred."""
    started = monotonic()
    at = timezone.now()
    while (
        deliver_due(at=at, limit=DRAIN_LIMIT).claimed >= DRAIN_LIMIT and monotonic() - started < DRAIN_SECONDS
    ):
        at = timezone.now()
    record_tick(name="drain_reminders", at=at)
