"""What a study plan is made of: lessons, practice sets and mock exams, with what was done of them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.catalog.models import Course, Lesson, LessonRevision, Requirement
from courses.exams.models import (
    Attempt,
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    Checkpoint,
    QuestionRevision,
    Score,
    StudyPlan,
)
from courses.exams.planning import Kind, Task
from courses.exams.wanted import places
from courses.progress.models import CourseCompletion, LessonCompletion, PathFollowing

#: A practice set of one domain.
SET_QUESTIONS, SET_MINUTES = 20, 30
#: No domain is practised oftener than this, whatever it weighs.
MOST_SETS = 4
#: Mock exams, and how many fewer when there are less than so many weeks.
MOCKS, WEEKS_FOR_ALL_MOCKS = 3, 6


@dataclass(frozen=True)
class Work:
    """A lesson to read, a set to practise or a mock exam to sit, with the page where that is done."""

    task: Task
    title: str
    where: str
    url: str

    @property
    def kind(self) -> Kind:
        return self.task.kind

    @property
    def minutes(self) -> int:
        return self.task.minutes


@dataclass(frozen=True)
class Done:
    """What was done of the plan."""

    kind: Kind
    title: str
    minutes: int
    at: datetime
    url: str


# --- lessons -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PlannedLesson:
    work: Work
    done: Done | None
    #: Not completed, nor its course, which may have grown since.
    is_open: bool


def lessons(of: StudyPlan, user: User, at: datetime) -> list[PlannedLesson]:
    """The lessons of the courses to take, in the order to take them: three queries."""
    courses = _courses(of, user, at)
    newest = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at).order_by(
        "-published_at", "-number"
    )
    completion = LessonCompletion.objects.filter(lesson=OuterRef("pk"), user=user)
    rows = list(
        Lesson.objects.live(at)
        .filter(module__course__in=courses)
        .in_order()
        .annotate(
            revision=Subquery(newest.values("pk")[:1]),
            title=Subquery(newest.values("title")[:1]),
            minutes=Subquery(newest.values("minutes")[:1]),
            completed_at=Subquery(completion.values("completed_at")[:1]),
        )
        .values_list(
            "module__course", "module__course__key", "module__course__title", "key", "title", "minutes",
            "revision", "completed_at",
        )
    )  # fmt: skip
    domains = _domains_of_lessons([row[6] for row in rows], at)
    place = {course: number for number, course in enumerate(courses)}
    return [
        _planned(row[:7], row[7], domains, is_course_completed=courses[row[0]])
        for row in sorted(rows, key=lambda row: place[row[0]])
    ]


def lessons_of(plans: Sequence[StudyPlan], at: datetime) -> dict[int, list[PlannedLesson]]:
    """``lessons`` of several plans, by their primary keys: seven queries for any number."""
    people = {of.user_id for of in plans}
    courses = _courses_of(plans, people, at)
    newest = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at).order_by(
        "-published_at", "-number"
    )
    wanted = {course for taken in courses.values() for course in taken}
    rows = list(
        Lesson.objects.live(at)
        .filter(module__course__in=wanted)
        .in_order()
        .annotate(
            revision=Subquery(newest.values("pk")[:1]),
            title=Subquery(newest.values("title")[:1]),
            minutes=Subquery(newest.values("minutes")[:1]),
        )
        .values_list(
            "module__course", "module__course__key", "module__course__title", "key", "title", "minutes",
            "revision",
        )
    )  # fmt: skip
    read = LessonCompletion.objects.filter(user__in=people, lesson__module__course__in=wanted)
    completed = {
        (user, key): completed_at
        for user, key, completed_at in read.values_list("user", "lesson__key", "completed_at")
    }
    domains = _domains_of_lessons([row[6] for row in rows], at)
    of_course: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        of_course.setdefault(row[0], []).append(row)
    return {
        of.pk: [
            _planned(row, completed.get((of.user_id, row[3])), domains, is_course_completed=is_completed)
            for course, is_completed in courses[of.pk].items()
            for row in of_course.get(course, ())
        ]
        for of in plans
    }


def _planned(
    row: tuple[Any, ...],
    completed_at: datetime | None,
    domains: Mapping[int, str],
    *,
    is_course_completed: bool,
) -> PlannedLesson:
    _course, course_key, course_title, key, title, minutes, revision = row
    url = reverse("pages:lesson", args=[course_key, key])
    task = Task(f"lesson-{key}", Kind.LESSON, max(1, minutes), domains.get(revision, ""))
    return PlannedLesson(
        Work(task, title, course_title, url),
        None if completed_at is None else Done(Kind.LESSON, title, task.minutes, completed_at, url),
        completed_at is None and not is_course_completed,
    )


def _courses(of: StudyPlan, user: User, at: datetime) -> dict[int, bool]:
    """The courses to take, those to take first before the others, and whether each is completed: one query.

    They are those that prepare for the exam's certification, or else those of the path that the person
    follows, with all that must be taken before them.
    """
    prepares = Course.certifications.through.objects.filter(
        course=OuterRef("pk"), certification=of.blueprint.certification_id
    )
    followed = PathFollowing.objects.owned_by(user).order_by("-followed_at").values("path")[:1]
    on_path = Requirement.objects.filter(
        kind=Requirement.Kind.COURSE, key=OuterRef("key"), stage__path=Subquery(followed)
    )
    completed = CourseCompletion.objects.filter(course=OuterRef("pk"), user=user)
    rows = (
        Course.objects.published(at)
        .annotate(prepares=Exists(prepares), on_path=Exists(on_path), completed=Exists(completed))
        .order_by("position", "title", "prerequisites__position", "prerequisites__title")
        .values_list("pk", "prepares", "on_path", "completed", "prerequisites")
    )
    before: dict[int, list[int]] = {}
    own, others, is_completed = [], [], {}
    for pk, is_own, is_on_path, completed_here, first in rows:
        if pk not in before:
            own += [pk] if is_own else []
            others += [pk] if is_on_path else []
        before.setdefault(pk, []).extend([first] if first else [])
        is_completed[pk] = completed_here
    return {course: is_completed[course] for course in _in_turn(own or others, before)}


def _courses_of(
    plans: Sequence[StudyPlan], people: Collection[int], at: datetime
) -> dict[int, dict[int, bool]]:
    """``_courses`` of several plans, by their primary keys: four queries."""
    through = Course.certifications.through.objects.filter(
        certification__in={of.blueprint.certification_id for of in plans}
    )
    prepares = set(through.values_list("certification", "course"))
    followed: dict[int, tuple[datetime, int]] = {}
    on_path: set[tuple[int, str]] = set()
    for user, path, followed_at, kind, key in PathFollowing.objects.filter(user__in=people).values_list(
        "user",
        "path",
        "followed_at",
        "path__stages__requirements__kind",
        "path__stages__requirements__key",
    ):
        followed[user] = max(followed.get(user, (followed_at, path)), (followed_at, path))
        if kind == Requirement.Kind.COURSE:
            on_path.add((path, key))
    completed = set(CourseCompletion.objects.filter(user__in=people).values_list("user", "course"))
    keys: dict[int, str] = {}
    before: dict[int, list[int]] = {}
    rows = Course.objects.published(at).order_by(
        "position", "title", "prerequisites__position", "prerequisites__title"
    )
    for pk, key, first in rows.values_list("pk", "key", "prerequisites"):
        keys[pk] = key
        before.setdefault(pk, []).extend([first] if first else [])
    found = {}
    for of in plans:
        _since, path = followed.get(of.user_id, (at, 0))
        own = [pk for pk in keys if (of.blueprint.certification_id, pk) in prepares]
        others = [pk for pk in keys if (path, keys[pk]) in on_path]
        found[of.pk] = {pk: (of.user_id, pk) in completed for pk in _in_turn(own or others, before)}
    return found


def _in_turn(wanted: Iterable[int], before: Mapping[int, Sequence[int]]) -> list[int]:
    """The courses with all that must be taken before them, those to take first before the others."""
    ordered: dict[int, None] = {}

    def take(course: int, behind: frozenset[int]) -> None:
        if course in ordered or course not in before or course in behind:
            return
        for first in before[course]:
            take(first, behind | {course})
        ordered[course] = None

    for course in wanted:
        take(course, frozenset())
    return list(ordered)


def _domains_of_lessons(revisions: Sequence[int], at: datetime) -> dict[int, str]:
    """The domain that the questions in a lesson's text ask most about: one query."""
    rows = Checkpoint.objects.filter(
        lesson_revision__in=revisions, question__revisions__published_at__lte=at
    ).values_list("lesson_revision", "question__revisions__domain__key")
    asked: dict[int, Counter[str]] = {}
    for revision, domain in rows.order_by("lesson_revision", "position"):
        asked.setdefault(revision, Counter())[domain] += 1
    return {revision: counted.most_common(1)[0][0] for revision, counted in asked.items()}


# --- sets and mock exams -------------------------------------------------------------------------------
@dataclass(frozen=True)
class ExamDomain:
    """A domain of the exam with its share of the questions."""

    key: str
    title: str
    share: Fraction
    has_questions: bool


def exam_domains(blueprint: Blueprint, at: datetime) -> list[ExamDomain]:
    """The domains of an exam in its order: two queries."""
    return domains_of([blueprint.pk], at)[blueprint.pk]


def domains_of(blueprints: Collection[int], at: datetime) -> dict[int, list[ExamDomain]]:
    """The domains of several exams, each in its order: two queries."""
    live = QuestionRevision.objects.published(at).filter(domain=OuterRef("domain"), question__retired_at=None)
    rows = BlueprintDomain.objects.select_related("domain").annotate(has_questions=Exists(live))
    sections = BlueprintSection.objects.filter(blueprint__in=blueprints).prefetch_related(
        Prefetch("domains", rows)
    )
    by_exam: dict[int, list[BlueprintSection]] = {pk: [] for pk in blueprints}
    for section in sections:
        by_exam[section.blueprint_id].append(section)
    return {pk: _domains(of_exam) for pk, of_exam in by_exam.items()}


def _domains(sections: Iterable[BlueprintSection]) -> list[ExamDomain]:
    counts: dict[int, Fraction] = {}
    named: dict[int, BlueprintDomain] = {}
    for section in sections:
        named |= {row.domain_id: row for row in section.domains.all()}
        for place in places(section):
            for domain in place.domains:
                share = Fraction(place.count, len(place.domains))
                counts[domain] = counts.get(domain, Fraction(0)) + share
    total = sum(counts.values()) or Fraction(1)
    return [
        ExamDomain(
            row.domain.key,
            row.domain.title,
            counts.get(pk, Fraction(0)) / total,
            row.has_questions,  # type: ignore[attr-defined]  # annotated above
        )
        for pk, row in named.items()
    ]


@dataclass(frozen=True)
class Sat:
    """A finished attempt: of which exam, or how many questions of which domains."""

    exam: str
    mode: str
    asked: Mapping[str, int]
    done: Done

    def is_mock(self, blueprint: Blueprint) -> bool:
        """Whether it is a mock of this exam, timed as the exam is; a new outline of it is the same exam."""
        return self.exam == blueprint.key and self.mode == Attempt.Mode.EXAM

    @property
    def sets(self) -> dict[str, int]:
        """How many sets of each domain it makes up.

        A set of one domain is one however few questions the bank had of it; in a mixed one the questions
        of a domain count as sets of the usual length.
        """
        if self.exam:
            return {}
        if len(self.asked) == 1:
            return {domain: max(1, count // SET_QUESTIONS) for domain, count in self.asked.items()}
        return {
            domain: count // SET_QUESTIONS for domain, count in self.asked.items() if count >= SET_QUESTIONS
        }


def sat_since(of: StudyPlan) -> list[Sat]:
    """What the person finished since the plan was made: one query."""
    return sat_of([of])[of.pk]


def sat_of(plans: Sequence[StudyPlan]) -> dict[int, list[Sat]]:
    """What the people of these plans finished since they made them: one query."""
    rows = (
        Score.objects.current()
        .filter(
            attempt__user__in={of.user_id for of in plans},
            attempt__state=Attempt.State.SUBMITTED,
            attempt__submitted_at__gte=min(of.made_at for of in plans),
        )
        .order_by("attempt__submitted_at", "attempt")
        .values_list(
            "attempt__user",
            "attempt", "attempt__title", "attempt__mode", "attempt__blueprint__key",
            "attempt__blueprint__minutes", "attempt__submitted_at", "domains",
        )
    )  # fmt: skip
    found: dict[int, list[Sat]] = {}
    for user, pk, title, mode, exam, minutes, submitted_at, domains in rows:
        assert submitted_at is not None  # a constraint says so of what is submitted
        asked = {one["key"]: int(one["total"]) for one in domains if one["total"]}
        kind = Kind.MOCK if exam else Kind.SET
        took = minutes or SET_MINUTES * max(1, sum(asked.values()) // SET_QUESTIONS)
        url = reverse("exams:report", args=[pk])
        found.setdefault(user, []).append(
            Sat(exam or "", mode, asked, Done(kind, title, took, submitted_at, url))
        )
    return {of.pk: [one for one in found.get(of.user_id, ()) if one.done.at >= of.made_at] for of in plans}


def sets_left(domains: Sequence[ExamDomain], sat: Iterable[Sat], taught: Collection[str]) -> list[Work]:
    """The practice sets that are left: at least one a domain, and more of what weighs more.

    A domain that no lesson teaches waits for all of them.
    """
    made: Counter[str] = Counter()
    for one in sat:
        made.update(one.sets)
    found = []
    for domain in domains:
        wanted = min(MOST_SETS, max(1, floor(domain.share * len(domains) + Fraction(1, 2))))
        for number in range(made[domain.key] + 1, wanted + 1) if domain.has_questions else ():
            task = Task(
                f"set-{domain.key}-{number}",
                Kind.SET,
                SET_MINUTES,
                domain.key if domain.key in taught else "",
            )
            where = ngettext("%(n)d question", "%(n)d questions", SET_QUESTIONS) % {"n": SET_QUESTIONS}
            found.append(
                Work(task, _("Practice: %(domain)s") % {"domain": domain.title}, where, _set_url(domain.key))
            )
    return found


def _set_url(domain: str) -> str:
    """Where a set of a domain is built."""
    return f"{reverse('exams:set_new')}?domain={domain}&count={SET_QUESTIONS}"


def mocks_left(of: StudyPlan, user: User, sat: Iterable[Sat]) -> list[Work]:
    """The mock exams that are left, in the person's own time for it."""
    weeks = (of.exam_on - user.local(of.made_at).date()).days // 7
    wanted = MOCKS if weeks >= WEEKS_FOR_ALL_MOCKS else MOCKS - 1
    sat_already = sum(one.is_mock(of.blueprint) for one in sat)
    minutes = ceil(of.blueprint.minutes * user.time_multiplier)
    return [
        Work(
            Task(f"mock-{number}", Kind.MOCK, minutes),
            of.blueprint.title,
            _("Mock exam %(n)d of %(all)d") % {"n": number, "all": wanted},
            reverse("exams:practice"),
        )
        for number in range(sat_already + 1, wanted + 1)
    ]
