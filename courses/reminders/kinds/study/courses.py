"""The kind about a course that was begun and left."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from courses.catalog.models import Lesson, LessonRevision
from courses.progress.models import CourseCompletion, Enrolment, LessonCompletion, ReadingTime
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group
from courses.reminders.kinds.ladder import LOOK_BACK, in_pages
from courses.reminders.kinds.shared import (
    Nudge,
    day_words,
    id_of,
    ids_of,
    local_day,
    local_days,
    minutes_words,
)
from courses.reminders.kinds.study.plans import open_plans
from courses.reminders.models import Reason, Reminder

#: Days without anything done in any course.
IDLE, IDLE_LAST = 7, 21
_NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Left:
    """A course begun and not completed: where it goes on, and when its person last did anything."""

    course_title: str
    course_key: str
    is_published: bool
    is_completed: bool
    last_on: date
    done: int
    total: int
    #: Key, title and minutes of the lesson to read next.
    following: tuple[str, str, int] | None


class CourseIdle(Nudge):
    """Nothing was done in any course for a week, once more after three, and then silence.

    It speaks of one course, the one begun or read last, and not to whoever has a study plan, which does it
    better. ``due_on`` is the day of the last thing done: another one begins the count anew.
    """

    key = "course_idle"
    label = gettext_lazy("A course I began and left")
    rhythm = gettext_lazy("after 7 days without a lesson and once more after 21, then never")
    group = Group.STUDY
    steps = (IDLE_LAST, IDLE)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """People who come to a step since the last thing they did; of steps already past only the nearest."""
        people = User.objects.filter(
            Exists(_open_enrolments(at).filter(user=OuterRef("pk"))),
            ~Exists(open_plans().filter(user=OuterRef("pk"), exam_on__gte=at.date())),
        ).annotate(last=_last_done("pk"), enrolment=_latest_enrolment(at))
        if user_id is None:
            windows = [
                Q(last__range=(at - LOOK_BACK - timedelta(days=step + 2), until - timedelta(days=step - 2)))
                for step in self.steps
            ]
            people = people.filter(reduce(or_, windows))
        else:
            people = people.filter(pk=user_id)
        for person, zone, last_at, enrolment in in_pages(people, "time_zone", "last", "enrolment"):
            today, last = local_days(zone, at, until)
            due_on = local_day(zone, last_at)
            for step in self.steps:
                send_on = due_on + timedelta(days=step)
                if today - LOOK_BACK <= send_on <= last:
                    expires_on = send_on + timedelta(days=IDLE)
                    yield Candidate(f"enrolment-{enrolment}", person, due_on, step, send_on, expires_on)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        enrolments = Enrolment.objects.filter(pk__in=map(id_of, subjects)).annotate(last=_last_done("user"))
        rows = enrolments.values_list("pk", "user__time_zone", "last")
        return {f"enrolment-{pk}": local_day(zone, last) for pk, zone, last in rows}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Left]:
        """Three queries."""
        enrolments = {
            one.pk: one
            for one in Enrolment.objects.filter(pk__in=ids_of(reminders))
            .select_related("course", "user")
            .annotate(last=_last_done("user"), is_completed=Exists(_completions()))
        }
        courses = {one.course_id for one in enrolments.values()}
        newest = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at).order_by(
            "-published_at", "-number"
        )
        lessons: dict[int, list[tuple[int, str, str, int]]] = {}
        for course, *lesson in (
            Lesson.objects.live(at)
            .filter(module__course__in=courses)
            .in_order()
            .annotate(
                title=Subquery(newest.values("title")[:1]), minutes=Subquery(newest.values("minutes")[:1])
            )
            .values_list("module__course", "pk", "key", "title", "minutes")
        ):
            lessons.setdefault(course, []).append((lesson[0], lesson[1], lesson[2], lesson[3]))
        read = set(
            LessonCompletion.objects.filter(
                user__in={one.user_id for one in enrolments.values()}, lesson__module__course__in=courses
            ).values_list("user", "lesson")
        )
        found = {}
        for reminder in reminders:
            one: Any = enrolments.get(id_of(reminder.subject))
            if one is None:
                continue
            of_course = lessons.get(one.course_id, [])
            open_ones = [lesson for lesson in of_course if (one.user_id, lesson[0]) not in read]
            found[reminder.pk] = Left(
                course_title=one.course.title,
                course_key=one.course.key,
                is_published=one.course.published_at is not None and one.course.published_at <= at,
                is_completed=one.is_completed,
                last_on=local_day(one.user.time_zone, one.last),
                done=len(of_course) - len(open_ones),
                total=len(of_course),
                following=open_ones[0][1:] if open_ones else None,
            )
        return found

    def still_true(self, reminder: Reminder, fact: Left, *, at: datetime) -> Reason | None:
        if not fact.is_published:
            return Reason.RETIRED
        is_done = fact.is_completed or fact.following is None or fact.last_on != reminder.due_on
        return Reason.DONE if is_done else None

    def context(self, reminder: Reminder, fact: Left, *, at: datetime) -> dict[str, str]:
        assert fact.following is not None  # or it would be done
        key, title, minutes = fact.following
        return {
            "name": reminder.user.get_short_name(),
            "course": fact.course_title,
            "lesson": title,
            "minutes": minutes_words(minutes),
            "done": _lessons_done(fact.done, fact.total),
            "since": day_words(fact.last_on),
            "closing": _closing() if reminder.step == IDLE_LAST else "",
            "url": absolute(reverse("pages:lesson", args=[fact.course_key, key])),
            "why": _why_idle(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "course": "ICD-10-CM basics",
            "lesson": "Excludes1 and Excludes2",
            "minutes": minutes_words(12),
            "done": _lessons_done(3, 14),
            "since": "Wed 3 Mar 2027",
            "closing": _closing(),
            "url": absolute("/courses/icd-10-cm-basics/excludes-notes/"),
            "why": _why_idle(),
        }


def _completions() -> QuerySet[CourseCompletion]:
    return CourseCompletion.objects.filter(user=OuterRef("user"), course=OuterRef("course"))


def _open_enrolments(at: datetime) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(~Exists(_completions()), course__published_at__lte=at)


def _newest(rows: QuerySet[Any, Any], when: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by(f"-{when}").values(when)[:1]), _NEVER)


def _last_done(person: str) -> Greatest:
    """When the person whom the field names last read, completed or began anything."""
    user = OuterRef(person)
    return Greatest(
        _newest(Enrolment.objects.filter(user=user), "enrolled_at"),
        _newest(LessonCompletion.objects.filter(user=user), "completed_at"),
        _newest(ReadingTime.objects.filter(user=user), "last_beat_at"),
    )


def _latest_enrolment(at: datetime) -> Subquery:
    """Of a person's courses that are open the one read or begun last."""
    here = {"user": OuterRef("user"), "lesson__module__course": OuterRef("course")}
    touched = Greatest(
        "enrolled_at",
        _newest(LessonCompletion.objects.filter(**here), "completed_at"),
        _newest(ReadingTime.objects.filter(**here), "last_beat_at"),
    )
    rows = _open_enrolments(at).filter(user=OuterRef("pk")).annotate(touched=touched)
    return Subquery(rows.order_by("-touched", "-pk").values("pk")[:1])


def _lessons_done(done: int, total: int) -> str:
    return ngettext(
        "%(done)d of %(total)d lesson is done", "%(done)d of %(total)d lessons are done", total
    ) % {"done": done, "total": total}


def _closing() -> str:
    return _("This is the last word about it until you open a lesson again.")


def _why_idle() -> str:
    return _("You get this because you began this course and have not been back since.")
