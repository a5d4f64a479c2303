"""Writing questions, publishing them and tying them to lessons."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from courses.catalog.actions import LessonRefused, write_lesson_revision
from courses.catalog.models import Course, Lesson, LessonRevision
from courses.exams.actions import (
    ChoiceText,
    NotAChoice,
    QuestionRefused,
    answer_checkpoint,
    attach_checkpoints,
    publish_question,
    write_question_revision,
)
from courses.exams.models import Checkpoint, CheckpointAnswer, Choice, Domain, Question, QuestionRevision
from courses.progress.models import RequirementMet
from portal.lib.revisions import AlreadyPublished
from tests.exams.conftest import MakeQuestion, question_text

pytestmark = pytest.mark.django_db


def test_write_question_revision_renders_codes_bare_for_the_exam_and_linked_for_later(
    make_question: MakeQuestion,
) -> None:
    revision = make_question()
    choice = revision.choices.get(position=1)
    assert '<span class="code-bare">E11.9</span>' in revision.stem_html
    assert 'data-panel="/codes/icd10cm/E11.9/panel/"' in revision.stem_linked_html
    assert "data-panel" in choice.rationale_html
    assert choice.is_correct
    assert set(revision.code_refs.values_list("code", "role")) == {("E11.9", "code"), ("E11.621", "code")}
    assert list(revision.citations.values_list("kind", "ref")) == [("source", "canary-key citation")]


def test_write_question_revision_counts_up(make_question: MakeQuestion) -> None:
    assert [make_question().number, make_question().number] == [1, 2]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"choices": question_text("x")["choices"][:3]}, "A question has four options; here are 3."),
        ({"choices": question_text("x", right=9)["choices"]}, "Exactly one option must be correct."),
        ({"citations": []}, "At least one citation is needed."),
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


def test_write_question_revision_refuses_an_option_without_rationale(domain: Domain) -> None:
    choices = [ChoiceText(f"Option {n}", "" if n == 2 else "Because.", n == 1) for n in range(4)]
    with pytest.raises(QuestionRefused, match="Option 3 has no rationale"):
        write_question_revision(
            question=Question.objects.create(key="x"), domain=domain, **question_text("x", choices=choices)
        )


def test_write_question_revision_refuses_two_equal_options(domain: Domain) -> None:
    choices = [ChoiceText("Same", "Because.", n == 1) for n in range(4)]
    with pytest.raises(QuestionRefused, match="same text"):
        write_question_revision(
            question=Question.objects.create(key="x"), domain=domain, **question_text("x", choices=choices)
        )


def test_publish_question_makes_it_live_from_then(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    revision = make_question(live=False, by=editor, at=at, pack_digest="")
    publish_question(revision=revision, by=editor, at=at, live_from=at + timedelta(days=1))
    assert revision.state(at) == "scheduled"
    assert revision.state(at + timedelta(days=1)) == "live"


def test_publish_question_never_reaches_into_the_past(
    make_question: MakeQuestion, editor: User, at: datetime
) -> None:
    revision = make_question(live=False, by=editor, at=at, pack_digest="")
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


def choices_of(checkpoint: Checkpoint) -> tuple[Choice, Choice]:
    """The right and a wrong option."""
    options = Choice.objects.filter(revision__question=checkpoint.question)
    return options.get(is_correct=True), options.filter(is_correct=False)[0]


def test_answer_checkpoint_right_meets_the_requirement(
    checkpoint: Checkpoint, student: User, at: datetime
) -> None:
    answer = answer_checkpoint(user=student, checkpoint=checkpoint, choice=choices_of(checkpoint)[0], at=at)
    assert answer.is_correct
    assert RequirementMet.objects.owned_by(student).filter(kind="checkpoint", key="q-1").count() == 1


def test_answer_checkpoint_wrong_is_kept_and_meets_nothing(
    checkpoint: Checkpoint, student: User, at: datetime
) -> None:
    answer = answer_checkpoint(user=student, checkpoint=checkpoint, choice=choices_of(checkpoint)[1], at=at)
    assert not answer.is_correct
    assert not RequirementMet.objects.exists()


def test_answer_checkpoint_wrong_after_right_takes_nothing_back(
    checkpoint: Checkpoint, student: User, at: datetime
) -> None:
    for choice in (*choices_of(checkpoint), choices_of(checkpoint)[0]):
        answer_checkpoint(user=student, checkpoint=checkpoint, choice=choice, at=at)
    assert CheckpointAnswer.objects.filter(user=student).count() == 3
    assert RequirementMet.objects.owned_by(student).count() == 1


def test_answer_checkpoint_refuses_an_option_of_another_question(
    checkpoint: Checkpoint, make_question: MakeQuestion, student: User, at: datetime
) -> None:
    foreign = make_question("q-2").choices.get(is_correct=True)
    with pytest.raises(NotAChoice):
        answer_checkpoint(user=student, checkpoint=checkpoint, choice=foreign, at=at)


def test_answer_checkpoint_refuses_an_option_of_a_draft(
    checkpoint: Checkpoint, make_question: MakeQuestion, student: User, at: datetime
) -> None:
    draft = make_question("q-1", live=False).choices.get(is_correct=True)
    with pytest.raises(NotAChoice):
        answer_checkpoint(user=student, checkpoint=checkpoint, choice=draft, at=at)
