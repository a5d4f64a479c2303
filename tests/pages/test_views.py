from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.catalog.actions import write_lesson_revision
from courses.catalog.models import Course, EducationPath, Lesson, LessonRevision, PathStage, Requirement
from courses.progress.actions import enrol, follow_path
from courses.progress.models import LessonCompletion, LessonNote, ReadingTime, RequirementMet
from portal.lib.revisions import publish_revision
from portal.pages.queries import segments
from tests.conftest import LONG_AGO

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(course: Course) -> EducationPath:
    path = EducationPath.objects.create(key="way", title="The way", summary="x", published_at=LONG_AGO)
    learn = PathStage.objects.create(path=path, kind="learn", position=1, title="Learn it", html="<p>x</p>")
    apply = PathStage.objects.create(path=path, kind="apply", position=2, title="Apply", html="<p>x</p>")
    Requirement.objects.create(stage=learn, kind="course", key=course.key, text=course.title)
    Requirement.objects.create(stage=apply, kind="task", key="way.resume", text="Write a résumé")
    return path


def test_lesson_preview_is_open_to_strangers(client: Client, course: Course) -> None:
    page = client.get("/courses/basics/basics-1/")

    assert page.status_code == 200
    assert "Text number 1." in page.content.decode()


def test_lesson_asks_a_stranger_to_sign_in(client: Client, course: Course) -> None:
    answer = client.get("/courses/basics/basics-2/")

    assert answer["Location"] == "/account/login/?next=/courses/basics/basics-2/"


def test_lesson_sends_who_is_not_enrolled_to_the_course(as_student: Client, course: Course) -> None:
    assert as_student.get("/courses/basics/basics-2/")["Location"] == "/courses/basics/"


def test_lesson_of_another_course_is_not_found(as_student: Client, make_course: Any, course: Course) -> None:
    make_course("second")

    assert as_student.get("/courses/second/basics-1/").status_code == 404


def test_course_to_completion_without_javascript(as_student: Client, student: User, course: Course) -> None:
    as_student.post("/courses/basics/enrol/")
    for number in (1, 2):
        page = as_student.post(f"/courses/basics/basics-{number}/complete/", follow=True).content.decode()

    assert "You completed the course" in page
    assert LessonCompletion.objects.owned_by(student).count() == 2


def test_incomplete_lesson_says_what_is_left(as_student: Client, student: User, course: Course) -> None:
    enrol(user=student, course=course, at=timezone.now())
    revision = LessonRevision.objects.get(lesson__key="basics-1")
    Requirement.objects.create(
        lesson_revision=revision, kind="checkpoint", key="q", text="Answer the question"
    )

    page = as_student.post("/courses/basics/basics-1/complete/", follow=True).content.decode()

    assert "Not complete yet, 1 thing is left: Answer the question." in page
    assert not LessonCompletion.objects.exists()


def test_completion_keeps_its_revision_when_the_text_changes(
    as_student: Client, student: User, editor: User, course: Course
) -> None:
    as_student.post("/courses/basics/enrol/")
    as_student.post("/courses/basics/basics-1/complete/")
    lesson = Lesson.objects.get(key="basics-1")
    at = timezone.now()
    newer = write_lesson_revision(
        lesson=lesson, title="Better title", source="Better text.", minutes=5, by=editor, at=at
    )
    publish_revision(revision=newer, by=editor, live_from=at)

    page = as_student.get("/courses/basics/basics-1/").content.decode()

    assert "Better text." in page
    assert "your completion stands" in page
    assert LessonCompletion.objects.get().revision.number == 1


def test_preview_shows_the_draft_and_writes_nothing(as_editor: Client, editor: User, course: Course) -> None:
    lesson = Lesson.objects.get(key="basics-1")
    draft = write_lesson_revision(
        lesson=lesson, title="Draft title", source="Draft text.", minutes=5, by=editor, at=timezone.now()
    )

    page = as_editor.get(f"/preview/lessons/{draft.pk}/").content.decode()

    assert "Draft text." in page
    assert "Nothing you do here is kept" in page
    assert not ReadingTime.objects.exists()


def test_note_is_kept_and_only_mine(as_student: Client, other: User, course: Course) -> None:
    as_student.post("/courses/basics/basics-1/note/", {"text": "Remember laterality"})
    stranger = Client()
    stranger.force_login(other)

    assert "Remember laterality" in as_student.get("/courses/basics/basics-1/").content.decode()
    assert "Remember laterality" not in stranger.get("/courses/basics/basics-1/").content.decode()


def test_note_too_long_keeps_what_was_typed(as_student: Client, course: Course) -> None:
    answer = as_student.post("/courses/basics/basics-1/note/", {"text": "x" * 10_001})

    assert answer.status_code == 422
    assert "x" * 10_001 in answer.content.decode()
    assert not LessonNote.objects.exists()


def test_report_without_text_is_refused(as_student: Client, course: Course) -> None:
    answer = as_student.post("/courses/basics/basics-1/report/", {"text": " "})

    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()


def test_task_is_ticked_and_taken_back(as_student: Client, path: EducationPath) -> None:
    as_student.post("/paths/way/tasks/resume/")
    ticked = RequirementMet.objects.filter(key="way.resume").count()
    as_student.post("/paths/way/tasks/resume/", {"undo": "1"})

    assert (ticked, RequirementMet.objects.count()) == (1, 0)


def test_task_of_no_path_is_not_found(as_student: Client, path: EducationPath) -> None:
    assert as_student.post("/paths/way/tasks/nonsense/").status_code == 404


def test_today_without_anything_offers_the_paths(as_student: Client) -> None:
    page = as_student.get("/today/").content.decode()

    assert "Choose a path" in page
    assert "Nothing has a date" in page


def test_today_follows_the_path_then_the_course(
    as_student: Client, student: User, path: EducationPath, course: Course, at: datetime
) -> None:
    follow_path(user=student, path=path, at=at)
    before = as_student.get("/today/").content.decode()
    enrol(user=student, course=course, at=at)
    after = as_student.get("/today/").content.decode()

    assert "Stage 1 of your path: Learn it." in before
    assert "Lesson 1 of Basics" in after
    assert "0 of 2 lessons completed" in after


def test_today_takes_at_most_eight_queries(
    as_student: Client,
    student: User,
    path: EducationPath,
    course: Course,
    at: datetime,
    django_assert_max_num_queries: Any,
) -> None:
    follow_path(user=student, path=path, at=at)
    enrol(user=student, course=course, at=at)
    as_student.get("/today/")

    with django_assert_max_num_queries(8):
        as_student.get("/today/")


@pytest.mark.parametrize("lessons", [1, 3])
def test_lesson_page_query_count(
    as_student: Client,
    student: User,
    make_course: Any,
    at: datetime,
    lessons: int,
    django_assert_num_queries: Any,
) -> None:
    enrol(user=student, course=make_course("long", lessons=lessons), at=at)
    as_student.get("/today/")

    with django_assert_num_queries(5):
        as_student.get("/courses/long/long-1/")


@pytest.mark.parametrize("lessons", [1, 3])
def test_course_page_query_count(
    as_student: Client,
    student: User,
    make_course: Any,
    at: datetime,
    lessons: int,
    django_assert_num_queries: Any,
) -> None:
    enrol(user=student, course=make_course("long", lessons=lessons), at=at)
    as_student.get("/today/")

    with django_assert_num_queries(6):
        as_student.get("/courses/long/")


@pytest.mark.parametrize("query", ["", "x" * 10_000, "\x00", "'; DROP TABLE x;--", "🦴", "%", "[[E11.9]]"])
def test_search_answers_any_input(client: Client, query: str) -> None:
    assert client.get("/search/", {"q": query}).status_code == 200


def test_search_finds_lessons_by_all_words(client: Client, course: Course) -> None:
    page = client.get("/search/?q=number+2").content.decode()

    assert "Lesson 2 of Basics" in page
    assert "Lesson 1 of Basics" not in page


def test_segments_cut_at_checkpoints() -> None:
    html = '<p>A</p>\n<p><span class="checkpoint-here" id="checkpoint-q-1"></span></p>\n<p>B</p>'

    assert [(s.html.strip(), s.checkpoint) for s in segments(html)] == [
        ("<p>A</p>", ""),
        ("", "q-1"),
        ("<p>B</p>", ""),
    ]
