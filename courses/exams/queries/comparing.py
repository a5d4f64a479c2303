"""A finished attempt beside the earlier ones of its exam, and what to study next: both change with time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from courses.catalog.models import Course, Lesson, LessonCitation, LessonRevision
from courses.codesets.models import Citation
from courses.exams.models import (
    Attempt,
    Checkpoint,
    ItemResult,
    QuestionCitation,
    QuestionRevision,
    Score,
)

#: So many attempts are compared, the last ones; and so many lessons named a domain.
MOST_ATTEMPTS, MOST_LESSONS = 20, 5
#: The line for what to study where the attempt has no pass line.
USUAL_LINE = 70


@dataclass(frozen=True)
class Sat:
    """A finished attempt of an exam."""

    pk: int
    number: int
    mode: str
    started_at: datetime
    correct: int
    total: int
    percent: Decimal
    scaled: int | None
    passed: bool
    is_shortened: bool
    is_this: bool


@dataclass(frozen=True)
class Change:
    """A domain's percentage now and in the attempt before."""

    title: str
    percent: float
    before: float | None

    @property
    def points(self) -> float | None:
        """Percentage points gained; negative: lost."""
        return None if self.before is None else self.percent - self.before


@dataclass(frozen=True)
class LessonShown:
    """A lesson that teaches what was missed."""

    title: str
    course: str
    course_key: str
    key: str
    minutes: int
    #: How many of the missed questions it is about; 0: it only asks a question of the domain itself.
    missed: int


@dataclass(frozen=True)
class NextDomain:
    """A domain below the line with the lessons that teach it."""

    title: str
    correct: int
    total: int
    percent: float
    lessons: list[LessonShown]


def attempts_beside(attempt: Attempt) -> list[Sat]:
    """This attempt and those of the same exam that were finished before, the oldest first: one query.

    A new outline of an exam is the same exam: its key says so. A person's own set stands alone.
    """
    scores = Score.objects.current().filter(attempt__state=Attempt.State.SUBMITTED)
    if attempt.blueprint is None:
        scores = scores.filter(attempt=attempt)
    else:
        scores = scores.filter(
            attempt__user=attempt.user_id,
            attempt__blueprint__key=attempt.blueprint.key,
            attempt__started_at__lte=attempt.started_at,
        )
    rows = scores.select_related("attempt").order_by("-attempt__started_at", "-attempt__pk")[:MOST_ATTEMPTS]
    return [
        Sat(
            pk=one.attempt.pk,
            number=one.attempt.number,
            mode=one.attempt.mode,
            started_at=one.attempt.started_at,
            correct=one.correct,
            total=one.total,
            percent=one.percent,
            scaled=one.scaled,
            passed=one.passed,
            is_shortened=bool(one.attempt.lacking),
            is_this=one.attempt_id == attempt.pk,
        )
        for one in reversed(rows)
    ]


def domain_changes(score: Score, before: int | None) -> list[Change]:
    """Each domain of a result beside that of the attempt ``before``: one query, none when there is none."""
    old: dict[str, float] = {}
    if before is not None:
        old = {one["key"]: _percent(one) for one in Score.objects.current().get(attempt=before).domains}
    return [Change(one["title"], _percent(one), old.get(one["key"])) for one in score.domains if one["total"]]


def _percent(domain: Mapping[str, str | int]) -> float:
    total = int(domain["total"])
    return 100 * float(domain["points"]) / total if total else 0.0


def study_next(attempt: Attempt, score: Score, at: datetime) -> list[NextDomain]:
    """Domains below the line, the weakest first, with live lessons about what was missed: four queries.

    A lesson is about a missed question when both cite the same section of the guidelines, or the lesson one
    above it; next come lessons that ask a question of the domain. Courses for the exam's certification first.
    """
    line = attempt.pass_percent if attempt.blueprint_id else USUAL_LINE
    weak = [one for one in score.domains if one["total"] and _percent(one) < line]
    if not weak:
        return []
    cited = _missed_sections(score)
    lessons = _lessons(attempt, at, {ref for refs in cited.values() for sections in refs for ref in sections})
    asking = _asking([one["key"] for one in weak], at)
    found = []
    for one in sorted(weak, key=_percent):
        missed = cited.get(one["key"], [])
        about = {
            pk: sum(bool(sections & refs) for sections in missed)
            for pk, (_shown, refs, _is_own) in lessons.items()
        }
        ranked = sorted(
            (pk for pk in lessons if about[pk] or pk in asking.get(one["key"], ())),
            key=lambda pk: (not lessons[pk][2], -about[pk], pk),
        )
        found.append(
            NextDomain(
                one["title"],
                one["correct"],
                one["total"],
                _percent(one),
                [LessonShown(*lessons[pk][0], missed=about[pk]) for pk in ranked[:MOST_LESSONS]],
            )
        )
    return found


def _missed_sections(score: Score) -> dict[str, list[frozenset[str]]]:
    """By domain, for each missed question the guideline sections behind it with those above them."""
    missed = ItemResult.objects.filter(score=score, is_correct=False, is_dropped=False)
    rows = QuestionCitation.objects.filter(
        kind=Citation.Kind.GUIDELINE,
        revision__in=missed.values("item__question_revision"),
    ).values_list("revision", "revision__domain__key", "ref")
    by_question: dict[tuple[int, str], set[str]] = {}
    for revision, domain, ref in rows:
        by_question.setdefault((revision, domain), set()).update(_with_those_above(ref))
    found: dict[str, list[frozenset[str]]] = {}
    for (_revision, domain), refs in by_question.items():
        found.setdefault(domain, []).append(frozenset(refs))
    return found


def _with_those_above(ref: str) -> Iterable[str]:
    """``I.C.4.a.3`` with ``I.C.4.a`` and ``I.C.4``; a whole part such as ``I.C`` would say nothing."""
    parts = ref.split(".")
    yield ref
    for length in range(3, len(parts)):
        yield ".".join(parts[:length])


_Row = tuple[tuple[str, str, str, str, int], set[str], bool]


def _lessons(attempt: Attempt, at: datetime, refs: set[str]) -> dict[int, _Row]:
    """Live lessons that cite one of these sections or ask a question, with what they cite."""
    newer = LessonRevision.objects.filter(
        Q(published_at__gt=OuterRef("published_at"))
        | Q(published_at=OuterRef("published_at"), number__gt=OuterRef("number")),
        lesson=OuterRef("lesson"),
        published_at__lte=at,
    )
    live = LessonRevision.objects.filter(lesson__in=Lesson.objects.live(at), published_at__lte=at)
    cites = LessonCitation.objects.filter(revision=OuterRef("pk"), kind=Citation.Kind.GUIDELINE, ref__in=refs)
    asks = Checkpoint.objects.filter(lesson_revision=OuterRef("pk"))
    certification = attempt.blueprint.certification_id if attempt.blueprint else None
    own = Course.objects.filter(pk=OuterRef("lesson__module__course"), certifications=certification or 0)
    rows = list(
        live.filter(~Exists(newer))
        .annotate(cites=Exists(cites), asks=Exists(asks), is_own=Exists(own))
        .filter(Q(cites=True) | Q(asks=True))
        .order_by("lesson__module__course__position", "lesson__module__position", "lesson__position")
        .values_list(
            "pk",
            "is_own",
            "title",
            "lesson__module__course__title",
            "lesson__module__course__key",
            "lesson__key",
            "minutes",
        )
    )
    cited: dict[int, set[str]] = {}
    wanted = LessonCitation.objects.filter(
        kind=Citation.Kind.GUIDELINE, ref__in=refs, revision__in=[row[0] for row in rows]
    )
    for revision, ref in wanted.values_list("revision", "ref"):
        cited.setdefault(revision, set()).add(ref)
    return {pk: (tuple(shown), cited.get(pk, set()), is_own) for pk, is_own, *shown in rows}


def _asking(domains: list[str], at: datetime) -> dict[str, set[int]]:
    """By domain, the revisions of lessons that ask a live question of it."""
    rows = QuestionRevision.objects.filter(
        domain__key__in=domains, published_at__lte=at, question__checkpoints__isnull=False
    ).values_list("domain__key", "question__checkpoints__lesson_revision")
    found: dict[str, set[int]] = {}
    for domain, revision in rows:
        found.setdefault(domain, set()).add(revision)
    return found
