"""The database itself keeps the ledger: whoever asks, by whatever way, rows are only added."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.models import Body, Course
from courses.credentials.actions import award_course, record_credential
from courses.credentials.actions.anchoring import anchor_ledgers
from courses.credentials.guards import missing_guards
from courses.credentials.models import (
    CourseApproval,
    Credit,
    CreditDetail,
    Evidence,
    Ledger,
    LedgerAnchor,
    LedgerLink,
)
from courses.exams.models import Checkpoint, CheckpointAnswer, Domain
from courses.progress.actions import complete_lesson
from courses.progress.models import CourseCompletion, ReadingTime
from tests import worlds
from tests.credentials.histories import complete_course, write_history
from tests.guards import take_guards_away

ROWS: tuple[type[models.Model], ...] = (Credit, LedgerLink, Evidence, LedgerAnchor)
KEPT: tuple[type[models.Model], ...] = (*ROWS, CreditDetail, Ledger)


@pytest.fixture
def ledger(rules: None, student: User, course: Course, at: datetime, private: None) -> Ledger:
    ledger = write_history(student, course, at)
    anchor_ledgers(at=at)
    return ledger


def refused(change: Callable[[], Any]) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        change()
    return str(refusal.value)


# --- refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_row_is_neither_updated_nor_deleted(ledger: Ledger, model: type[models.Model]) -> None:
    row = model._default_manager.order_by("pk").first()
    assert row is not None
    table, key = model._meta.db_table, row.pk

    def raw(sql: str) -> Callable[[], Any]:
        def run() -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql, [key])

        return run

    said = {
        refused(row.save),
        refused(lambda: model._default_manager.filter(pk=key).update(**{row._meta.fields[-1].attname: None})),
        refused(raw(f"UPDATE {table} SET id = id WHERE id = %s")),
        refused(raw(f"DELETE FROM {table} WHERE id = %s")),
        refused(lambda: model._default_manager.filter(pk=key)._raw_delete("default")),
    }

    words = "This row belongs to the ledger of continuing education, which is only added to: it cannot be "
    assert {text.splitlines()[0] for text in said} == {f"{words}updated.", f"{words}deleted."}
    assert model._default_manager.filter(pk=key).exists()


@pytest.mark.parametrize("column", ["title", "provider", "index_number", "reason", "proof", "salt"])
def test_words_are_not_changed(ledger: Ledger, column: str) -> None:
    details = CreditDetail.objects.all()

    assert "cannot be changed" in refused(lambda: details.update(**{column: "other"}))


def test_words_stay_as_long_as_their_person(ledger: Ledger) -> None:
    detail = CreditDetail.objects.first()
    assert detail is not None

    assert "only when their person is erased" in refused(detail.delete)


def test_who_recorded_a_credit_is_forgotten_but_not_changed(ledger: Ledger, other: User) -> None:
    details = CreditDetail.objects.filter(credit__ledger=ledger)

    assert "not changed" in refused(lambda: details.update(recorded_by=other))
    assert details.update(recorded_by=None, course_completion=None) == 5


@pytest.mark.parametrize("change", ["key", "user_id", "length", "opened_at"])
def test_ledger_keeps_its_key_length_and_person(
    ledger: Ledger, other: User, at: datetime, change: str
) -> None:
    to = {
        "key": "12345678-1234-5678-1234-567812345678",
        "user_id": other.pk,
        "length": 1,
        "opened_at": at.replace(hour=1),
    }

    refused(lambda: Ledger.objects.filter(pk=ledger.pk).update(**{change: to[change]}))


def test_ledger_is_not_deleted(ledger: Ledger) -> None:
    assert "never deleted" in refused(lambda: Ledger.objects.all()._raw_delete("default"))


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_admin_only_reads(ledger: Ledger, model: type[models.Model], as_boss: Client) -> None:
    row = model._default_manager.order_by("pk").first()
    assert row is not None and model in admin.site._registry
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    before = list(model._default_manager.order_by("pk").values())

    assert as_boss.get(reverse(f"{name}_changelist")).status_code == 200
    assert as_boss.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert as_boss.post(reverse(f"{name}_change", args=[row.pk]), {"title": "x"}).status_code == 403
    assert as_boss.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    as_boss.post(reverse(f"{name}_changelist"), everything)
    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_table_is_not_emptied(ledger: Ledger, model: type[models.Model]) -> None:
    how = "TRUNCATE %s CASCADE" if connection.vendor == "postgresql" else "DELETE FROM %s"

    def empty() -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(how % model._meta.db_table)

    refused(empty)


# --- the guards themselves ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_guard_is_there() -> None:
    assert missing_guards() == []
    assert not [one for one in run_checks(databases=["default"]) if one.id == "credentials.W001"]


@pytest.mark.django_db
def test_missing_guard_is_named_by_the_check() -> None:
    take_guards_away()

    named = [one.msg for one in run_checks(databases=["default"]) if one.id == "credentials.W001"]

    assert any("credentials_credit_not_updated" in text for text in named)
    assert len(named) == len(missing_guards()) > 10


# --- awards ------------------------------------------------------------------------------------------


def test_award_carries_its_proof(
    student: User, make_course: Callable[..., Course], at: datetime, other: User
) -> None:
    domain = Domain.objects.create(key="terms", title="Terms")
    asked = [worlds.make_question(f"q-{number}", domain) for number in range(3)]
    course = make_course(lessons=2)
    first, second = course.modules.get().lessons.order_by("position")
    for position, question in enumerate(asked, start=1):
        revision = (first if position < 3 else second).revisions.get()
        Checkpoint.objects.create(lesson_revision=revision, question=question, position=position)
    answers = [(student, 0, False), (student, 0, True), (student, 1, False), (other, 2, True)]
    for minute, (who, number, is_correct) in enumerate(answers):
        CheckpointAnswer.objects.create(
            user=who,
            question_revision=asked[number].revisions.get(),
            value=1,
            is_correct=is_correct,
            answered_at=at.replace(minute=minute),
        )
    ReadingTime.objects.create(user=student, lesson=first, minutes=7, last_beat_at=at)

    for lesson in (first, second):
        complete_lesson(user=student, lesson=lesson, revision=lesson.revisions.get(), at=at)

    detail = CreditDetail.objects.get()
    assert detail.proof == {"minutes_read": 7, "lessons": 2, "questions": 3, "right": 1}


def test_award_has_the_index_number_of_the_body_that_the_person_is_with(
    rules: None, student: User, course: Course, at: datetime
) -> None:
    def approve(body: str, **fields: Any) -> None:
        CourseApproval.objects.create(
            course=course, body=Body.objects.get(key=body), **{"valid_from": date(2026, 1, 1)} | fields
        )

    approve("aapc", index_number="AAPC-1", topics=["compliance"], valid_until=date(2026, 11, 22))
    approve("ahima", index_number="AHIMA-1", topics=["hiim"])
    approve("hfma", index_number="HFMA-1", topics=["revenue"])
    certification = Body.objects.get(key="hfma").certifications.get()
    record_credential(
        user=student,
        certification=certification,
        earned_on=date(2020, 5, 4),
        ends_on=date(2028, 1, 1),
        required=Decimal(10),
        at=at,
    )

    credit = award_course(completion=complete_course(student, course, at), at=at)

    assert credit is not None
    assert (credit.detail.index_number, credit.topics) == ("HFMA-1", ["hiim", "revenue"])


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Pacific/Kiritimati", datetime(2027, 3, 31, 9, 59, tzinfo=UTC), date(2027, 3, 31)),
        ("Pacific/Kiritimati", datetime(2027, 3, 31, 10, 1, tzinfo=UTC), date(2027, 4, 1)),
        ("Etc/GMT+12", datetime(2027, 4, 1, 11, 59, tzinfo=UTC), date(2027, 3, 31)),
        ("Etc/GMT+12", datetime(2027, 4, 1, 12, 1, tzinfo=UTC), date(2027, 4, 1)),
        ("Etc/GMT-14", datetime(2028, 2, 28, 10, 1, tzinfo=UTC), date(2028, 2, 29)),
        ("Etc/GMT+12", datetime(2028, 3, 1, 11, 59, tzinfo=UTC), date(2028, 2, 29)),
    ],
)
def test_award_has_the_day_of_the_persons_own_calendar(
    student: User, course: Course, zone: str, at: datetime, day: date
) -> None:
    student.time_zone = zone
    student.save()

    for lesson in course.modules.get().lessons.all():
        complete_lesson(user=student, lesson=lesson, revision=lesson.revisions.get(), at=at)

    assert Credit.objects.get().completed_on == day


@pytest.mark.django_db(transaction=True)
def test_completions_in_parallel_earn_one_award_each(
    student: User, make_course: Callable[..., Course], at: datetime
) -> None:
    completions = [
        complete_course(student, make_course(f"course-{number}", lessons=1), at) for number in range(5)
    ]

    def award(completion: CourseCompletion) -> int | None:
        try:
            credit = award_course(completion=completion, at=at)
            return credit and credit.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        awards = list(pool.map(award, completions * 8))

    assert len(set(awards)) == Credit.objects.count() == LedgerLink.objects.count() == 5


@pytest.mark.django_db
def test_second_award_without_the_constraint_would_be_noticed(
    student: User, course: Course, at: datetime
) -> None:
    completion = complete_course(student, course, at)
    with connection.cursor() as cursor:  # the planted fault
        cursor.execute("DROP INDEX credentials_credit_awarded_once")

    awards = {award_course(completion=completion, at=at) for _time in range(2)}

    assert len(awards) == Credit.objects.count() == 2
