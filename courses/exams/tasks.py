"""The doorbell of exams."""

import time

from celery import shared_task
from django.utils import timezone

from courses.exams.actions import sweep_overdue

#: The bell rings every 15 seconds; a sweep that takes longer is not waited for.
_AT_MOST_S = 12


@shared_task(name="courses.exams.tasks.sweep_attempts")  # type: ignore[untyped-decorator]  # celery has no types
def sweep_attempts() -> None:
    """Close what is overdue, for as long as the bell is silent."""
    end = time.monotonic() + _AT_MOST_S
    while sweep_overdue(at=timezone.now()) and time.monotonic() < end:
        pass
