"""Asking for jobs, claiming them under a lease and doing them."""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import User
from courses.jobs.kinds import JobRefused, run_of
from courses.jobs.models import Heartbeat, Job

logger = logging.getLogger(__name__)

#: Longer than any silent stretch of work; a progress report renews it.
LEASE = timedelta(seconds=300)
MAX_ATTEMPTS = 3
#: One sweep starts no further job after this long, so that it ends within the task time limit.
SWEEP = timedelta(seconds=45)


class LeaseLost(Exception):
    """Another worker took the job over: stop, and write nothing more."""


@transaction.atomic
def enqueue_job(*, kind: str, subject: str = "", by: User | None, at: datetime) -> Job:
    """Ask for a job; the open one of the same kind and subject is returned when there is one."""
    try:
        with transaction.atomic():
            return Job.objects.create(kind=kind, subject=subject, requested_by=by, created_at=at)
    except IntegrityError:
        waiting = Job.objects.open().filter(kind=kind, subject=subject).first()
        if waiting is not None:
            return waiting
        # it finished between the two statements: ask again, and let a second refusal be seen
        return Job.objects.create(kind=kind, subject=subject, requested_by=by, created_at=at)


@transaction.atomic
def claim_job(*, at: datetime) -> Job | None:
    """Take the oldest due job under a lease of five minutes, or say that there is none.

    One conditional update decides between two claimers, on SQLite as on PostgreSQL. A job that has used up
    its attempts because it takes its worker down with it is marked failed here.
    """
    for pk in Job.objects.due(at).order_by("created_at", "pk").values_list("pk", flat=True)[:20]:
        due = Job.objects.due(at).filter(pk=pk)
        if due.filter(attempts__gte=MAX_ATTEMPTS).update(
            state=Job.State.FAILED,
            message=_("The work stopped %(n)d times without an answer and was given up.")
            % {"n": MAX_ATTEMPTS},
            lease_token=None,
            lease_until=None,
            finished_at=at,
        ):
            continue
        token = uuid.uuid4()
        taken = due.update(
            state=Job.State.RUNNING,
            lease_token=token,
            lease_until=at + LEASE,
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", Value(at)),
        )
        if taken:
            return Job.objects.get(pk=pk)
    return None


def record_progress(*, job: Job, done: int, total: int | None, message: str, at: datetime) -> None:
    """Say how far ``job`` is and renew its lease. Raises ``LeaseLost`` when it belongs to another by now."""
    bounded = min(done, total) if total is not None else done
    kept = (
        Job.objects.leased_by(job.lease_token)
        .filter(pk=job.pk)
        .update(done=bounded, total=total, message=message, lease_until=at + LEASE)
    )
    if not kept:
        raise LeaseLost(str(job))


def run_due_jobs(*, at: datetime) -> int:
    """Do the due jobs one after another and return how many were taken up.

    The work runs outside the claim's transaction. Its clock goes on from ``at``, so a lease is renewed by the
    time that has really passed.
    """
    started = time.monotonic()

    def now() -> datetime:
        return at + timedelta(seconds=time.monotonic() - started)

    taken = 0
    while now() < at + SWEEP:
        job = claim_job(at=now())
        if job is None:
            break
        taken += 1
        _run(job, now)
    return taken


def _run(job: Job, now: Callable[[], datetime]) -> None:
    def report(done: int, total: int | None, message: str) -> None:
        record_progress(job=job, done=done, total=total, message=message, at=now())

    try:
        outcome = run_of(job.kind)(job.pk, job.subject, report, now())
    except LeaseLost:
        logger.warning("job %s lost its lease", job.pk)
    except JobRefused as refusal:
        _finish(job, state=Job.State.FAILED, message=str(refusal), outcome={}, at=now())
    except Exception as failure:
        # a worker must outlive whatever a job does; the trace is in the log, a sentence in the row
        logger.exception("job %s failed", job.pk)
        _give_back(job, failure, at=now())
    else:
        message = (outcome or {}).get("message", _("Done."))
        _finish(job, state=Job.State.DONE, message=message, outcome=outcome or {}, at=now())


def _finish(job: Job, *, state: Job.State, message: str, outcome: dict[str, Any], at: datetime) -> None:
    """Write the end of a job, unless its lease was lost: then the end belongs to another."""
    ended = (
        Job.objects.leased_by(job.lease_token)
        .filter(pk=job.pk)
        .update(
            state=state,
            message=message,
            outcome=outcome,
            lease_token=None,
            lease_until=None,
            finished_at=at,
        )
    )
    if not ended:
        logger.warning("job %s ended as %s after its lease was lost", job.pk, state)


def _give_back(job: Job, failure: Exception, *, at: datetime) -> None:
    """After an error nobody foresaw: queue the job again, or fail it when its attempts are used up."""
    message = _("An unexpected error stopped the work (%(name)s). It is in the log as job %(id)d.") % {
        "name": type(failure).__name__,
        "id": job.pk,
    }
    if job.attempts >= MAX_ATTEMPTS:
        _finish(job, state=Job.State.FAILED, message=message, outcome={}, at=at)
        return
    Job.objects.leased_by(job.lease_token).filter(pk=job.pk).update(
        state=Job.State.QUEUED, message=message, done=0, total=None, lease_token=None, lease_until=None
    )


def record_tick(*, name: str, at: datetime) -> None:
    """Note that the worker ``name`` is at work; a late tick never sets the clock back."""
    if Heartbeat.objects.filter(name=name, at__gte=at).exists():
        return
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})
