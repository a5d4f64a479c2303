"""Reading that joins several rooms for one page; every function makes a constant number of queries."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import (
    Course,
    EducationPath,
    GuideRevision,
    Lesson,
    LessonRevision,
    PathStage,
    Requirement,
)
from courses.progress.models import (
    CourseCompletion,
    Enrolment,
    LessonCompletion,
    LessonNote,
    PathFollowing,
    ReadingTime,
    RequirementMet,
)
from courses.progress.rules import Asked, share
from portal.lib.markdown import plain

_CHECKPOINT_HERE = re.compile(r'<p><span class="checkpoint-here" id="checkpoint-([a-z0-9-]+)"></span></p>')


# --- outline -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class OutlineLesson:
    """A line of a course's outline."""

    key: str
    title: str
    minutes: int
    is_preview: bool
    is_done: bool
    url: str


@dataclass(frozen=True)
class OutlineModule:
    title: str
    lessons: list[OutlineLesson]


@dataclass(frozen=True)
class Outline:
    """A course's lessons in order, with what the person has done."""

    modules: list[OutlineModule]

    @property
    def lessons(self) -> list[OutlineLesson]:
        return [lesson for module in self.modules for lesson in module.lessons]

    @property
    def done(self) -> int:
        return sum(lesson.is_done for lesson in self.lessons)

    @property
    def total(self) -> int:
        return len(self.lessons)

    @property
    def percent(self) -> int:
        return share(self.done, self.total)

    @property
    def next_lesson(self) -> OutlineLesson | None:
        """The first lesson not completed."""
        return next((lesson for lesson in self.lessons if not lesson.is_done), None)

    def around(self, key: str) -> tuple[OutlineLesson | None, OutlineLesson | None]:
        """The lessons before and after ``key``."""
        keys = [lesson.key for lesson in self.lessons]
        here = keys.index(key) if key in keys else -1
        if here < 0:
            return None, None
        lessons = self.lessons
        return (
            lessons[here - 1] if here else None,
            lessons[here + 1] if here + 1 < len(lessons) else None,
        )


def outline(course: Course, user: User | None, at: datetime) -> Outline:
    """The outline of a course: one query."""
    newest = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at).order_by(
        "-published_at", "-number"
    )
    done = LessonCompletion.objects.filter(lesson=OuterRef("pk"), user=user)
    rows = (
        Lesson.objects.filter(module__course=course, retired_at=None)
        .in_order()
        .annotate(
            title=Subquery(newest.values("title")[:1]),
            minutes=Subquery(newest.values("minutes")[:1]),
            is_done=Exists(done),
        )
        .filter(title__isnull=False)
        .values_list("module__position", "module__title", "key", "title", "minutes", "is_preview", "is_done")
    )
    modules = []
    for (_position, title), lines in groupby(rows, key=lambda row: row[:2]):
        modules.append(
            OutlineModule(
                title,
                [
                    OutlineLesson(
                        key, name, minutes, preview, is_done, reverse("pages:lesson", args=[course.key, key])
                    )
                    for *_module, key, name, minutes, preview, is_done in lines
                ],
            )
        )
    return Outline(modules)


def course_page(key: str, user: User | None, at: datetime) -> Course | None:
    """A published course with the person's standing in it: three queries.

    The course carries ``is_enrolled``, ``completed_on`` and ``completed_ceus`` (the snapshot, not what it is
    worth today).
    """
    completion = CourseCompletion.objects.filter(course=OuterRef("pk"), user=user)
    return (
        Course.objects.published(at)
        .filter(key=key)
        .annotate(
            is_enrolled=Exists(Enrolment.objects.filter(course=OuterRef("pk"), user=user)),
            completed_on=Subquery(completion.values("completed_on")[:1]),
            completed_ceus=Subquery(completion.values("ceus")[:1]),
        )
        .prefetch_related("prerequisites", "systems")
        .first()
    )


# --- lesson --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Segment:
    """A piece of a lesson: safe HTML, or the key of a checkpoint question that stands here."""

    html: str = ""
    checkpoint: str = ""


def segments(html: str) -> list[Segment]:
    """Cut a lesson's HTML at its checkpoints."""
    parts = _CHECKPOINT_HERE.split(html)
    return [
        Segment(checkpoint=part) if odd else Segment(html=part)
        for odd, part in ((i % 2, part) for i, part in enumerate(parts))
        if part.strip()
    ]


def lesson_page(course_key: str, key: str, user: User | None, at: datetime) -> LessonRevision | None:
    """The live revision of a lesson with its course and the person's standing in it: one query.

    The revision carries ``is_enrolled``, ``completed_at``, ``completed_number``, ``note_text`` and
    ``minutes_read``.
    """
    mine = {"lesson": OuterRef("lesson"), "user": user}
    completion = LessonCompletion.objects.filter(**mine)
    found: LessonRevision | None = (
        LessonRevision.objects.live(at)
        .filter(
            lesson__key=key,
            lesson__retired_at=None,
            lesson__module__course__key=course_key,
            lesson__module__course__published_at__lte=at,
        )
        .select_related("lesson__module__course")
        .annotate(
            is_enrolled=Exists(
                Enrolment.objects.filter(course=OuterRef("lesson__module__course"), user=user)
            ),
            completed_at=Subquery(completion.values("completed_at")[:1]),
            completed_number=Subquery(completion.values("revision__number")[:1]),
            note_text=Subquery(LessonNote.objects.filter(**mine).values("text")[:1]),
            minutes_read=Subquery(ReadingTime.objects.filter(**mine).values("minutes")[:1]),
        )
        .first()
    )
    return found


def asked_of_lesson(revision: LessonRevision, user: User | None) -> list[Asked]:
    """The requirements of a lesson revision and which of them the person has met: one query."""
    return [_asked(row) for row in _requirements(user).filter(lesson_revision=revision)]


def _requirements(user: User | None) -> Any:
    met = RequirementMet.objects.filter(user=user, kind=OuterRef("kind"), key=OuterRef("key"))
    return Requirement.objects.annotate(is_met=Exists(met))


def _asked(row: Any) -> Asked:
    return Asked(row.kind, row.key, row.text, row.is_met)


# --- path ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Step:
    """One requirement of a stage, with where to meet it."""

    asked: Asked
    url: str


@dataclass(frozen=True)
class Stage:
    """A stage of a path as the person stands in it."""

    number: int
    kind: str
    kind_label: str
    title: str
    html: str
    steps: list[Step]
    is_current: bool = False

    @property
    def done(self) -> int:
        return sum(step.asked.is_met for step in self.steps)

    @property
    def is_done(self) -> bool:
        return bool(self.steps) and self.done == len(self.steps)

    @property
    def next_step(self) -> Step | None:
        return next((step for step in self.steps if not step.asked.is_met), None)


@dataclass(frozen=True)
class PathProgress:
    path: EducationPath
    stages: list[Stage]

    @property
    def current(self) -> Stage | None:
        return next((stage for stage in self.stages if stage.is_current), None)


def where_to_meet(kind: str, key: str) -> str:
    """The page on which a requirement is met."""
    match kind:
        case Requirement.Kind.COURSE:
            return reverse("pages:course", args=[key])
        case Requirement.Kind.EXAM_PASSED:
            return reverse("exams:practice")
        case Requirement.Kind.CREDENTIAL:
            return reverse("credentials:record") + f"?certification={key}"
        case _:
            return ""


def path_progress(path: EducationPath, user: User | None) -> PathProgress:
    """The stages of a path and how far the person is: one query."""
    return PathProgress(path, _built(_asking(PathStage.objects.filter(path=path), user)))


def followed_progress(user: User) -> PathProgress | None:
    """The path the person chose last of those they follow, and how far they are: one query."""
    latest = PathFollowing.objects.owned_by(user).order_by("-followed_at").values("path")[:1]
    rows = PathStage.objects.filter(path=Subquery(latest)).select_related("path")
    stages = list(_asking(rows, user))
    return PathProgress(stages[0].path, _built(stages)) if stages else None


def _asking(rows: QuerySet[PathStage], user: User | None) -> QuerySet[Any]:
    """A row for each requirement of each stage, and one for a stage that asks for nothing."""
    met = RequirementMet.objects.filter(user=user, kind=OuterRef("asked_kind"), key=OuterRef("asked_key"))
    return rows.annotate(
        asked_kind=F("requirements__kind"),
        asked_key=F("requirements__key"),
        asked_text=F("requirements__text"),
        is_met=Exists(met),
    ).order_by("position", "requirements__position", "requirements__pk")


def _built(rows: Iterable[Any]) -> list[Stage]:
    built: list[Stage] = []
    current_found = False
    for number, (_position, group) in enumerate(groupby(rows, key=lambda row: row.position), start=1):
        lines = list(group)
        steps = [
            Step(
                Asked(row.asked_kind, row.asked_key, row.asked_text, row.is_met),
                where_to_meet(row.asked_kind, row.asked_key),
            )
            for row in lines
            if row.asked_kind is not None
        ]
        stage = lines[0]
        is_done = bool(steps) and all(step.asked.is_met for step in steps)
        is_current = not is_done and not current_found
        current_found = current_found or is_current
        built.append(
            Stage(number, stage.kind, stage.get_kind_display(), stage.title, stage.html, steps, is_current)
        )
    return built


# --- today ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class NextStep:
    """The one thing to do next; a page under ``fragment`` says it better once the page is there."""

    title: str
    why: str
    url: str
    action: str
    fragment: str = ""


@dataclass(frozen=True)
class CourseInProgress:
    course: Course
    done: int
    total: int
    next_key: str
    next_title: str

    @property
    def percent(self) -> int:
        return share(self.done, self.total)


def courses_in_progress(user: User, at: datetime) -> list[CourseInProgress]:
    """Courses begun and not completed, the latest first, with the next lesson of each: one query."""
    newest = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at).order_by(
        "-published_at", "-number"
    )
    rows = (
        Lesson.objects.live(at)
        .filter(module__course__enrolments__user=user)
        .exclude(Exists(CourseCompletion.objects.filter(user=user, course=OuterRef("module__course"))))
        .annotate(
            begun=F("module__course__enrolments__enrolled_at"),
            title=Subquery(newest.values("title")[:1]),
            is_done=Exists(LessonCompletion.objects.filter(user=user, lesson=OuterRef("pk"))),
        )
        .select_related("module__course")
        .order_by("-begun", "module__course", "module__position", "position")
    )
    found = []
    for _course, group in groupby(rows, key=lambda lesson: lesson.module.course_id):
        lessons: list[Any] = list(group)
        following = next((lesson for lesson in lessons if not lesson.is_done), lessons[-1])
        found.append(
            CourseInProgress(
                lessons[0].module.course,
                sum(lesson.is_done for lesson in lessons),
                len(lessons),
                following.key,
                following.title,
            )
        )
    return found


# --- search --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Found:
    title: str
    url: str
    kind: str
    excerpt: str = ""


def _all_words(query: str, *fields: str) -> Q:
    condition = Q()
    for word in query.split()[:8]:
        either = Q()
        for name in fields:
            either |= Q(**{f"{name}__icontains": word})
        condition &= either
    return condition


def _excerpt(text: str, query: str, length: int = 180) -> str:
    lower = text.lower()
    at = min((lower.find(word.lower()) for word in query.split() if word.lower() in lower), default=0)
    start = max(0, at - 60)
    cut = " ".join(text[start : start + length].split())
    return ("… " if start else "") + cut + (" …" if start + length < len(text) else "")


def found_content(query: str, at: datetime, limit: int = 20) -> list[Found]:
    """Lessons, courses and guide sections that hold every word of ``query``: three queries."""
    lessons = (
        LessonRevision.objects.live(at)
        .filter(
            _all_words(query, "title", "source"),
            lesson__retired_at=None,
            lesson__module__course__published_at__lte=at,
        )
        .select_related("lesson__module__course")[:limit]
    )
    courses = Course.objects.published(at).filter(_all_words(query, "title", "summary"))[:limit]
    sections = (
        GuideRevision.objects.live(at)
        .filter(_all_words(query, "title", "source"))
        .select_related("section")[:limit]
    )
    found: Iterable[Found] = [
        *(Found(c.title, c.get_absolute_url(), _("Course"), c.summary) for c in courses),
        *(
            Found(
                r.title,
                reverse("pages:lesson", args=[r.lesson.module.course.key, r.lesson.key]),
                _("Lesson in %(course)s") % {"course": r.lesson.module.course.title},
                _excerpt(plain(r.source), query),
            )
            for r in lessons
        ),
        *(
            Found(
                r.title,
                reverse("pages:guide") + f"#{r.section.key}",
                _("Career guide"),
                _excerpt(plain(r.source), query),
            )
            for r in sections
        ),
    ]
    words = query.lower().split()
    return sorted(found, key=lambda one: not all(word in one.title.lower() for word in words))[:limit]
