"""The report of a finished attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from django.db.models import Count
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from courses.exams import kinds, paper
from courses.exams.models import Attempt, ItemResult, Response, Score
from courses.exams.queries.explained import CitationShown, citations_of


@dataclass(frozen=True)
class DomainShown:
    """A domain's part of a result."""

    title: str
    correct: int
    points: Decimal
    total: int


@dataclass(frozen=True)
class ReportQuestion:
    """A question of a finished attempt with everything that explains it."""

    position: int
    domain: str
    stem_html: SafeString
    explained_html: SafeString
    points: Decimal
    is_scored: bool
    is_dropped: bool
    is_correct: bool
    is_answered: bool
    is_flagged: bool
    citations: list[CitationShown]
    late_answers: int


@dataclass(frozen=True)
class Pace:
    """How the time was used."""

    used_minutes: int
    per_question_s: int
    #: None: there was no clock.
    allowed_minutes: int | None
    allowed_per_question_s: int | None


@dataclass(frozen=True)
class Report:
    """The result of an attempt; the same for ever, as it is read from rows that are never changed."""

    correct: int
    total: int
    percent: Decimal
    pass_percent: int
    passed: bool
    domains: list[DomainShown]
    questions: list[ReportQuestion]
    grid: SafeString
    pace: Pace
    lacking: list[Mapping[str, Any]]


def report(attempt: Attempt, score: Score) -> Report:
    """The report of a submitted attempt as ``score`` has it: three queries, whatever the number."""
    titles = {one["key"]: one["title"] for one in score.domains}
    results = list(
        ItemResult.objects.filter(score=score)
        .select_related("item__question_revision__domain", "item__mark", "response")
        .order_by("item__position")
    )
    citations = citations_of([one.item.question_revision_id for one in results])
    late = dict(
        Response.objects.filter(attempt=attempt, late=True)
        .order_by()
        .values_list("item")
        .annotate(n=Count("pk"))
    )
    questions = []
    for result in results:
        item, revision = result.item, result.item.question_revision
        value = result.response.value if result.response else None
        questions.append(
            ReportQuestion(
                position=item.position,
                domain=titles.get(revision.domain.key, revision.domain.title),
                stem_html=mark_safe(revision.stem_linked_html),  # sanitised on write
                explained_html=kinds.get(revision.kind).explain(
                    revision.explained, revision.answer_key, item.order, value, result.detail
                ),
                points=result.points,
                is_scored=item.is_scored,
                is_dropped=result.is_dropped,
                is_correct=result.is_correct,
                is_answered=value is not None,
                is_flagged=hasattr(item, "mark") and item.mark.flagged,
                citations=citations.get(item.question_revision_id, []),
                late_answers=late.get(item.pk, 0),
            )
        )
    return Report(
        correct=score.correct,
        total=score.total,
        percent=score.percent,
        pass_percent=attempt.pass_percent,
        passed=score.passed,
        domains=[
            DomainShown(one["title"], one["correct"], Decimal(one["points"]), one["total"])
            for one in score.domains
        ],
        questions=questions,
        grid=mark_safe("".join(_report_cell(one) for one in questions)),  # cells are safe
        pace=_pace(attempt, score.total),
        lacking=attempt.lacking,
    )


def _report_cell(question: ReportQuestion) -> SafeString:
    names, words = (" is-right", _("right")) if question.is_correct else (" is-wrong", _("not right"))
    if not question.is_answered:
        words = _("not answered")
    return paper.cell(question.position, names=names, words=words, href=f"#q-{question.position}")


def _pace(attempt: Attempt, total: int) -> Pace:
    ended_at = attempt.submitted_at or attempt.started_at
    used = (ended_at - attempt.started_at).total_seconds() - attempt.paused_s
    allowed = None
    if attempt.deadline_at is not None:
        allowed = (attempt.deadline_at - attempt.started_at).total_seconds()
        used = min(used, allowed)
    return Pace(
        used_minutes=ceil(used / 60),
        per_question_s=round(used / max(1, total)),
        allowed_minutes=None if allowed is None else round(allowed / 60),
        allowed_per_question_s=None if allowed is None else round(allowed / max(1, total)),
    )
