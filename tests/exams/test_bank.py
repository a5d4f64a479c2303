"""Writing questions, publishing them and tying them to lessons."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from accounts.models import User
from accounts.roles import Role
from courses.catalog.actions import LessonRefused, write_lesson_revision
from courses.catalog.models import Course, Lesson, LessonRevision
from courses.exams.actions import (
    NotAnAnswer,
    NotReady,
    QuestionRefused,
    SecondPersonNeeded,
    answer_checkpoint,
    approve_question,
    attach_checkpoints,
    publish_question,
    return_to_draft,
    send_to_review,
    write_question_revision,
)
from courses.exams.models import Checkpoint, CheckpointAnswer, Domain, Question, QuestionRevision
from courses.progress.models import RequirementMet
from portal.lib.revisions import AlreadyPublished
from tests.exams.conftest import MakeQuestion, question_text

pytestmark = pytest.mark.django_db


def test_write_question_revision_renders_codes_bare_for_the_exam_and_linked_for_later(
    make_question: MakeQuestion,
) -> None:
    revision = make_question()
    assert '<span class="code-bare">E11.9</span>' in revision.stem_html
    assert 'data-panel="/codes/icd10cm/E11.9/panel/"' in revision.stem_linked_html
    assert revision.asked["options"]["1"] == "Option 1 of q-1"
    assert "data-panel" in revision.explained["options"]["1"]["why"]
    assert revision.answer_key == {"right": [1]}
    assert set(revision.code_refs.values_list("code", "role")) == {("E11.9", "code"), ("E11.621", "code")}
    assert list(revision.citations.values_list("kind", "ref")) == [("source", "canary-key citation")]


def test_write_question_revision_counts_up(make_question: MakeQuestion) -> None:
    assert [make_question().number, make_question().number] == [1, 2]


def choices(**of_third: Any) -> dict[str, Any]:
    """Four options, the third of which is as given."""
    source = question_text("x")["source"]
    source["choices"][2] |= of_third
    return source


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": {"choices": choices()["choices"][:3]}}, "Options: here are 3, not 4."),
        ({"source": question_text("x", right=9)["source"]}, "Exactly one option must be correct."),
        ({"source": choices(correct=True)}, "Exactly one option must be correct."),
        ({"source": choices(text="Option 1 of x")}, "Two options have the same text."),
        ({"stem": " "}, "The question has no text."),
        ({"difficulty": 6}, "The difficulty is a number from 1 to 5."),
        ({"stem": "See [[checkpoint:other]]"}, "must stand alone"),
        ({"stem": "[[checkpoint:other]]"}, "cannot hold a checkpoint question"),
        ({"stem": "See [[abc:1]]"}, "names no code system"),
    ],
)
def test_write_question_revision_refuses(domain: Domain, change: dict[str, Any], problem: str) -> None:
    question = Question.objects.create(key="x")
    with pytest.raises(QuestionRefused) as refusal:
        write_question_revision(question=question, **({"domain": domain} | question_text("x", **change)))
    assert any(problem in one for one in refusal.value.problems)
    assert not QuestionRevision.objects.exists()


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"citations": []}, "At least one citation is needed."),
        ({"source": choices(rationale="")}, "Option 3 has no rationale."),
    ],
)
def test_what_a_draft_may_lack_a_ready_question_may_not(
    domain: Domain, editor: User, at: datetime, change: dict[str, Any], gap: str
) -> None:
    question = Question.objects.create(key="x")
    text = {"domain": domain} | question_text("x", **change)
    draft = write_question_revision(question=question, **text)

    with pytest.raises(QuestionRefused, match=gap):
        approve_question(revision=draft, by=editor, at=at)
    with pytest.raises(QuestionRefused, match=gap):
        write_question_revision(question=question, must_be_ready=True, **text)

    assert draft.approved_at is None
    assert question.revisions.count() == 1


# --- from draft to live ------------------------------------------------------------------------------
def test_question_goes_from_draft_over_review_to_ready_and_back(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    revision = make_question(live=False, by=editor, at=at, pack_digest="")
    send_to_review(revision=revision, by=editor, at=at)
    assert (revision.submitted_at, revision.submitted_by) == (at, editor)
    approve_question(revision=revision, by=editor, at=at)
    approve_question(revision=revision, by=editor, at=at + timedelta(days=1))
    assert (revision.approved_at, revision.approved_by) == (at, editor)
    return_to_draft(revision=revision)
    assert (revision.submitted_at, revision.approved_at) == (None, None)


def test_publish_question_refuses_what_nobody_approved(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    with pytest.raises(NotReady):
        publish_question(
            revision=make_question(live=False, by=editor, pack_digest=""), by=editor, at=at, live_from=at
        )


def test_changed_key_needs_a_second_person(
    make_question: MakeQuestion, make_person: Any, editor: User, at: datetime
) -> None:
    make_question()
    same = make_question(live=False, by=editor, at=at, pack_digest="")
    changed = make_question(live=False, by=editor, at=at, pack_digest="", right=2)

    approve_question(revision=same, by=editor, at=at)
    with pytest.raises(SecondPersonNeeded):
        approve_question(revision=changed, by=editor, at=at)
    second = make_person("second@example.com", role=Role.EDITOR)
    approve_question(revision=changed, by=second, at=at)
    publish_question(revision=changed, by=editor, at=at, live_from=at)

    assert (same.changes_key, changed.changes_key, changed.state(at)) == (False, True, "live")


def test_changed_key_without_a_second_person_is_refused_by_the_database(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    make_question()
    changed = make_question(live=False, by=editor, at=at, pack_digest="", right=2)
    with pytest.raises(IntegrityError):
        QuestionRevision.objects.filter(pk=changed.pk).update(published_at=at)


def test_publish_question_makes_it_live_from_then(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    revision = make_question(live=False, by=editor, at=at, pack_digest="")
    approve_question(revision=revision, by=editor, at=at)
    publish_question(revision=revision, by=editor, at=at, live_from=at + timedelta(days=1))
    assert revision.state(at) == "scheduled"
    assert revision.state(at + timedelta(days=1)) == "live"


def test_publish_question_never_reaches_into_the_past(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    revision = make_question(live=False, by=editor, at=at, pack_digest="")
    approve_question(revision=revision, by=editor, at=at)
    publish_question(revision=revision, by=editor, at=at, live_from=at - timedelta(days=1))
    assert revision.published_at == at


def test_publish_question_twice_is_refused(make_question: MakeQuestion, at: datetime) -> None:
    with pytest.raises(AlreadyPublished):
        publish_question(revision=make_question(), by=None, at=at, live_from=at)


@pytest.fixture
def write_lesson(course: Course, editor: User, at: datetime) -> Any:
    def write(source: str) -> LessonRevision:
        lesson = Lesson.objects.get(key="basics-1")
        return write_lesson_revision(
            lesson=lesson, title="Asking", source=source, minutes=5, by=editor, at=at
        )

    return write


def test_lesson_drafted_attaches_its_checkpoints(make_question: MakeQuestion, write_lesson: Any) -> None:
    make_question("q-1"), make_question("q-2")
    revision = write_lesson("Text\n\n[[checkpoint:q-2]]\n\nMore\n\n[[checkpoint:q-1]]")
    assert list(revision.checkpoints.values_list("question__key", "position")) == [("q-2", 1), ("q-1", 2)]


def test_lesson_drafted_refuses_an_unknown_question(make_question: MakeQuestion, write_lesson: Any) -> None:
    before = LessonRevision.objects.count()
    with pytest.raises(LessonRefused) as refusal:
        write_lesson("[[checkpoint:nowhere]]")
    assert refusal.value.problems == ["There is no question “nowhere”."]
    assert LessonRevision.objects.count() == before


def test_attach_checkpoints_twice_is_harmless(make_question: MakeQuestion, write_lesson: Any) -> None:
    make_question("q-1")
    revision = write_lesson("[[checkpoint:q-1]]")
    attach_checkpoints(lesson_revision=revision, keys=["q-1"])
    assert revision.checkpoints.count() == 1


@pytest.fixture
def checkpoint(make_question: MakeQuestion, write_lesson: Any) -> Checkpoint:
    make_question("q-1")
    return write_lesson("[[checkpoint:q-1]]").checkpoints.get()


def answer(checkpoint: Checkpoint, user: User, choice: str, at: datetime, **changes: Any) -> CheckpointAnswer:
    revision = QuestionRevision.objects.live(at).get(question=checkpoint.question)
    fields = {"choice": [choice]}
    return answer_checkpoint(
        **{"user": user, "checkpoint": checkpoint, "revision": revision, "fields": fields, "at": at} | changes
    )


RIGHT, WRONG = "1", "2"


def test_answer_checkpoint_right_meets_the_requirement(
    checkpoint: Checkpoint, student: User, at: datetime
) -> None:
    assert answer(checkpoint, student, RIGHT, at).is_correct
    assert RequirementMet.objects.owned_by(student).filter(kind="checkpoint", key="q-1").count() == 1


def test_answer_checkpoint_wrong_is_kept_and_meets_nothing(
    checkpoint: Checkpoint, student: User, at: datetime
) -> None:
    assert not answer(checkpoint, student, WRONG, at).is_correct
    assert CheckpointAnswer.objects.get().value == 2
    assert not RequirementMet.objects.exists()


def test_answer_checkpoint_wrong_after_right_takes_nothing_back(
    checkpoint: Checkpoint, student: User, at: datetime
) -> None:
    for choice in (RIGHT, WRONG, RIGHT):
        answer(checkpoint, student, choice, at)
    assert CheckpointAnswer.objects.filter(user=student).count() == 3
    assert RequirementMet.objects.owned_by(student).count() == 1


@pytest.mark.parametrize("fields", [{}, {"choice": []}, {"choice": [""]}, {"choice": ["9"]}])
def test_answer_checkpoint_refuses_what_is_no_answer(
    checkpoint: Checkpoint, student: User, at: datetime, fields: dict[str, list[str]]
) -> None:
    with pytest.raises(NotAnAnswer):
        answer(checkpoint, student, RIGHT, at, fields=fields)


def test_answer_checkpoint_refuses_another_question(
    checkpoint: Checkpoint, make_question: MakeQuestion, student: User, at: datetime
) -> None:
    with pytest.raises(NotAnAnswer):
        answer(checkpoint, student, RIGHT, at, revision=make_question("q-2"))


def test_answer_checkpoint_refuses_a_draft(
    checkpoint: Checkpoint, make_question: MakeQuestion, student: User, at: datetime
) -> None:
    with pytest.raises(NotAnAnswer):
        answer(checkpoint, student, RIGHT, at, revision=make_question("q-1", live=False))
