from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import User
from courses.catalog.models import Course, Lesson, LessonRevision, Requirement
from courses.progress import actions
from courses.progress.models import (
    CourseCompletion,
    Enrolment,
    LessonCompletion,
    LessonNote,
    ReadingTime,
    RequirementMet,
)
from courses.progress.signals import course_completed

pytestmark = pytest.mark.django_db


def first_lesson(course: Course) -> tuple[Lesson, LessonRevision]:
    lesson = Lesson.objects.filter(module__course=course).in_order()[0]
    return lesson, lesson.revisions.get()


def complete_all(user: User, course: Course, at: datetime) -> None:
    for lesson in Lesson.objects.filter(module__course=course).in_order():
        actions.complete_lesson(user=user, lesson=lesson, revision=lesson.revisions.get(), at=at)


def test_enrol_twice_keeps_first_moment(student: User, course: Course, at: datetime) -> None:
    actions.enrol(user=student, course=course, at=at)
    actions.enrol(user=student, course=course, at=at + timedelta(days=1))

    assert Enrolment.objects.get().enrolled_at == at


def test_complete_lesson_without_requirements_completes(student: User, course: Course, at: datetime) -> None:
    lesson, revision = first_lesson(course)

    completion = actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at)

    assert completion.revision == revision
    assert not CourseCompletion.objects.exists()


def test_complete_lesson_with_open_requirement_is_refused(
    student: User, course: Course, at: datetime
) -> None:
    lesson, revision = first_lesson(course)
    Requirement.objects.create(lesson_revision=revision, kind="checkpoint", key="q1", text="Answer it")

    with pytest.raises(actions.NotComplete) as refusal:
        actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at)

    assert refusal.value.missing == ["Answer it"]
    assert not LessonCompletion.objects.exists()


def test_complete_lesson_after_meeting_requirement_completes(
    student: User, course: Course, at: datetime
) -> None:
    lesson, revision = first_lesson(course)
    Requirement.objects.create(lesson_revision=revision, kind="checkpoint", key="q1", text="Answer it")
    actions.meet_requirement(user=student, kind="checkpoint", key="q1", at=at)
    actions.meet_requirement(user=student, kind="checkpoint", key="q1", at=at)

    actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at)

    assert LessonCompletion.objects.count() == 1


def test_complete_lesson_again_keeps_revision_and_moment(student: User, course: Course, at: datetime) -> None:
    lesson, revision = first_lesson(course)
    actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at)
    newer = LessonRevision.objects.create(
        lesson=lesson,
        number=2,
        title="New",
        source="x",
        html="x",
        words=1,
        minutes=1,
        created_at=at,
        pack_digest="y",
    )

    actions.complete_lesson(user=student, lesson=lesson, revision=newer, at=at + timedelta(days=9))

    kept = LessonCompletion.objects.get()
    assert (kept.revision, kept.completed_at) == (revision, at)


def test_last_lesson_completes_course_with_snapshot(student: User, course: Course) -> None:
    student.time_zone = "America/New_York"
    late = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # still the 23rd in New York
    lesson, _revision = first_lesson(course)
    actions.record_reading(user=student, lesson=lesson, at=late)

    complete_all(student, course, late)
    Course.objects.filter(pk=course.pk).update(title="Renamed", ceus=9)

    completion = CourseCompletion.objects.get()
    assert (completion.title, completion.ceus) == ("Basics", Decimal("2.00"))
    assert (str(completion.completed_on), completion.minutes_read) == ("2026-11-23", 1)
    assert RequirementMet.objects.filter(user=student, kind="course", key="basics").exists()


def test_course_completed_is_sent_once(student: User, course: Course, at: datetime) -> None:
    heard: list[CourseCompletion] = []

    def hear(sender: object, completion: CourseCompletion, **kwargs: object) -> None:
        heard.append(completion)

    course_completed.connect(hear)
    try:
        complete_all(student, course, at)
        complete_all(student, course, at + timedelta(days=1))
    finally:
        course_completed.disconnect(hear)

    assert len(heard) == 1


@pytest.mark.django_db(transaction=True)
def test_course_completion_by_parallel_requests_is_one(
    student: User, make_course: Callable[..., Course], at: datetime
) -> None:
    course = make_course(lessons=1)
    lesson, revision = first_lesson(course)

    def complete(_number: int) -> int:
        try:
            return actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        completions = set(pool.map(complete, range(16)))

    assert len(completions) == 1
    assert CourseCompletion.objects.count() == 1


def test_reading_beats_count_once_a_minute(student: User, course: Course, at: datetime) -> None:
    lesson, _revision = first_lesson(course)

    counted = [
        actions.record_reading(user=student, lesson=lesson, at=at + timedelta(seconds=s))
        for s in (0, 10, 54, 60)
    ]

    assert counted == [True, False, False, True]
    assert ReadingTime.objects.get().minutes == 2


def test_note_is_replaced(student: User, course: Course, at: datetime) -> None:
    lesson, _revision = first_lesson(course)

    actions.save_note(user=student, lesson=lesson, text="one", at=at)
    actions.save_note(user=student, lesson=lesson, text="two", at=at)

    assert LessonNote.objects.get().text == "two"


def test_take_back_task_leaves_other_facts(student: User, at: datetime) -> None:
    actions.meet_requirement(user=student, kind="task", key="path.resume", at=at)
    actions.meet_requirement(user=student, kind="course", key="path.resume", at=at)

    actions.take_back_task(user=student, key="path.resume")

    assert list(RequirementMet.objects.values_list("kind", flat=True)) == ["course"]


@pytest.mark.django_db(transaction=True)
def test_two_last_lessons_at_once_complete_the_course(
    student: User, make_course: Callable[..., Course], at: datetime
) -> None:
    course = make_course(lessons=4)
    lessons = list(Lesson.objects.filter(module__course=course))

    def complete(lesson: Lesson) -> None:
        try:
            actions.complete_lesson(user=student, lesson=lesson, revision=lesson.revisions.get(), at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(complete, lessons))

    assert CourseCompletion.objects.count() == 1


def test_course_is_completed_after_its_last_open_lesson_was_retired(
    student: User, course: Course, at: datetime
) -> None:
    lesson, revision = first_lesson(course)
    actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at)
    Lesson.objects.exclude(pk=lesson.pk).update(retired_at=at)

    actions.complete_lesson(user=student, lesson=lesson, revision=revision, at=at)

    assert CourseCompletion.objects.count() == 1
