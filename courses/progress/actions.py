"""Writing to progress. Everything here may be repeated without harm."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Sum

from accounts.models import User
from courses.catalog.models import Course, EducationPath, Lesson, LessonRevision, Requirement
from courses.progress.models import (
    CourseCompletion,
    Enrolment,
    LessonCompletion,
    LessonNote,
    PathFollowing,
    ReadingTime,
    RequirementMet,
)
from courses.progress.rules import against, missing
from courses.progress.signals import course_completed

#: A beat counts one minute; beats that come sooner after the last one are not counted.
BEAT = timedelta(seconds=55)


class NotComplete(Exception):
    """The lesson's rule is not met; ``missing`` says what is left to do."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__("; ".join(missing))
        self.missing = missing


@transaction.atomic
def follow_path(*, user: User, path: EducationPath, at: datetime) -> PathFollowing:
    """Follow a path; once is enough."""
    return PathFollowing.objects.get_or_create(user=user, path=path, defaults={"followed_at": at})[0]


@transaction.atomic
def enrol(*, user: User, course: Course, at: datetime) -> Enrolment:
    """Enrol in a course; once is enough."""
    return Enrolment.objects.get_or_create(user=user, course=course, defaults={"enrolled_at": at})[0]


@transaction.atomic
def meet_requirement(*, user: User, kind: str, key: str, at: datetime) -> None:
    """Record that ``user`` met ``(kind, key)``; harmless when repeated. One statement."""
    met = RequirementMet(user=user, kind=kind, key=key, met_at=at)
    RequirementMet.objects.bulk_create([met], ignore_conflicts=True)


@transaction.atomic
def take_back_task(*, user: User, key: str) -> None:
    """Untick an own task; what a room above recorded stays."""
    RequirementMet.objects.owned_by(user).filter(kind=Requirement.Kind.TASK, key=key).delete()


@transaction.atomic
def complete_lesson(
    *, user: User, lesson: Lesson, revision: LessonRevision, at: datetime
) -> LessonCompletion:
    """Complete a lesson as ``revision`` says it; completes the course when it was the last one.

    Raises ``NotComplete`` while a requirement of the revision is not met. A second call returns the first
    completion: what someone earned never changes.
    """
    asked = against(
        revision.requirements.values_list("kind", "key", "text"),
        RequirementMet.objects.owned_by(user).values_list("kind", "key"),
    )
    left = missing(asked)
    if left:
        raise NotComplete(left)
    completion, _created = LessonCompletion.objects.get_or_create(
        user=user, lesson=lesson, defaults={"revision": revision, "completed_at": at}
    )
    course = lesson.module.course
    enrolment = enrol(user=user, course=course, at=at)
    # two last lessons completed at once: the second waits here, and then sees the first
    Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    _complete_course_if_done(user=user, course=course, at=at)
    return completion


def _complete_course_if_done(*, user: User, course: Course, at: datetime) -> None:
    lessons = Lesson.objects.filter(module__course=course).live(at)
    if lessons.exclude(completions__user=user).exists():
        return
    if CourseCompletion.objects.filter(user=user, course=course).exists():
        return
    minutes = ReadingTime.objects.owned_by(user).filter(lesson__module__course=course)
    try:
        with transaction.atomic():
            completion = CourseCompletion.objects.create(
                user=user,
                course=course,
                title=course.title,
                ceus=course.ceus,
                minutes_read=minutes.aggregate(total=Sum("minutes"))["total"] or 0,
                completed_at=at,
                completed_on=user.local(at).date(),
            )
    except IntegrityError:  # completed before: once per person and course
        return
    meet_requirement(user=user, kind=Requirement.Kind.COURSE, key=course.key, at=at)
    course_completed.send(sender=CourseCompletion, completion=completion)


@transaction.atomic
def record_reading(*, user: User, lesson: Lesson, at: datetime) -> bool:
    """Count one minute of reading, at most one a minute whatever the browser sends.

    Returns whether the beat was counted.
    """
    row, created = ReadingTime.objects.get_or_create(
        user=user, lesson=lesson, defaults={"minutes": 1, "last_beat_at": at}
    )
    if created:
        return True
    return bool(
        ReadingTime.objects.filter(pk=row.pk, last_beat_at__lte=at - BEAT).update(
            minutes=F("minutes") + 1, last_beat_at=at
        )
    )


@transaction.atomic
def save_note(*, user: User, lesson: Lesson, text: str, at: datetime) -> LessonNote:
    """Keep the person's own note beside a lesson."""
    return LessonNote.objects.update_or_create(
        user=user, lesson=lesson, defaults={"text": text, "updated_at": at}
    )[0]
