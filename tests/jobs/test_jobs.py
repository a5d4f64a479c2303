"""The life of a job: asked for once, claimed by one, done outside the claim, never overwritten."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from courses.jobs import kinds
from courses.jobs.actions import (
    LEASE,
    LeaseLost,
    claim_job,
    enqueue_job,
    record_progress,
    record_tick,
    run_due_jobs,
)
from courses.jobs.kinds import JobRefused, Report
from courses.jobs.models import Heartbeat, Job
from courses.jobs.tasks import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind() -> Iterator[str]:
    """A kind of work of the test's own."""
    name = f"test.{uuid4().hex}"
    yield name
    kinds._RUNS.pop(name, None)


def test_enqueue_returns_the_open_job_of_the_same_subject(at: datetime, student: User, other: User) -> None:
    first = enqueue_job(kind="k", subject="s", by=student, at=at)

    assert enqueue_job(kind="k", subject="s", by=other, at=at) == first
    assert enqueue_job(kind="k", subject="t", by=other, at=at) != first


def test_enqueue_after_the_end_makes_a_new_job(at: datetime) -> None:
    first = enqueue_job(kind="k", subject="s", by=None, at=at)
    Job.objects.update(state="done", finished_at=at)

    assert enqueue_job(kind="k", subject="s", by=None, at=at) != first


def test_claim_gives_a_job_to_one_claimer_only(at: datetime) -> None:
    enqueue_job(kind="k", by=None, at=at)

    first, second = claim_job(at=at), claim_job(at=at)

    assert first is not None
    assert (first.state, first.attempts, first.lease_until) == ("running", 1, at + LEASE)
    assert second is None


def test_claim_takes_the_oldest_first(at: datetime) -> None:
    enqueue_job(kind="new", by=None, at=at)
    enqueue_job(kind="old", by=None, at=at - timedelta(hours=1))

    claimed = claim_job(at=at)

    assert claimed is not None and claimed.kind == "old"


def test_claim_takes_over_when_the_lease_has_ended(at: datetime) -> None:
    enqueue_job(kind="k", by=None, at=at)
    dead = claim_job(at=at)

    assert claim_job(at=at + LEASE - timedelta(seconds=1)) is None
    heir = claim_job(at=at + LEASE)
    assert dead is not None and heir is not None
    assert (heir.pk, heir.attempts) == (dead.pk, 2)
    assert heir.lease_token != dead.lease_token


def test_claim_gives_up_after_three_silent_attempts(at: datetime) -> None:
    job = enqueue_job(kind="k", by=None, at=at)
    for attempt in range(3):
        assert claim_job(at=at + attempt * LEASE) is not None

    assert claim_job(at=at + 3 * LEASE) is None

    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_token) == ("failed", 3, None)
    assert "3 times" in job.message


def test_progress_is_kept_and_renews_the_lease(at: datetime) -> None:
    enqueue_job(kind="k", by=None, at=at)
    job = claim_job(at=at)
    assert job is not None

    record_progress(job=job, done=7, total=5, message="Reading", at=at + timedelta(minutes=4))

    job.refresh_from_db()
    assert (job.done, job.total, job.message) == (5, 5, "Reading")
    assert job.lease_until == at + timedelta(minutes=4) + LEASE


def test_lost_lease_refuses_progress_and_end(at: datetime, kind: str) -> None:
    def slow(job_id: int, subject: str, report: Report, at: datetime) -> None:
        heir = claim_job(at=at + LEASE + timedelta(minutes=1))
        assert heir is not None and heir.pk == job_id
        report(1, 2, "too late")

    kinds.register(kind, slow)
    job = enqueue_job(kind=kind, by=None, at=at)

    assert run_due_jobs(at=at) == 1

    job.refresh_from_db()
    assert (job.state, job.attempts, job.message) == ("running", 2, "")


def test_lost_lease_does_not_write_the_result(at: datetime, kind: str) -> None:
    def silent(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
        assert claim_job(at=at + LEASE + timedelta(minutes=1)) is not None
        return {"answer": 42}

    kinds.register(kind, silent)
    job = enqueue_job(kind=kind, by=None, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert (job.state, job.outcome) == ("running", {})


def test_lost_lease_raises_for_the_old_holder(at: datetime) -> None:
    enqueue_job(kind="k", by=None, at=at)
    dead = claim_job(at=at)
    claim_job(at=at + LEASE)
    assert dead is not None

    with pytest.raises(LeaseLost):
        record_progress(job=dead, done=1, total=None, message="", at=at + LEASE)


def test_run_does_the_work_outside_the_claim_and_keeps_the_outcome(
    at: datetime, kind: str, transactional_db: None
) -> None:
    seen: dict[str, Any] = {}

    def work(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
        seen["in_transaction"] = connection.in_atomic_block
        report(1, 2, "half")
        seen["half"] = Job.objects.values_list("done", "total", "message").get(pk=job_id)
        return {"message": f"{subject} done", "rows": 2}

    kinds.register(kind, work)
    job = enqueue_job(kind=kind, subject="it", by=None, at=at)

    assert run_due_jobs(at=at) == 1

    job.refresh_from_db()
    assert seen == {"in_transaction": False, "half": (1, 2, "half")}
    assert (job.state, job.message, job.outcome["rows"]) == ("done", "it done", 2)
    assert job.lease_token is None and job.finished_at is not None


def test_run_with_nothing_due_does_nothing(at: datetime) -> None:
    assert run_due_jobs(at=at) == 0


def test_refusal_fails_at_once_with_its_own_words(at: datetime, kind: str) -> None:
    def refuse(job_id: int, subject: str, report: Report, at: datetime) -> None:
        raise JobRefused("Line 7: no.")

    kinds.register(kind, refuse)
    job = enqueue_job(kind=kind, by=None, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert (job.state, job.message, job.attempts) == ("failed", "Line 7: no.", 1)


def test_unexpected_error_is_tried_three_times_and_names_the_log(at: datetime, kind: str) -> None:
    def crash(job_id: int, subject: str, report: Report, at: datetime) -> None:
        raise ZeroDivisionError("secret detail")

    kinds.register(kind, crash)
    job = enqueue_job(kind=kind, by=None, at=at)

    assert run_due_jobs(at=at) == 3

    job.refresh_from_db()
    assert (job.state, job.attempts) == ("failed", 3)
    assert "ZeroDivisionError" in job.message and f"job {job.pk}" in job.message
    assert "secret" not in job.message


def test_unknown_kind_fails_with_a_clear_message(at: datetime) -> None:
    job = enqueue_job(kind="nobody.knows", by=None, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert job.state == "failed" and "nobody.knows" in job.message


def test_register_refuses_a_second_function_for_a_kind(kind: str) -> None:
    def one(job_id: int, subject: str, report: Report, at: datetime) -> None: ...

    def two(job_id: int, subject: str, report: Report, at: datetime) -> None: ...

    kinds.register(kind, one)
    kinds.register(kind, one)
    with pytest.raises(ValueError, match="two functions"):
        kinds.register(kind, two)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "running"},
        {"state": "done"},
        {"lease_token": uuid4()},
        {"state": "lost"},
        {"done": 3, "total": 2},
    ],
)
def test_database_refuses_a_job_that_makes_no_sense(at: datetime, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="k", created_at=at, **wrong)


def test_tick_never_goes_back(at: datetime) -> None:
    record_tick(name="w", at=at)
    record_tick(name="w", at=at - timedelta(minutes=1))
    assert Heartbeat.objects.get(name="w").at == at

    record_tick(name="w", at=at + timedelta(minutes=1))
    assert Heartbeat.objects.get(name="w").at == at + timedelta(minutes=1)


def test_task_ticks_and_runs(at: datetime) -> None:
    job = enqueue_job(kind="nobody.knows", by=None, at=at)

    run_jobs()

    job.refresh_from_db()
    assert job.state == "failed"
    assert Heartbeat.objects.filter(name="run_jobs").exists()


# --- the page ---------------------------------------------------------------------------------------
def test_page_shows_progress_and_asks_again_while_open(
    as_student: Client, student: User, at: datetime
) -> None:
    job = enqueue_job(kind="k", by=student, at=at)
    Job.objects.update(done=2, total=8, message="Writing")

    page = as_student.get(f"/jobs/{job.pk}/").content.decode()

    assert '<progress aria-label="Progress" value="2" max="8">' in page
    assert 'hx-trigger="every 2s"' in page and "Writing" in page
    assert f'<a href="/jobs/{job.pk}/">Look again</a>' in page


def test_page_stops_asking_when_finished(as_student: Client, student: User, at: datetime) -> None:
    job = enqueue_job(kind="k", by=student, at=at)
    Job.objects.update(state="failed", message="Line 3: no", finished_at=at)

    page = as_student.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in page
    assert "hx-trigger" not in page and "Line 3: no" in page


def test_page_is_404_for_others_and_open_to_editors(
    as_student: Client, as_editor: Client, other: User, at: datetime
) -> None:
    job = enqueue_job(kind="k", by=other, at=at)

    assert as_student.get(f"/jobs/{job.pk}/").status_code == 404
    assert as_editor.get(f"/jobs/{job.pk}/").status_code == 200


def test_page_refuses_post_and_strangers(client: Client, as_student: Client, at: datetime) -> None:
    job = enqueue_job(kind="k", by=None, at=at)

    assert as_student.post(f"/jobs/{job.pk}/").status_code == 405
    assert client.get(f"/jobs/{job.pk}/").status_code == 302


def test_page_names_the_work_and_leads_on_when_it_is_done(
    as_student: Client, student: User, at: datetime
) -> None:
    job = enqueue_job(kind="codesets.load_file", by=student, at=at)
    Job.objects.update(state="done", finished_at=at)

    page = as_student.get(f"/jobs/{job.pk}/").content.decode()

    assert "<h1>Load a code file</h1>" in page
    assert '<a href="/codes/releases/">See the result</a>' in page
