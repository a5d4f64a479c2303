"""A report of a problem, from the person who saw it to the answer in their mailbox."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from courses.exams.actions import (
    AlreadyAnswered,
    AnswerNeeded,
    answer_reports,
    apply_correction,
    finish_attempt,
    propose_correction,
    report_question,
    rescore,
    reveal_item,
    start_attempt,
    submit_answer,
)
from courses.exams.models import Attempt, AttemptItem, Blueprint, QuestionReport, QuestionRevision
from courses.reminders import kinds as reminder_kinds
from courses.reminders.actions import Planned, plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from tests.conftest import MakePerson
from tests.exams.conftest import CountSql, MakeQuestion, right, wrong
from tests.reminders.shipped import publish_shipped

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 24, 14, tzinfo=UTC)  # 09:00 in New York
SAID = {"reason": "key", "comment": "The guideline says B."}


@pytest.fixture
def finished(attempt: Attempt, student: User, at: datetime) -> Attempt:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at + timedelta(minutes=1))
    return attempt


@pytest.fixture
def shipped_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two mails of this file, and no others: what else an exam brings is not spoken of here."""
    told = ("question_report_answered", "attempt_rescored")
    publish_shipped(*told)
    monkeypatch.setattr(reminder_kinds, "_kinds", {key: reminder_kinds.get(key) for key in told})


def report_url(attempt: Attempt, position: int = 1) -> str:
    return reverse("exams:report_question", args=[attempt.pk, position])


# --- reporting ---------------------------------------------------------------------------------------------
def test_a_question_of_a_finished_attempt_is_reported(
    as_student: Client, student: User, finished: Attempt
) -> None:
    assert as_student.get(report_url(finished)).status_code == 200
    answer = as_student.post(report_url(finished), SAID, follow=True)
    assert "Thank you" in answer.content.decode()
    assert "The guideline says B." in answer.content.decode()
    made = QuestionReport.objects.get()
    item = AttemptItem.objects.get(attempt=finished, position=1)
    assert (made.user, made.revision_id, made.reason) == (student, item.question_revision_id, "key")


def test_nothing_is_reported_while_the_exam_runs(as_student: Client, attempt: Attempt) -> None:
    for call in (as_student.get, as_student.post):
        assert call(report_url(attempt), SAID).status_code == 404
    assert not QuestionReport.objects.exists()


def test_a_stranger_and_a_missing_question_are_not_found(
    as_student: Client, other: User, finished: Attempt
) -> None:
    stranger = Client()
    stranger.force_login(other)
    assert stranger.post(report_url(finished), SAID).status_code == 404
    assert as_student.post(report_url(finished, 99), SAID).status_code == 404


def test_a_revealed_question_of_a_tutored_set_is_reported(
    as_student: Client, student: User, blueprint: Blueprint
) -> None:
    now = timezone.now()
    tutored = start_attempt(user=student, blueprint=blueprint, at=now, mode="tutor")
    item = AttemptItem.objects.get(attempt=tutored, position=1)
    assert as_student.get(report_url(tutored)).status_code == 404
    submit_answer(
        user=student,
        attempt_id=tutored.pk,
        position=1,
        client_id="tab",
        seq=1,
        fields=wrong(item),
        received_at=now,
    )
    reveal_item(user=student, attempt_id=tutored.pk, position=1, at=now)
    assert as_student.get(report_url(tutored)).status_code == 200
    assert as_student.get(report_url(tutored, 2)).status_code == 404


@pytest.mark.parametrize("sent", [{}, {"reason": "key"}, {"reason": "bad", "comment": "x"}])
def test_a_report_without_words_is_not_sent(as_student: Client, finished: Attempt, sent: Any) -> None:
    assert as_student.post(report_url(finished), sent).status_code == 422
    assert not QuestionReport.objects.exists()


def test_reporting_twice_is_one_report(as_student: Client, finished: Attempt, student: User) -> None:
    as_student.post(report_url(finished), SAID)
    again = as_student.post(report_url(finished), SAID | {"comment": "Once more"}, follow=True)
    assert "You reported this question before" in again.content.decode()
    assert QuestionReport.objects.get().comment == "The guideline says B."
    with pytest.raises(IntegrityError), transaction.atomic():
        QuestionReport.objects.create(
            user=student,
            revision=QuestionReport.objects.get().revision,
            reason="key",
            comment="x",
            reported_at=timezone.now(),
        )


def test_after_an_answer_it_may_be_reported_again(
    student: User, editor: User, make_question: MakeQuestion, at: datetime
) -> None:
    revision = make_question()
    for _ in range(2):
        made = report_question(revision=revision, user=student, reason="key", comment="x", at=at)
        answer_reports(
            revision=revision, reports=[made.pk], outcome="declined", answer="No.", by=editor, at=at
        )
    assert QuestionReport.objects.count() == 2


# --- answering ---------------------------------------------------------------------------------------------
@pytest.fixture
def reports(make_question: MakeQuestion, make_person: MakePerson, at: datetime) -> list[QuestionReport]:
    """One question reported by two people, and a later one by one."""
    found = []
    for number, key in enumerate(("q-1", "q-1", "q-2")):
        revision = QuestionRevision.objects.filter(question__key=key).first() or make_question(key)
        found.append(
            report_question(
                revision=revision,
                user=make_person(f"p-{number}@example.com"),
                reason="key",
                comment=f"Comment {number}",
                at=at + timedelta(hours=number),
            )
        )
    return found


def test_the_queue_groups_reports_by_question(as_editor: Client, reports: list[QuestionReport]) -> None:
    rows = as_editor.get(reverse("exams:triage")).context["rows"]
    assert [(one.shown.revision.question.key, one.people) for one in rows] == [("q-1", 2), ("q-2", 1)]
    newest = as_editor.get(reverse("exams:triage"), {"order": "newest"}).context["rows"]
    assert [one.shown.revision.question.key for one in newest] == ["q-2", "q-1"]
    most = as_editor.get(reverse("exams:triage"), {"order": "people"}).context["rows"]
    assert [one.people for one in most] == [2, 1]
    page = as_editor.get(reverse("exams:triage")).content.decode()
    assert "Comment 1" in page
    assert "rationale 1 of q-1" in page
    assert "p-1@example.com" not in page


@pytest.mark.parametrize("questions", [1, 3])
def test_the_queue_takes_the_same_queries_for_any_number(
    as_editor: Client,
    make_question: MakeQuestion,
    student: User,
    at: datetime,
    questions: int,
    count_sql: CountSql,
) -> None:
    for number in range(questions):
        report_question(revision=make_question(f"q-{number}"), user=student, reason="key", comment="x", at=at)
    as_editor.get(reverse("exams:triage"))
    with count_sql(12):
        as_editor.get(reverse("exams:triage"))


def test_an_answer_closes_what_the_page_showed(
    as_editor: Client, editor: User, make_person: MakePerson, reports: list[QuestionReport], at: datetime
) -> None:
    revision = reports[0].revision
    later = report_question(
        revision=revision, user=make_person("late@example.com"), reason="key", comment="x", at=at
    )
    url = reverse("exams:answer_reports", args=[revision.pk])
    sent = {"reports": [one.pk for one in reports[:2]], "outcome": "accepted", "answer": "Thank you, yes."}
    as_editor.post(url, sent)
    for one in reports:
        one.refresh_from_db()
    assert [one.outcome for one in reports] == ["accepted", "accepted", ""]
    assert (reports[0].answer, reports[0].closed_by) == ("Thank you, yes.", editor)
    later.refresh_from_db()
    assert later.closed_at is None


@pytest.mark.parametrize("sent", [{"outcome": "accepted", "answer": ""}, {"outcome": "", "answer": "So."}])
def test_an_answer_needs_an_outcome_and_words(
    as_editor: Client, reports: list[QuestionReport], sent: dict[str, str]
) -> None:
    url = reverse("exams:answer_reports", args=[reports[0].revision_id])
    page = as_editor.post(url, sent | {"reports": [reports[0].pk]})
    assert page.status_code == 422
    assert QuestionReport.objects.filter(closed_at=None).count() == 3


def test_a_second_editor_does_not_overwrite_an_answer(
    reports: list[QuestionReport], editor: User, at: datetime
) -> None:
    told: dict[str, Any] = {
        "revision": reports[0].revision,
        "reports": [reports[0].pk],
        "by": editor,
        "at": at,
    }
    assert answer_reports(**told, outcome="accepted", answer="Yes.") == 1
    with pytest.raises(AlreadyAnswered):
        answer_reports(**told, outcome="declined", answer="No.")
    with pytest.raises(AnswerNeeded):
        answer_reports(**told, outcome="accepted", answer=" ")
    reports[0].refresh_from_db()
    assert reports[0].answer == "Yes."


def test_the_reporter_reads_the_answer(
    as_student: Client, student: User, editor: User, make_question: MakeQuestion, at: datetime
) -> None:
    revision = make_question()
    made = report_question(revision=revision, user=student, reason="key", comment="Why?", at=at)
    assert "Waiting" in as_student.get(reverse("exams:your_reports")).content.decode()
    answer_reports(
        revision=revision, reports=[made.pk], outcome="declined", answer="See <I.B.13>.", by=editor, at=at
    )
    page = as_student.get(reverse("exams:your_reports")).content.decode()
    assert "See &lt;I.B.13&gt;." in page
    assert "It stays as it is" in page


def test_the_pages_link_to_reporting(as_student: Client, finished: Attempt) -> None:
    report = as_student.get(reverse("exams:report", args=[finished.pk])).content.decode()
    assert all(f'href="../questions/{position}/report/"' in report for position in (1, 2, 3))
    practice = as_student.get(reverse("exams:practice")).content.decode()
    assert reverse("exams:your_reports") in practice
    assert reverse("exams:changes") in practice


# --- telling -----------------------------------------------------------------------------------------------
def test_the_answer_is_mailed_once(
    make_person: MakePerson,
    editor: User,
    make_question: MakeQuestion,
    shipped_mail: None,
    at: datetime,
    mailoutbox: list[EmailMessage],
) -> None:
    york = make_person(time_zone="America/New_York")
    revision = make_question("q-1")
    made = report_question(revision=revision, user=york, reason="key", comment="Why?", at=at)
    assert plan(at=at) == Planned()
    evening = datetime(2026, 11, 24, 2, tzinfo=UTC)  # 21:00 there: it waits for the morning
    answer_reports(
        revision=revision,
        reports=[made.pk],
        outcome="accepted",
        answer="The key accepts both now.",
        by=editor,
        at=evening,
    )
    assert plan(at=evening) == Planned(inserted=2)
    assert plan(at=evening + timedelta(hours=1)) == Planned()
    deliver_due(at=evening)
    assert mailoutbox == []
    deliver_due(at=NINE)
    assert plan(at=NINE + timedelta(days=1)) == Planned()
    deliver_due(at=NINE + timedelta(days=2))
    (mail,) = mailoutbox
    assert mail.subject == "Your report about q-1: you were right"
    assert "The key accepts both now." in mail.body
    assert "/practice/reports/" in mail.body
    assert "because you reported a problem" in mail.body


@pytest.fixture
def rescored(
    make_person: MakePerson, blueprint: Blueprint, editor: User, at: datetime
) -> Callable[[str], tuple[Attempt, Attempt]]:
    """Two attempts: one whose result a correction changes, one whose result it leaves."""

    def make(zone: str) -> tuple[Attempt, Attempt]:
        attempts = []
        for email, answer in (("york@example.com", wrong), ("same@example.com", right)):
            person = make_person(email, time_zone=zone)
            attempt = start_attempt(user=person, blueprint=blueprint, at=at)
            for item in attempt.items.select_related("question_revision"):
                submit_answer(
                    user=person,
                    attempt_id=attempt.pk,
                    position=item.position,
                    client_id="tab",
                    seq=item.position,
                    fields=answer(item),
                    received_at=at,
                )
            finish_attempt(attempt_id=attempt.pk, user=person, at=at)
            attempts.append(attempt)
        second = make_person("second@example.com", role=Role.EDITOR)
        for revision in QuestionRevision.objects.filter(attempt_items__attempt=attempts[0]):
            correction = propose_correction(
                revision=revision, how="all", reason="Both are right.", by=editor, at=at
            )
            apply_correction(correction=correction, by=second, at=at)
            rescore(correction=correction, at=at + timedelta(minutes=1))
        return attempts[0], attempts[1]

    return make


def test_a_changed_result_is_mailed_once_and_an_unchanged_one_not(
    rescored: Any, shipped_mail: None, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    changed, _same = rescored("America/New_York")
    now = at + timedelta(minutes=2)
    assert plan(at=now) == Planned(inserted=2)
    assert plan(at=now) == Planned()
    deliver_due(at=now)
    (mail,) = mailoutbox
    assert mail.to == ["york@example.com"]
    assert mail.subject == "Mock exam: your result is now 3 of 3"
    assert "It was 2 of 3" in mail.body
    assert "Both are right." in mail.body
    assert f"/attempts/{changed.pk}/report/" in mail.body


def test_a_result_that_a_later_correction_replaced_is_no_news(rescored: Any, at: datetime) -> None:
    rescored("America/New_York")
    kind = reminder_kinds.get("attempt_rescored")
    found = list(kind.candidates(at=at + timedelta(minutes=2), until=at + timedelta(days=2)))
    assert len(found) == 1
    assert kind.deadlines(["score-1", found[0].subject]) == {found[0].subject: at.date()}


@pytest.mark.parametrize("key", ["question_report_answered", "attempt_rescored"])
def test_sample_has_the_names_of_the_real_context(
    rescored: Any,
    student: User,
    editor: User,
    make_question: MakeQuestion,
    at: datetime,
    key: str,
    count_sql: CountSql,
) -> None:
    rescored("UTC")
    revision = make_question("q-9")
    made = report_question(revision=revision, user=student, reason="key", comment="x", at=at)
    answer_reports(revision=revision, reports=[made.pk], outcome="declined", answer="No.", by=editor, at=at)
    plan(at=at + timedelta(minutes=2))
    kind = reminder_kinds.get(key)
    reminder = Reminder.objects.filter(kind=key).latest("pk")
    with count_sql(1):
        fact = kind.read([reminder], at=at)[reminder.pk]
    context = kind.context(reminder, fact, at=at)
    assert context.keys() == kind.sample_context().keys()
    assert {type(value) for value in context.values()} == {str}
    assert kind.still_true(reminder, fact, at=at) is None
