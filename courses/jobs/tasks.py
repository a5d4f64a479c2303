"""The doorbell of the jobs table."""

from celery import shared_task
from django.utils import timezone

from courses.jobs.actions import record_tick, run_due_jobs


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def run_jobs() -> None:
    """Do whatever is due; harmless when nothing is."""
    at = timezone.now()
    record_tick(name="run_jobs", at=at)
    run_due_jobs(at=at)
