"""Readiness for an exam from first sights, and how time and accuracy went week by week."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import Certification
from courses.codesets.models import CodeRef
from courses.codesets.systems import System
from courses.exams.chapters import chapter_of
from courses.exams.models import (
    Attempt,
    Blueprint,
    CardReview,
    CheckpointAnswer,
    Domain,
    Exposure,
    ItemResult,
    QuestionCodeRef,
    TraceEvent,
)
from courses.exams.queries.offers import bank, blueprints_on
from courses.exams.readiness import Exposures, Outlook, Readiness, readiness
from courses.exams.wanted import places

WEEKS = 12


# --- readiness ---------------------------------------------------------------------------------------------
def first_sights(user: User) -> dict[str, Exposures]:
    """By domain, what the person earned on questions met first in an exam: one query.

    A question that a lesson or a review had asked before was not met first.
    """
    before = {"question_revision__question": OuterRef("question")}
    in_lesson = CheckpointAnswer.objects.filter(user=user, answered_at__lt=OuterRef("first_at"), **before)
    in_review = CardReview.objects.filter(card__user=user, reviewed_at__lt=OuterRef("first_at"), **before)
    rows = (
        Exposure.objects.owned_by(user)
        .filter(~Exists(in_lesson), ~Exists(in_review), first_mode=Attempt.Mode.EXAM)
        .values("first_item__question_revision__domain__key")
        .annotate(points=Sum("first_points"), n=Count("pk"))
        .order_by()
        .values_list("first_item__question_revision__domain__key", "points", "n")
    )
    return {key: Exposures(float(points), n) for key, points, n in rows}


@dataclass(frozen=True)
class DomainRow:
    """A domain of an exam: its weight, where the person stands in it, and what the bank holds of it."""

    key: str
    title: str
    outlook: Outlook
    held: int

    @property
    def weight(self) -> float:
        """Per cent of the exam."""
        return round(100 * self.outlook.weight, 1)


@dataclass(frozen=True)
class ReadinessShown:
    """Where a person stands before the exam of a certification."""

    blueprint: Blueprint
    found: Readiness
    rows: list[DomainRow]
    #: Whether weights of single domains are not known: they share what is drawn from them together.
    is_shared: bool

    @property
    def by_gain(self) -> list[DomainRow]:
        """The three domains where learning moves most, of those in which something was answered."""
        met = [one for one in self.rows if one.outlook.n and one.held]
        return sorted(met, key=lambda one: -one.outlook.gain)[:3]

    @property
    def by_doubt(self) -> list[DomainRow]:
        """The three domains where new questions make the estimate surer."""
        return sorted((one for one in self.rows if one.held), key=lambda one: -one.outlook.doubt)[:3]

    @property
    def without_bank(self) -> list[DomainRow]:
        return [one for one in self.rows if not one.held]


def exam_for(certification: Certification, day: date) -> Blueprint | None:
    """The exam of a certification that is nearest to the real one: that with most questions."""
    found = list(blueprints_on(day, certification=certification))
    return max(found, key=lambda one: (_questions(one), one.title), default=None)


def _questions(blueprint: Blueprint) -> int:
    return sum(place.count for section in blueprint.sections.all() for place in places(section))


def readiness_for(user: User, blueprint: Blueprint, at: datetime) -> ReadinessShown | None:
    """The readiness for an exam: two queries; None where it asks for nothing."""
    weights, is_shared = weights_of(blueprint)
    if not weights:
        return None
    held: dict[int, int] = {}
    for (domain, _kind), n in bank(at).items():
        held[domain] = held.get(domain, 0) + n
    domains: dict[int, Domain] = {
        row.domain_id: row.domain for section in blueprint.sections.all() for row in section.domains.all()
    }
    found = readiness(
        {domains[pk].key: weight for pk, weight in weights.items()},
        first_sights(user),
        pass_percent=blueprint.pass_percent,
        questions=counted_questions(blueprint),
    )
    by_key = {one.key: one for one in domains.values()}
    rows = [
        DomainRow(one.domain, by_key[one.domain].title, one, held.get(by_key[one.domain].pk, 0))
        for one in found.domains
    ]
    return ReadinessShown(blueprint, found, sorted(rows, key=lambda one: (-one.weight, one.title)), is_shared)


def weights_of(blueprint: Blueprint) -> tuple[dict[int, float], bool]:
    """Questions by domain, and whether some are only known together: those share evenly."""
    weights: dict[int, float] = {}
    is_shared = False
    for section in blueprint.sections.all():
        for place in places(section):
            is_shared = is_shared or len(place.domains) > 1
            for domain in place.domains:
                weights[domain] = weights.get(domain, 0) + place.count / len(place.domains)
    return weights, is_shared


def counted_questions(blueprint: Blueprint) -> int:
    """Questions that count: without those that are tried out."""
    pretest = sum(section.pretest for section in blueprint.sections.all())
    return max(1, _questions(blueprint) - pretest)


def seen_for(blueprint: Blueprint, sights: dict[str, Exposures]) -> int:
    """How many first sights speak of an exam."""
    keys = {row.domain.key for section in blueprint.sections.all() for row in section.domains.all()}
    return sum(one.n for key, one in sights.items() if key in keys)


# --- week by week ------------------------------------------------------------------------------------------
@dataclass
class Week:
    """What was answered in a week; time only of questions that a browser timed."""

    begins_on: date
    n: int = 0
    points: float = 0.0
    seconds: int = 0
    timed: int = 0

    @property
    def percent(self) -> float | None:
        return 100 * self.points / self.n if self.n else None

    @property
    def pace_s(self) -> float | None:
        """Seconds a question."""
        return self.seconds / self.timed if self.timed else None

    def add(self, points: float, seconds: int) -> None:
        self.n += 1
        self.points += points
        if seconds:
            self.seconds += seconds
            self.timed += 1


@dataclass
class Course:
    """A domain, a chapter, or everything, over the weeks."""

    title: str
    weeks: list[Week]
    order: Any = ""
    whole: Week = field(init=False)

    def __post_init__(self) -> None:
        self.whole = Week(self.weeks[0].begins_on)


@dataclass(frozen=True)
class CourseOfPractice:
    """Time and accuracy of the last weeks, of all answers and by domain or chapter."""

    weeks: list[date]
    everything: Course
    parts: list[Course]


def course_of_practice(user: User, at: datetime, *, by: str) -> CourseOfPractice:
    """The last twelve weeks of finished attempts by ``domain`` or ``chapter``: two queries.

    What was left out counts as wrong in an exam, and not at all in other sets. A question's chapter is
    that of the first ICD-10-CM code it names; one without any belongs to none.
    """
    today = user.local(at).date()
    monday = today - timedelta(days=today.weekday())
    begins = [monday - timedelta(weeks=WEEKS - 1 - n) for n in range(WEEKS)]
    since = datetime.combine(begins[0], datetime.min.time(), user.zone)
    seconds = _seconds(user, since)
    everything = _course(_("All questions"), begins)
    parts: dict[Any, Course] = {}
    for item, submitted_at, domain, title, code, points in _answers(user, since):
        week = min(WEEKS - 1, (user.local(submitted_at).date() - begins[0]).days // 7)
        if by == "chapter":
            chapter = chapter_of(code) if code else None
            key = chapter[0] if chapter else 99
            name = f"{key} {chapter[1]}" if chapter else _("No ICD-10-CM code")
        else:
            key, name = domain, title
        if key not in parts:
            parts[key] = _course(name, begins, order=key if by == "chapter" else title)
        for course in (everything, parts[key]):
            course.weeks[week].add(float(points), seconds.get(item, 0))
            course.whole.add(float(points), seconds.get(item, 0))
    return CourseOfPractice(begins, everything, sorted(parts.values(), key=lambda one: one.order))


def _course(title: str, begins: Sequence[date], order: Any = "") -> Course:
    return Course(title, [Week(one) for one in begins], order)


def _answers(user: User, since: datetime) -> QuerySet[Any, Any]:
    codes = QuestionCodeRef.objects.filter(
        revision=OuterRef("item__question_revision"), system=System.ICD10CM
    ).exclude(role=CodeRef.Role.INVALID)
    return (
        ItemResult.objects.filter(
            Q(response__isnull=False) | Q(score__attempt__mode=Attempt.Mode.EXAM),
            score__attempt__user=user,
            score__attempt__submitted_at__gte=since,
            score__is_current=True,
            is_dropped=False,
        )
        .annotate(code=Subquery(codes.order_by("pk").values("code")[:1]))
        .order_by("pk")
        .values_list(
            "item",
            "score__attempt__submitted_at",
            "item__question_revision__domain__key",
            "item__question_revision__domain__title",
            "code",
            "points",
        )
    )


def _seconds(user: User, since: datetime) -> dict[int, int]:
    """For how long each question was open."""
    seen = TraceEvent.objects.filter(
        attempt__user=user,
        attempt__submitted_at__gte=since,
        kind=TraceEvent.Kind.VIEW,
        item__isnull=False,
    )
    rows = seen.order_by().values("item").annotate(took=Sum("seconds")).values_list("item", "took")
    return {item: took for item, took in rows if item is not None}
