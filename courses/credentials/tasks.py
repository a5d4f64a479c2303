"""The doorbell of credentials: what happens to cycles as days go by."""

from celery import shared_task
from django.utils import timezone

from courses.credentials.actions import anchoring, issue_missing
from courses.credentials.actions.cycling import open_next_cycles, settle_ended_cycles
from courses.credentials.actions.packets import sweep_packets
from courses.jobs.actions import record_tick


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def turn_cycles() -> None:
    """Open the cycles that follow those that ended, and settle these."""
    at = timezone.now()
    open_next_cycles(at=at)
    settle_ended_cycles(at=at)
    record_tick(name="turn_cycles", at=at)


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def sweep_packets_away() -> None:
    """Take away the files of audit packets whose week is over."""
    sweep_packets(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def anchor_ledgers() -> None:
    """Write the day's root over all ledgers, when that has not been done yet."""
    anchoring.anchor_ledgers(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def issue_missing_certificates() -> None:
    """Give a certificate to completions from before there were any."""
    issue_missing(at=timezone.now())
