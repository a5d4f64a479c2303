"""What the practice page offers: exams, scheduled exams, what is open and how it went before."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, CharField, Count, F, OuterRef, Prefetch, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat

from accounts.models import User
from courses.catalog.models import Certification
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    Response,
    Score,
    Sitting,
    StudyPlan,
)
from courses.exams.queries.sets import drawable
from courses.exams.wanted import places

#: How many questions the bank holds, by domain and kind.
Bank = Counter[tuple[int, str]]


@dataclass(frozen=True)
class SectionOffer:
    """A section of an exam with as many of its questions as the bank holds."""

    section: BlueprintSection
    count: int
    held: int

    @property
    def domains(self) -> list[BlueprintDomain]:
        return list(self.section.domains.all())


@dataclass(frozen=True)
class ExamOffer:
    """An exam that a person can start, or go on with."""

    blueprint: Blueprint
    sections: Sequence[SectionOffer]
    running: Attempt | None

    @property
    def count(self) -> int:
        """How many questions a whole form has."""
        return sum(one.count for one in self.sections)

    @property
    def held(self) -> int:
        """How many of them the bank can fill now."""
        return sum(one.held for one in self.sections)

    @property
    def is_short(self) -> bool:
        return self.held < self.count

    @property
    def pretest(self) -> int:
        """How many questions do not count."""
        return sum(one.section.pretest for one in self.sections)


@dataclass(frozen=True)
class ExamGroup:
    """The exams that prepare for one certification."""

    certification: Certification | None
    offers: list[ExamOffer]


# --- exams -------------------------------------------------------------------------------------------------
def bank(at: datetime) -> Bank:
    """How many questions an exam may draw, by domain and kind; an exclusion group counts once: one query."""
    unit = Case(
        When(exclusion_group="", then=Concat(Value("question "), Cast("pk", CharField()))),
        default=F("exclusion_group"),
        output_field=CharField(),
    )
    rows = drawable(at).values("domain", "kind").annotate(n=Count(unit, distinct=True)).order_by()
    return Counter({(domain, kind): n for domain, kind, n in rows.values_list("domain", "kind", "n")})


def blueprints_on(day: date, **which: Any) -> QuerySet[Blueprint]:
    """Blueprints valid on a day with all that ``places`` reads: three queries."""
    domains = BlueprintDomain.objects.select_related("domain")
    sections = BlueprintSection.objects.prefetch_related(Prefetch("domains", domains))
    return (
        Blueprint.objects.valid_on(day)
        .filter(**which)
        .select_related("certification__body")
        .prefetch_related(Prefetch("sections", sections.order_by("position")))
    )


def exam_groups(day: date, running: Iterable[Attempt], at: datetime) -> list[ExamGroup]:
    """The exams valid on the person's ``day`` by certification, with what the bank holds: four queries."""
    held, mine = bank(at), {one.blueprint_id: one for one in running if one.sitting_id is None}
    groups: dict[int | None, ExamGroup] = {}
    for blueprint in blueprints_on(day):
        group = groups.setdefault(blueprint.certification_id, ExamGroup(blueprint.certification, []))
        group.offers.append(ExamOffer(blueprint, list(_sections(blueprint, held)), mine.get(blueprint.pk)))
    for group in groups.values():
        group.offers.sort(key=lambda one: (one.count, one.blueprint.title))
    return sorted(groups.values(), key=lambda one: (one.certification is None, str(one.certification or "")))


def certifications_of(user: User) -> set[int]:
    """Those that a person has sat an exam of or plans to sit, which come first: one query."""
    sat = Attempt.objects.owned_by(user).order_by().values_list("blueprint__certification")
    planned = StudyPlan.objects.owned_by(user).filter(ended_at=None).order_by()
    found = sat.union(planned.values_list("blueprint__certification"))
    return {pk for (pk,) in found if pk is not None}


def _sections(blueprint: Blueprint, held: Bank) -> Iterable[SectionOffer]:
    """Each section with what is left for it of the bank: no question serves two places."""
    left = Counter(held)
    for section in blueprint.sections.all():
        wanted = places(section)
        filled = 0
        # those that take one domain only choose first
        for place in sorted(wanted, key=lambda one: len(one.domains)):
            missing = place.count
            for cell in ((domain, kind) for domain in place.domains for kind in place.kinds):
                taken = min(missing, left[cell])
                left[cell] -= taken
                missing -= taken
            filled += place.count - missing
        yield SectionOffer(section, sum(one.count for one in wanted), filled)


# --- attempts ----------------------------------------------------------------------------------------------
def open_attempts(user: User, at: datetime) -> list[Attempt]:
    """What the person has begun, of every kind, with ``total`` and ``answered`` questions: one query."""
    items = AttemptItem.objects.filter(attempt=OuterRef("pk")).order_by().values("attempt")
    answers = Response.objects.filter(attempt=OuterRef("pk"), value__isnull=False).order_by()
    return list(
        Attempt.objects.owned_by(user)
        .open_at(at)
        .select_related("blueprint", "sitting")
        .annotate(
            total=Subquery(items.annotate(n=Count("pk")).values("n")),
            answered=Subquery(answers.values("attempt").annotate(n=Count("item", distinct=True)).values("n")),
        )
    )


def finished_attempts(user: User) -> QuerySet[Attempt]:
    """Earlier attempts, the newest first, each with its result in ``current``."""
    return (
        Attempt.objects.owned_by(user)
        .submitted()
        .select_related("blueprint")
        .prefetch_related(Prefetch("scores", Score.objects.current(), to_attr="current"))
        .order_by("-submitted_at", "-pk")
    )


@dataclass(frozen=True)
class SittingOffer:
    """A scheduled exam that is open or comes, and the person's attempt at it."""

    sitting: Sitting
    is_open: bool
    attempt: int | None
    state: str


def sittings(user: User, at: datetime) -> list[SittingOffer]:
    """Scheduled exams that have not ended: one query."""
    mine = Attempt.objects.owned_by(user).filter(sitting=OuterRef("pk"))
    rows = (
        Sitting.objects.filter(closes_at__gt=at)
        .select_related("blueprint")
        .annotate(mine=Subquery(mine.values("pk")[:1]), my_state=Subquery(mine.values("state")[:1]))
        .order_by("opens_at", "pk")
    )
    return [
        SittingOffer(
            one,
            one.opens_at <= at,
            one.mine,  # type: ignore[attr-defined]  # annotated above
            one.my_state or "",  # type: ignore[attr-defined]  # the same
        )
        for one in rows
    ]
