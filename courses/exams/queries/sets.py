"""What the bank holds for a set that a person builds: which questions fit, and how many a choice has."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from accounts.models import User
from courses.codesets.models import CodeRef
from courses.exams import kinds
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Domain,
    Exposure,
    ItemMark,
    ItemResult,
    PracticeSettings,
    QuestionCodeRef,
    QuestionRevision,
)

Status = Literal["all", "unseen", "missed", "flagged"]
STATUSES: tuple[Status, ...] = ("all", "unseen", "missed", "flagged")
DIFFICULTIES = (1, 2, 3, 4, 5)
FEWEST, MOST = 5, 100

_STALE = (CodeRef.State.NOT_BILLABLE, CodeRef.State.GONE)


# --- the questions that there are --------------------------------------------------------------------------
def drawable(at: datetime) -> QuerySet[QuestionRevision]:
    """The live revisions that may be asked at ``at``: no draft, not retired, no code that no longer holds.

    The same rule as the draw of an exam.
    """
    newer = QuestionRevision.objects.filter(
        Q(published_at__gt=OuterRef("published_at"))
        | Q(published_at=OuterRef("published_at"), number__gt=OuterRef("number")),
        question=OuterRef("question"),
        published_at__lte=at,
    )
    stale = QuestionCodeRef.objects.filter(revision=OuterRef("pk"), state__in=_STALE)
    return QuestionRevision.objects.published(at).filter(
        Q(question__retired_at=None) | Q(question__retired_at__gt=at), ~Exists(newer), ~Exists(stale)
    )


def askable(user: User, at: datetime) -> QuerySet[QuestionRevision]:
    """What may be asked of a person outside of exams: nothing of an exam that they are sitting.

    A set that explains its answers would give them away.
    """
    sat = AttemptItem.objects.filter(
        attempt__user=user, attempt__state=Attempt.State.OPEN, attempt__mode=Attempt.Mode.EXAM
    )
    return drawable(at).exclude(question__in=sat.values("question_revision__question"))


# --- what a person chose -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Choice:
    """How a person's own set is built. No domain, difficulty or kind means all of them."""

    domains: tuple[str, ...] = ()
    status: Status = "all"
    difficulties: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    count: int = 20
    mode: str = Attempt.Mode.TUTOR.value
    #: Only what this attempt missed.
    of_attempt: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As ``Attempt.built`` and ``PracticeSettings.last_set`` keep it."""
        return {
            "domains": list(self.domains),
            "status": self.status,
            "difficulties": list(self.difficulties),
            "kinds": list(self.kinds),
            "count": self.count,
            "mode": self.mode,
            "of_attempt": self.of_attempt,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Choice":
        """A choice as it was kept; what has a value of its own no more falls back to all."""
        status = kept.get("status")
        mode = kept.get("mode")
        return cls(
            domains=tuple(kept.get("domains", ())),
            status=status if status in STATUSES else "all",
            difficulties=tuple(one for one in kept.get("difficulties", ()) if one in DIFFICULTIES),
            kinds=tuple(one for one in kept.get("kinds", ()) if one in kinds.registered()),
            count=min(MOST, max(FEWEST, int(kept.get("count", 20)))),
            mode=mode if mode in Attempt.Mode.values else Attempt.Mode.TUTOR.value,
            of_attempt=kept.get("of_attempt"),
        )


def settings_of(user: User) -> PracticeSettings:
    """How the person practises; as it is at first where nothing was saved."""
    return PracticeSettings.objects.owned_by(user).first() or PracticeSettings(user=user)


# --- what fits ---------------------------------------------------------------------------------------------
def _of(user: User, at: datetime, of_attempt: int | None) -> QuerySet[QuestionRevision]:
    """All questions of sets, or those that one of the person's attempts missed."""
    questions = askable(user, at)
    if of_attempt is None:
        return questions
    missed = ItemResult.objects.filter(
        score__attempt=of_attempt,
        score__attempt__user=user,
        score__is_current=True,
        is_correct=False,
        is_dropped=False,
    )
    return questions.filter(question__in=missed.values("item__question_revision__question"))


def _met(user: User, **which: Any) -> Exists:
    return Exists(Exposure.objects.owned_by(user).filter(question=OuterRef("question"), **which))


def _flagged(user: User) -> Q:
    """Flagged in a finished attempt, or in one that runs."""
    marks = ItemMark.objects.filter(flagged=True, item__attempt__user=user).filter(
        item__attempt__state=Attempt.State.OPEN
    )
    return Q(_met(user, is_flagged=True)) | Q(question__in=marks.values("item__question_revision__question"))


def fitting(user: User, choice: Choice, at: datetime) -> QuerySet[QuestionRevision]:
    """The questions that a choice may draw from."""
    found = _of(user, at, choice.of_attempt)
    if choice.domains:
        found = found.filter(domain__key__in=choice.domains)
    if choice.difficulties:
        found = found.filter(difficulty__in=choice.difficulties)
    if choice.kinds:
        found = found.filter(kind__in=choice.kinds)
    if choice.status == "unseen":
        found = found.filter(~_met(user))
    elif choice.status == "missed":
        found = found.filter(_met(user, last_points__lt=1))
    elif choice.status == "flagged":
        found = found.filter(_flagged(user))
    return found


def in_turn(user: User, choice: Choice, at: datetime, *, start: int) -> QuerySet[Any, Any]:
    """Id, exclusion group and last meeting of what fits: what is new from a rank on, then the longest ago."""
    met = Exposure.objects.owned_by(user).filter(question=OuterRef("question"))
    later = Case(When(rank__gte=start, then=Value(0)), default=Value(1))
    return (
        fitting(user, choice, at)
        .annotate(last_at=Subquery(met.values("last_at")[:1]))
        .order_by(F("last_at").asc(nulls_first=True), later, "rank", "pk")
        .values_list("pk", "exclusion_group", "last_at")
    )


# --- how many there are ------------------------------------------------------------------------------------
class Option(NamedTuple):
    """A box to tick with how many questions it would give beside the other choices."""

    value: str
    label: str
    questions: int
    is_chosen: bool


@dataclass(frozen=True)
class Counts:
    """How many questions each box of the builder has, and how many the choice has in all."""

    total: int
    domains: list[Option]
    statuses: list[Option]
    difficulties: list[Option]
    kinds: list[Option]
    #: Whether there is any question at all, whatever is chosen.
    has_any: bool


class _Cell(NamedTuple):
    """So many questions that are alike in all that can be chosen."""

    domain: str
    title: str
    kind: str
    difficulty: int
    met: str
    flagged: bool
    questions: int

    def fits(self, choice: Choice) -> bool:
        return (
            (not choice.domains or self.domain in choice.domains)
            and (not choice.difficulties or self.difficulty in choice.difficulties)
            and (not choice.kinds or self.kind in choice.kinds)
            and self.has(choice.status)
        )

    def has(self, status: Status) -> bool:
        return status == "all" or (self.flagged if status == "flagged" else self.met == status)


def counts(user: User, choice: Choice, at: datetime, *, labels: Mapping[str, str]) -> Counts:
    """The counts of the builder: one query, whatever is chosen. ``labels`` names the statuses.

    The number beside a box is what it gives with the choices of the other groups as they are.
    """
    found = _of(user, at, choice.of_attempt)
    met = Case(
        When(_met(user, last_points__lt=1), then=Value("missed")),
        When(_met(user), then=Value("known")),
        default=Value("unseen"),
        output_field=CharField(),
    )
    flagged = Case(When(_flagged(user), then=Value(True)), default=Value(False), output_field=BooleanField())
    rows = (
        found.annotate(met=met, flagged=flagged)
        .values("domain__key", "domain__title", "kind", "difficulty", "met", "flagged")
        .annotate(n=Count("pk"))
        .order_by("domain__title")
        .values_list("domain__key", "domain__title", "kind", "difficulty", "met", "flagged", "n")
    )
    cells = [_Cell(*row) for row in rows]
    titles = {cell.domain: cell.title for cell in cells}
    names = {key: str(kind.label) for key, kind in kinds.registered().items()}
    by_domain = _sum(cells, replace(choice, domains=()), lambda cell: cell.domain)
    by_kind = _sum(cells, replace(choice, kinds=()), lambda cell: cell.kind)
    by_difficulty = _sum(cells, replace(choice, difficulties=()), lambda cell: cell.difficulty)
    free = replace(choice, status="all")
    return Counts(
        total=sum(cell.questions for cell in cells if cell.fits(choice)),
        domains=[Option(key, title, by_domain[key], key in choice.domains) for key, title in titles.items()],
        statuses=[
            Option(
                status,
                labels[status],
                sum(cell.questions for cell in cells if cell.fits(free) and cell.has(status)),
                status == choice.status,
            )
            for status in STATUSES
        ],
        difficulties=[
            Option(str(one), str(one), by_difficulty[one], one in choice.difficulties) for one in DIFFICULTIES
        ],
        kinds=[
            Option(key, names[key], by_kind[key], key in choice.kinds)
            for key in names
            if any(cell.kind == key for cell in cells)
        ],
        has_any=bool(cells),
    )


def _sum(cells: Iterable[_Cell], choice: Choice, by: Callable[[_Cell], Any]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for cell in cells:
        if cell.fits(choice):
            found[by(cell)] += cell.questions
    return found


def missed_count(user: User, at: datetime) -> int:
    """How many questions that may be asked the person has missed when they met them last."""
    return askable(user, at).filter(_met(user, last_points__lt=1)).count()


def domain_titles(keys: Iterable[str]) -> list[str]:
    """The titles of these domains, by title."""
    found = Domain.objects.filter(key__in=list(keys)).order_by("title")
    return list(found.values_list("title", flat=True))
