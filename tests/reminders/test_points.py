"""B2: a fact and what follows from it exist together or not at all, wherever the work breaks off.

The fact itself is the queue: reminders are planned from it, so none can stand for what was rolled
back.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from courses.catalog.models import Body, Certification, Course, Lesson
from courses.credentials.actions import record_credential, review_credit
from courses.credentials.models import Certificate, CredentialHeld, Credit, Cycle, EvidenceReview
from courses.exams import actions as exams
from courses.exams.actions import answer_reports, finishing, report_question, start_attempt
from courses.exams.models import Attempt, ItemResult, ReviewCard, Score
from courses.progress.actions import complete_lesson
from courses.progress.models import CourseCompletion, LessonCompletion, RequirementMet
from courses.reminders.actions import plan
from courses.reminders.models import Reminder
from tests.worlds import World

pytestmark = pytest.mark.django_db
CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


class Breaks:
    """Lets so many statements pass and then fails once, as a disk or a connection does."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(CONTROL):
            self.left -= 1
            if self.left == -1:
                raise OperationalError("disk I/O error")
        return execute(sql, params, many, context)


def break_everywhere(work: Callable[[], object], check: Callable[[], None]) -> int:
    """Do ``work`` with a fault at every one of its statements and ``check`` after each; their number."""
    points = 0
    while True:
        with transaction.atomic():
            try:
                with connection.execute_wrapper(Breaks(points)), transaction.atomic():
                    work()
            except OperationalError:
                check()
            else:
                transaction.set_rollback(True)
                return points
            transaction.set_rollback(True)
        points += 1


def assert_nothing(*models: Any) -> None:
    assert {model.__name__: model.objects.count() for model in models} == dict.fromkeys(
        (model.__name__ for model in models), 0
    )


def planned(kind: str, user: User) -> int:
    """Reminders of a kind for a person, both ways."""
    return Reminder.objects.filter(kind=kind, user=user).count()


def test_recorded_credential_and_its_reminder_exist_together(student: User, at: datetime) -> None:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    cpc = Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="CPC", purpose="x")

    def record() -> None:
        record_credential(
            user=student,
            certification=cpc,
            earned_on=date(2025, 4, 1),
            starts_on=date(2025, 12, 1),
            ends_on=at.date() + timedelta(days=8),
            required=Decimal(36),
            at=at,
        )

    def check() -> None:
        plan(at=at)
        assert_nothing(CredentialHeld, Cycle, RequirementMet, Reminder)

    points = break_everywhere(record, check)
    record()
    plan(at=at)

    assert points >= 5
    assert (CredentialHeld.objects.count(), planned("ce_cycle_end", student)) == (1, 2)


def test_completed_course_its_award_and_the_word_of_its_certificate_exist_together(
    student: User, make_course: Callable[..., Course], at: datetime
) -> None:
    make_course(lessons=1)
    lesson = Lesson.objects.get()

    def complete() -> None:
        complete_lesson(user=student, lesson=lesson, revision=lesson.revisions.get(), at=at)

    def check() -> None:
        plan(at=at)
        assert_nothing(LessonCompletion, CourseCompletion, Credit, RequirementMet, Certificate, Reminder)

    points = break_everywhere(complete, check)
    complete()
    plan(at=at)

    assert points >= 12
    assert (CourseCompletion.objects.count(), Credit.objects.count()) == (1, 1)
    assert planned("certificate_ready", student) == 2


def test_returned_activity_and_its_reminder_exist_together(world: World) -> None:
    now = world.evidence.added_at

    def give_back() -> None:
        review_credit(
            credit=world.credit,
            verdict=EvidenceReview.Verdict.RETURNED,
            reason="The certificate shows no date.",
            seen=world.evidence.pk,
            by=User.objects.get(email="administrator@example.com"),
            at=now,
        )

    def check() -> None:
        plan(at=now)
        assert not EvidenceReview.objects.exists()
        assert not planned("credit_returned", world.student)

    points = break_everywhere(give_back, check)
    give_back()
    plan(at=now)

    assert points >= 4
    assert (EvidenceReview.objects.count(), planned("credit_returned", world.student)) == (1, 2)


def test_answered_report_and_its_reminder_exist_together(world: World) -> None:
    now, editor = world.evidence.added_at, world.people["editor"]
    report = report_question(
        revision=world.revision, user=world.student, reason="key", comment="It is wrong.", at=now
    )

    def answer() -> None:
        answer_reports(
            revision=world.revision,
            reports=[report.pk],
            outcome="accepted",
            answer="You were right.",
            by=editor,
            at=now,
        )

    def check() -> None:
        plan(at=now)
        assert not planned("question_report_answered", world.student)

    points = break_everywhere(answer, check)
    answer()
    plan(at=now)

    assert points >= 1
    assert planned("question_report_answered", world.student) == 2


def close(attempt: Attempt, at: datetime) -> None:
    exams.finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)


def close_without_transaction(attempt: Attempt, at: datetime) -> None:
    """The planted fault: the same work, each statement on its own."""
    finishing._close.__wrapped__(attempt_id=attempt.pk, user=attempt.user, at=at, by_system=False)


def half_closed(world: World) -> bool:
    state = Attempt.objects.get(pk=world.attempt.pk).state
    scored = Score.objects.filter(attempt=world.attempt).exists()
    results = ItemResult.objects.filter(item__attempt=world.attempt).count()
    return (state, scored, bool(results)) not in {("open", False, False), ("submitted", True, True)}


def test_submitted_attempt_its_score_and_the_reviews_it_brings_exist_together(world: World) -> None:
    other, now = world.people["other"], world.attempt.started_at
    attempt = start_attempt(user=other, blueprint=world.blueprint, at=now)
    later = now + timedelta(days=2)

    def check() -> None:
        plan(at=later)
        assert Attempt.objects.get(pk=attempt.pk).state == "open"
        assert not Score.objects.filter(attempt=attempt).exists()
        assert not ReviewCard.objects.filter(user=other).exists()
        assert not planned("reviews_due", other)

    points = break_everywhere(lambda: close(attempt, now), check)
    close(attempt, now)
    plan(at=later)

    assert points >= 7  # each of its statements, as everywhere here
    assert Score.objects.filter(attempt=attempt).exists()
    assert ReviewCard.objects.filter(user=other).exists()
    assert planned("reviews_due", other) == 2


def test_submit_without_its_transaction_is_noticed(world: World, at: datetime) -> None:
    with connection.execute_wrapper(Breaks(1)), pytest.raises(OperationalError):
        close_without_transaction(world.attempt, at)

    assert half_closed(world)
