from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from courses.catalog import actions
from courses.catalog.models import (
    Course,
    GuideSection,
    Lesson,
    LessonReport,
    LessonRevision,
    Requirement,
)
from portal.lib.revisions import AlreadyPublished, publish_revision

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(course: Course) -> Lesson:
    return Lesson.objects.filter(module__course=course).in_order()[0]


def write(lesson: Lesson, source: str, by: User, at: datetime) -> LessonRevision:
    return actions.write_lesson_revision(
        lesson=lesson, title="New title", source=source, minutes=5, by=by, at=at
    )


def test_write_lesson_revision_makes_next_draft(lesson: Lesson, editor: User, at: datetime) -> None:
    revision = write(lesson, "## New\n\nThree new words.", editor, at)

    assert (revision.number, revision.state(at), revision.words) == (2, "draft", 4)
    assert LessonRevision.objects.live(at).get(lesson=lesson).number == 1


@pytest.mark.parametrize(
    ("source", "problem"),
    [("[[x:E11.9]]", "names no code system"), ("a [[checkpoint:q]]", "must stand alone")],
)
def test_write_lesson_revision_with_mistake_writes_nothing(
    lesson: Lesson, editor: User, at: datetime, source: str, problem: str
) -> None:
    with pytest.raises(actions.LessonRefused) as refusal:
        write(lesson, source, editor, at)

    assert problem in refusal.value.problems[0]
    assert lesson.revisions.count() == 1


def test_write_lesson_revision_with_unknown_question_is_refused(
    lesson: Lesson, editor: User, at: datetime
) -> None:
    with pytest.raises(actions.LessonRefused) as refusal:
        write(lesson, "[[checkpoint:no-such-question]]", editor, at)

    assert "no-such-question" in refusal.value.problems[0]
    assert not Requirement.objects.exists()


def test_publish_from_a_future_date_is_the_schedule(lesson: Lesson, editor: User, at: datetime) -> None:
    revision = write(lesson, "Later.", editor, at)
    tomorrow = at + timedelta(days=1)

    publish_revision(revision=revision, by=editor, live_from=tomorrow)

    live = LessonRevision.objects.filter(lesson=lesson)
    assert live.live(at).get().number == 1
    assert live.live(tomorrow).get().number == 2
    assert revision.state(at) == "scheduled"


def test_publish_twice_is_refused(lesson: Lesson, editor: User, at: datetime) -> None:
    revision = write(lesson, "Now.", editor, at)
    publish_revision(revision=revision, by=editor, live_from=at)

    with pytest.raises(AlreadyPublished):
        publish_revision(revision=revision, by=editor, live_from=at + timedelta(days=1))

    assert LessonRevision.objects.get(pk=revision.pk).published_at == at


def test_two_revisions_of_one_number_are_refused_by_the_database(
    lesson: Lesson, editor: User, at: datetime
) -> None:
    revision = write(lesson, "Now.", editor, at)
    revision.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        revision.save(force_insert=True)


def test_guide_section_refuses_checkpoint(editor: User, at: datetime) -> None:
    section = GuideSection.objects.create(key="pay", position=1)

    with pytest.raises(actions.LessonRefused):
        actions.write_guide_revision(
            section=section, title="Pay", source="[[checkpoint:q]]", by=editor, at=at
        )

    assert not section.revisions.exists()


def test_report_said_twice_is_one_report(lesson: Lesson, student: User, at: datetime) -> None:
    revision = lesson.revisions.get()

    for _ in range(2):
        actions.report_lesson(revision=revision, text="A typo.", by=student, at=at)

    assert LessonReport.objects.count() == 1


def test_resolve_report_keeps_the_first_answer(
    lesson: Lesson, student: User, editor: User, at: datetime
) -> None:
    report = actions.report_lesson(revision=lesson.revisions.get(), text="A typo.", by=student, at=at)

    actions.resolve_report(report=report, outcome="Mended.", by=editor, at=at)
    actions.resolve_report(report=report, outcome="Again.", by=editor, at=at)

    assert LessonReport.objects.get().outcome == "Mended."


def test_requirement_without_owner_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(kind="task", key="x", text="x")


@pytest.mark.parametrize(
    "lists",
    [
        {"links": ["x"]},
        {"links": [{"label": "x"}]},
        {"links": "course:x"},
        {"links": [{"label": 1, "to": "x"}]},
        {"figures": [1]},
        {"compare": {"cpc": 1}},
    ],
)
def test_guide_section_with_misshaped_lists_is_refused(editor: User, at: datetime, lists: Any) -> None:
    section = GuideSection.objects.create(key="pay", position=1)

    with pytest.raises(actions.LessonRefused):
        actions.write_guide_revision(section=section, title="Pay", source="Text.", by=editor, at=at, **lists)

    assert not section.revisions.exists()
