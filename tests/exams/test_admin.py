"""Editing a question in the admin: every save is a draft that the room's action has checked."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.exams.models import Attempt, Question
from tests.exams.conftest import CountSql, MakeQuestion

pytestmark = pytest.mark.django_db


def change(question: Question) -> str:
    return reverse("admin:exams_question_change", args=[question.pk])


@pytest.fixture
def typed(make_question: MakeQuestion) -> dict[str, Any]:
    """The form of question q-1 as the page shows it."""
    revision = make_question("q-1")
    form: dict[str, Any] = {
        "stem": revision.stem_source,
        "domain": revision.domain_id,
        "difficulty": 2,
        "difficulty_reason": "One rule.",
        "correct": 1,
        "citations": "source canary-key citation",
        "retired_at_0": "",
        "retired_at_1": "",
    }
    for choice in revision.choices.all():
        form[f"text_{choice.position}"] = choice.text_source
        form[f"rationale_{choice.position}"] = choice.rationale_source
        form[f"mistake_{choice.position}"] = choice.mistake
    return form


def test_saving_a_changed_question_writes_a_draft(as_editor: Client, typed: dict[str, Any]) -> None:
    question = Question.objects.get(key="q-1")
    moved = {"correct": 2, "mistake_1": "off by one", "mistake_2": "", "note": "Key corrected"}
    assert as_editor.post(change(question), typed | moved).status_code == 302
    draft = question.revisions.get(number=2)
    assert (draft.published_at, draft.note, draft.created_by.email) == (
        None,
        "Key corrected",
        "editor@example.com",
    )
    assert draft.choices.get(is_correct=True).position == 2
    assert draft.citations.get().ref == "canary-key citation"


def test_saving_without_a_change_writes_nothing(as_editor: Client, typed: dict[str, Any]) -> None:
    question = Question.objects.get(key="q-1")
    assert as_editor.post(change(question), typed).status_code == 302
    assert question.revisions.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("text_2", "Option 1 of q-1", "Two options have the same text."),
        ("correct", "2", "Option 2 is correct and names a mistake."),
        ("citations", "nonsense", "must begin with guideline"),
        ("rationale_3", "", "This field is required."),
    ],
)
def test_a_refused_question_says_why_beside_what_was_typed(
    as_editor: Client, typed: dict[str, Any], field: str, value: str, words: str
) -> None:
    question = Question.objects.get(key="q-1")
    page = as_editor.post(change(question), typed | {field: value})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert question.revisions.count() == 1


def test_adding_a_question_writes_its_first_draft(as_editor: Client, typed: dict[str, Any]) -> None:
    added = as_editor.post(reverse("admin:exams_question_add"), typed | {"key": "q-new"})
    assert added.status_code == 302
    assert Question.objects.get(key="q-new").revisions.get().number == 1


def test_publishing_makes_the_draft_live(as_editor: Client, typed: dict[str, Any]) -> None:
    question = Question.objects.get(key="q-1")
    as_editor.post(change(question), typed | {"stem": "Another question?"})
    draft = question.revisions.get(number=2)
    as_editor.post(reverse("admin:exams_question_publish", args=[question.pk, draft.pk]))
    draft.refresh_from_db()
    assert draft.published_at is not None
    page = as_editor.get(reverse("admin:exams_question_changelist")).content.decode()
    assert "live 2" in page


def test_list_says_what_is_live_and_what_waits(as_editor: Client, make_question: MakeQuestion) -> None:
    make_question("q-1"), make_question("q-1", live=False), make_question("q-2", live=False)
    page = as_editor.get(reverse("admin:exams_question_changelist")).content.decode()
    assert "live 1, draft 2" in page
    assert ">draft 1<" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_list_takes_the_same_queries_for_any_number(
    as_editor: Client, make_question: MakeQuestion, rows: int, count_sql: CountSql
) -> None:
    for number in range(rows):
        make_question(f"q-{number}")
    as_editor.get(reverse("admin:exams_question_changelist"))
    with count_sql(QUERIES_OF_LIST):
        as_editor.get(reverse("admin:exams_question_changelist"))


QUERIES_OF_LIST = 8


def test_attempts_can_only_be_read(as_boss: Client, attempt: Attempt) -> None:
    page = reverse("admin:exams_attempt_change", args=[attempt.pk])
    assert as_boss.get(page).status_code == 200
    assert as_boss.post(page, {}).status_code == 403
    assert as_boss.get(reverse("admin:exams_attempt_add")).status_code == 403
