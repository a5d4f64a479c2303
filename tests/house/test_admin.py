"""Every list and form of the admin opens, and a list costs the same at one row as at three."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from courses.catalog.actions import report_lesson
from courses.catalog.models import (
    Body,
    Certification,
    Course,
    EducationPath,
    Lesson,
    LessonReport,
    Module,
)
from courses.credentials.models import Credit
from courses.exams.models import Attempt, Question, Response
from courses.reminders.models import Reminder
from tests.worlds import LONG_AGO, World

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def url(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list_and_forms_open(model: type[Model], as_boss: Client, world: World) -> None:
    assert as_boss.get(url(model, "changelist")).status_code == 200
    assert as_boss.get(url(model, "add")).status_code in {200, 403}
    row = model._default_manager.first()
    if row is not None:
        assert as_boss.get(url(model, "change", row.pk)).status_code == 200
        assert as_boss.get(url(model, "history", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list_is_searched_without_error(model: type[Model], as_boss: Client, world: World) -> None:
    assert as_boss.get(url(model, "changelist"), {"q": "x"}).status_code == 200


def copies(model: type[Model], number: int) -> None:
    """Add ``number`` rows like the first one: new keys, the same everything else."""
    for n in range(number):
        row = model._default_manager.order_by("pk").first()
        assert row is not None
        for field in model._meta.concrete_fields:
            if field.primary_key:
                setattr(row, field.attname, None)
            elif field.name in {"key", "email", "activity_key", "short", "abbreviation"}:
                setattr(row, field.attname, f"{n}-{getattr(row, field.attname)}"[: field.max_length])
            elif field.name in {"position", "number"}:
                setattr(row, field.attname, 100 + n)
        row._state.adding = True
        row.save(force_insert=True)


#: Lists that teachers and administrators work with; the other tables are shown by the same base.
WORKED = (User, Body, Certification, Course, Module, Lesson, EducationPath, Question, Credit)


@pytest.mark.parametrize("model", [m for m in MODELS if m in WORKED], ids=lambda model: model._meta.label)
def test_list_costs_the_same_at_one_row_and_at_three(
    model: type[Model], as_boss: Client, world: World
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert as_boss.get(url(model, "changelist")).status_code == 200
        return len(queries)

    cost()
    before = cost()
    copies(model, 2)

    assert cost() == before


def test_editor_sees_content_but_no_people(world: World) -> None:
    editor = world.client("editor")

    assert editor.get(url(Lesson, "changelist")).status_code == 200
    assert editor.get(url(User, "changelist")).status_code == 403


def test_history_is_read_only(as_boss: Client, world: World) -> None:
    for model in (Attempt, Response, Reminder):
        assert as_boss.get(url(model, "add")).status_code == 403
        assert as_boss.post(url(model, "delete", 1), {"post": "yes"}).status_code in {302, 403}


def test_report_needs_an_answer_to_be_closed(world: World) -> None:
    report = report_lesson(
        revision=world.preview.revisions.last(), text="A typo.", by=world.student, at=LONG_AGO
    )
    editor = world.client("editor")

    empty = editor.post(url(LessonReport, "change", report.pk), {"outcome": " "})
    editor.post(url(LessonReport, "change", report.pk), {"outcome": "Mended, thank you."})

    page = world.client("student").get(reverse("progress:report_lesson", args=["basics", "basics-1"]))
    assert "This field is required" in empty.content.decode()
    assert "Mended, thank you." in page.content.decode()


def test_draft_preview_publish_by_an_editor(world: World) -> None:
    """Journey step 6: the student sees the new text only when it is published."""
    editor, student = world.client("editor"), world.client("student")
    lesson, page = world.preview, reverse("pages:lesson", args=["basics", "basics-1"])
    form = {
        "module": lesson.module_id,
        "position": 1,
        "is_preview": "on",
        "title": "A better title",
        "minutes": 12,
        "objectives": "You can read.",
        "citations": "",
        "source": "Better words about [[E11.9]].",
        "note": "Clearer",
    }
    saved = editor.post(url(Lesson, "change", lesson.pk), form)
    draft = lesson.revisions.first()
    assert saved.status_code == 302 and draft is not None
    assert (draft.title, draft.state(draft.created_at), draft.note) == ("A better title", "draft", "Clearer")
    before = world.rows()
    assert "Better words" in editor.get(reverse("pages:preview_lesson", args=[draft.pk])).content.decode()
    assert world.rows() == before
    assert "Better words" not in student.get(page).content.decode()

    editor.post(reverse("admin:catalog_lesson_publish", args=[lesson.pk, draft.pk]))

    assert "Better words" in student.get(page).content.decode()


@pytest.mark.parametrize(
    ("source", "problem"),
    [("See [[E11]].", "E11"), ("See [[Z99.999]].", "Z99.999"), ("[[checkpoint:nowhere]]", "nowhere")],
)
def test_draft_with_a_mistake_is_refused_and_keeps_the_text(world: World, source: str, problem: str) -> None:
    editor, lesson = world.client("editor"), world.preview
    revisions = lesson.revisions.count()

    answer = editor.post(
        url(Lesson, "change", lesson.pk),
        {"module": lesson.module_id, "position": 1, "title": "T", "minutes": 1, "source": source},
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert problem in page and source in page
    assert lesson.revisions.count() == revisions


def test_schedule_with_nonsense_date_publishes_nothing(world: World) -> None:
    editor = world.client("editor")

    editor.post(
        reverse("admin:catalog_lesson_publish", args=[world.preview.pk, world.draft.pk]),
        {"live_from": "tomorrow"},
    )

    world.draft.refresh_from_db()
    assert world.draft.published_at is None
