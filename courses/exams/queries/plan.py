"""A person's study plan: what is left to do, in a constant number of queries; ``planning`` dates it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import ceil, floor

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.exams.models import (
    StudyPlan,
)
from courses.exams.planning import MONDAY_TO_SATURDAY, Block, Kind, Task, plan
from courses.exams.queries.plan_works import (
    Done,
    ExamDomain,
    PlannedLesson,
    Sat,
    Work,
    domains_of,
    exam_domains,
    lessons,
    lessons_of,
    mocks_left,
    sat_of,
    sat_since,
    sets_left,
)

_DONE_TODAY = "done-today"


# --- what is shown -------------------------------------------------------------------------------------
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
    return _shown(of, user, lessons(of, user, at), exam_domains(of.blueprint, at), sat_since(of), at)


def study_plans(plans: Sequence[StudyPlan], at: datetime) -> dict[int, StudyPlanShown]:
    """``study_plan`` of several, by their primary keys: ten queries for any number, none for no plans.

    The plans carry their ``user`` and ``blueprint``.
    """
    if not plans:
        return {}
    read, sat = lessons_of(plans, at), sat_of(plans)
    domains = domains_of({of.blueprint_id for of in plans}, at)
    return {of.pk: _shown(of, of.user, read[of.pk], domains[of.blueprint_id], sat[of.pk], at) for of in plans}


def _shown(
    of: StudyPlan,
    user: User,
    read: Sequence[PlannedLesson],
    domains: Sequence[ExamDomain],
    sat: Sequence[Sat],
    at: datetime,
) -> StudyPlanShown:
    today = user.local(at).date()
    began_at = datetime.combine(today, time(), tzinfo=user.zone)
    works = [one.work for one in read if one.is_open]
    works += sets_left(domains, sat, taught={one.work.task.domain for one in read})
    if any(one.has_questions for one in domains):
        works += mocks_left(of, user, sat)
    asked = {one.key for one in domains}
    done = [
        *(one.done for one in read if one.done is not None and one.done.at >= of.made_at),
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
