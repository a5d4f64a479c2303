"""A person's study plan: what is left to do, in a constant number of queries; ``planning`` dates it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import ceil, floor

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
from courses.exams.planning import MONDAY_TO_SATURDAY, Block, Kind, Task, plan
from courses.exams.wanted import places
from courses.progress.models import CourseCompletion, LessonCompletion, PathFollowing

#: A practice set of one domain.
SET_QUESTIONS, SET_MINUTES = 20, 30
#: No domain is practised oftener than this, whatever it weighs.
MOST_SETS = 4
#: Mock exams, and how many fewer when there are less than so many weeks.
MOCKS, WEEKS_FOR_ALL_MOCKS = 3, 6

_DONE_TODAY = "done-today"


# --- what is shown -------------------------------------------------------------------------------------
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
class Line:
    """So many minutes of some work on a day."""

    on: date
    work: Work
    minutes: int

    @property
    def is_part(self) -> bool:
        """Whether the work takes more than one day."""
        return self.minutes < self.work.minutes

    @property
    def words(self) -> str:
        """How long it takes, in words."""
        words = {"n": self.minutes, "all": self.work.minutes}
        if self.is_part:
            return _("%(n)d of %(all)d minutes") % words
        return ngettext("%(n)d minute", "%(n)d minutes", self.minutes) % words


@dataclass(frozen=True)
class Day:
    """What a day of study holds, in the order in which to do it."""

    on: date
    lines: list[Line]

    @property
    def minutes(self) -> int:
        return sum(line.minutes for line in self.lines)


@dataclass(frozen=True)
class Week:
    """The days of study of a week from Monday on."""

    starts_on: date
    days: list[Day]

    @property
    def minutes(self) -> int:
        return sum(day.minutes for day in self.days)


@dataclass(frozen=True)
class Done:
    """What was done of the plan."""

    kind: Kind
    title: str
    minutes: int
    at: datetime
    url: str


@dataclass(frozen=True)
class StudyPlanShown:
    """A study plan as it stands at one moment."""

    plan: StudyPlan
    today: date
    days: list[Day]
    #: Work that found no place before the exam, with the minutes of it that are left.
    left: list[tuple[Work, int]]
    hours_needed: Decimal | None
    done: list[Done]
    done_today: list[Done]
    #: Domains of the exam of which the bank holds no question yet.
    without_questions: list[str] = field(default_factory=list)

    @property
    def days_left(self) -> int:
        return (self.plan.exam_on - self.today).days

    @property
    def is_over(self) -> bool:
        """Whether the day of the exam has passed."""
        return self.days_left < 0

    @property
    def day(self) -> Day | None:
        """What is left of today's block."""
        return self.days[0] if self.days and self.days[0].on == self.today else None

    @property
    def next_day(self) -> Day | None:
        """The next day of study after today."""
        return next((day for day in self.days if day.on > self.today), None)

    @property
    def weeks(self) -> list[Week]:
        by_monday = groupby(self.days, key=lambda day: day.on - timedelta(days=day.on.weekday()))
        return [Week(monday, list(days)) for monday, days in by_monday]

    @property
    def to_do(self) -> dict[str, int]:
        """How many lessons, sets and mock exams are left, by kind."""
        works = {line.work.task.key: line.work for day in self.days for line in day.lines}
        works |= {work.task.key: work for work, _minutes in self.left}
        counted = Counter(str(work.kind) for work in works.values())
        return {str(kind): counted[str(kind)] for kind in Kind}

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.days and not self.left

    @property
    def left_hours(self) -> str:
        """The hours that found no place, in halves."""
        return amount(Decimal(ceil(sum(minutes for _work, minutes in self.left) / 30)) / 2)

    @property
    def sentence(self) -> str:
        """Whether the time given is enough, in one sentence."""
        if self.is_done:
            return _("Everything in this plan is done.")
        if not self.left:
            return _("Everything fits before the exam.")
        if self.hours_needed is None:
            return _("No day of study is left before the exam.")
        return _("You need %(needed)s hours a week to finish before the exam; you gave %(given)s.") % {
            "needed": amount(self.hours_needed),
            "given": amount(self.plan.hours_per_week),
        }

    @property
    def countdown(self) -> str:
        """How far away the exam is, in words."""
        if self.days_left < 0:
            return _("The exam day has passed.")
        if self.days_left == 0:
            return _("The exam is today.")
        return ngettext("%(n)d day to the exam", "%(n)d days to the exam", self.days_left) % {
            "n": self.days_left
        }


def amount(number: Decimal) -> str:
    """Hours as people write them: 5, 6.5."""
    return f"{number.normalize():f}"


# --- reading -------------------------------------------------------------------------------------------
def open_plan(user: User) -> StudyPlan | None:
    """The person's study plan: one query."""
    plans = StudyPlan.objects.owned_by(user).filter(ended_at=None)
    return plans.select_related("blueprint__certification").first()


def study_plan(of: StudyPlan, user: User, at: datetime) -> StudyPlanShown:
    """What is left of a plan, spread from the person's today to the exam: six queries.

    Nothing of it is stored: what was done since the plan was made is not asked for again, and what was
    missed finds another day by itself. What was done today takes its time out of today's block.
    """
    today = user.local(at).date()
    began_at = datetime.combine(today, time(), tzinfo=user.zone)
    lessons = _lessons(of, user, at)
    domains = _domains(of.blueprint, at)
    sat = _sat(of, user)
    works = [one.work for one in lessons if one.is_open]
    works += _sets(domains, sat, taught={one.work.task.domain for one in lessons})
    if any(one.has_questions for one in domains):
        works += _mocks(of, user, sat)
    asked = {one.key for one in domains}
    done = [
        *(one.done for one in lessons if one.done is not None and one.done.at >= of.made_at),
        *(one.done for one in sat if one.is_mock(of.blueprint) or asked & one.sets.keys()),
    ]
    done.sort(key=lambda one: one.at)
    done_today = [one for one in done if one.at >= began_at]
    weekdays = set(of.study_days) & set(range(7)) or set(MONDAY_TO_SATURDAY)
    spent = 0
    if today.weekday() in weekdays:
        room = floor(Fraction(of.hours_per_week) * 60 / len(weekdays))
        spent = min(sum(one.minutes for one in done_today), room)
    tasks = [work.task for work in works]
    dated = plan(
        ([Task(_DONE_TODAY, Kind.LESSON, spent)] if spent else []) + tasks,
        today=today,
        exam_on=of.exam_on,
        hours_per_week=of.hours_per_week,
        weekdays=weekdays,
        started_on=user.local(of.made_at).date(),
    )
    by_key = {work.task.key: work for work in works}
    return StudyPlanShown(
        plan=of,
        today=today,
        days=_days(dated.blocks, by_key),
        left=[(by_key[key], minutes) for key, minutes in dated.left.items() if key in by_key],
        hours_needed=dated.hours_needed,
        done=done,
        done_today=done_today,
        without_questions=[one.title for one in domains if not one.has_questions],
    )


def _days(blocks: Iterable[Block], works: Mapping[str, Work]) -> list[Day]:
    lines = [
        Line(block.on, works[block.task.key], block.minutes) for block in blocks if block.task.key in works
    ]
    return [Day(on, list(of_day)) for on, of_day in groupby(lines, key=lambda line: line.on)]


# --- lessons -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _PlannedLesson:
    work: Work
    done: Done | None
    #: Not completed, nor its course, which may have grown since.
    is_open: bool


def _lessons(of: StudyPlan, user: User, at: datetime) -> list[_PlannedLesson]:
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
    found = []
    for course, course_key, course_title, key, title, minutes, revision, completed_at in sorted(
        rows, key=lambda row: place[row[0]]
    ):
        url = reverse("pages:lesson", args=[course_key, key])
        task = Task(f"lesson-{key}", Kind.LESSON, max(1, minutes), domains.get(revision, ""))
        found.append(
            _PlannedLesson(
                Work(task, title, course_title, url),
                None if completed_at is None else Done(Kind.LESSON, title, task.minutes, completed_at, url),
                completed_at is None and not courses[course],
            )
        )
    return found


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
    ordered: dict[int, bool] = {}

    def take(course: int, behind: frozenset[int]) -> None:
        if course in ordered or course not in before or course in behind:
            return
        for first in before[course]:
            take(first, behind | {course})
        ordered[course] = is_completed[course]

    for course in own or others:
        take(course, frozenset())
    return ordered


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
class _ExamDomain:
    """A domain of the exam with its share of the questions."""

    key: str
    title: str
    share: Fraction
    has_questions: bool


def _domains(blueprint: Blueprint, at: datetime) -> list[_ExamDomain]:
    """The domains of an exam in its order: two queries."""
    live = QuestionRevision.objects.published(at).filter(domain=OuterRef("domain"), question__retired_at=None)
    rows = BlueprintDomain.objects.select_related("domain").annotate(has_questions=Exists(live))
    sections = BlueprintSection.objects.filter(blueprint=blueprint).prefetch_related(
        Prefetch("domains", rows)
    )
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
        _ExamDomain(
            row.domain.key,
            row.domain.title,
            counts.get(pk, Fraction(0)) / total,
            row.has_questions,  # type: ignore[attr-defined]  # annotated above
        )
        for pk, row in named.items()
    ]


@dataclass(frozen=True)
class _Sat:
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


def _sat(of: StudyPlan, user: User) -> list[_Sat]:
    """What the person finished since the plan was made: one query."""
    rows = (
        Score.objects.current()
        .filter(
            attempt__user=user,
            attempt__state=Attempt.State.SUBMITTED,
            attempt__submitted_at__gte=of.made_at,
        )
        .order_by("attempt__submitted_at", "attempt")
        .values_list(
            "attempt", "attempt__title", "attempt__mode", "attempt__blueprint__key",
            "attempt__blueprint__minutes", "attempt__submitted_at", "domains",
        )
    )  # fmt: skip
    found = []
    for pk, title, mode, exam, minutes, submitted_at, domains in rows:
        assert submitted_at is not None  # a constraint says so of what is submitted
        asked = {one["key"]: int(one["total"]) for one in domains if one["total"]}
        kind = Kind.MOCK if exam else Kind.SET
        took = minutes or SET_MINUTES * max(1, sum(asked.values()) // SET_QUESTIONS)
        url = reverse("exams:report", args=[pk])
        found.append(_Sat(exam or "", mode, asked, Done(kind, title, took, submitted_at, url)))
    return found


def _sets(domains: Sequence[_ExamDomain], sat: Iterable[_Sat], taught: Collection[str]) -> list[Work]:
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


def _mocks(of: StudyPlan, user: User, sat: Iterable[_Sat]) -> list[Work]:
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
