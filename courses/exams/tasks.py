"""The doorbell of exams."""

from celery import shared_task
from django.utils import timezone

from courses.exams.actions import sweep_overdue


@shared_task(name="courses.exams.tasks.sweep_attempts")  # type: ignore[untyped-decorator]  # celery has no types
def sweep_attempts() -> None:
    sweep_overdue(at=timezone.now(), limit=500)
