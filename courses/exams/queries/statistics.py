"""The statistics of questions over the answers in exams; the figures themselves are ``exams.statistics``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from courses.exams import kinds
from courses.exams.models import Attempt, ItemResult, KeyCorrection, Question, QuestionRevision
from courses.exams.statistics import Answered, ItemFigures, item_figures


@dataclass(frozen=True)
class OptionShown:
    """An option with who chose it."""

    id: int
    html: SafeString
    is_key: bool
    chosen: int
    share: float
    rest_mean: float | None
    draws: bool


@dataclass(frozen=True)
class RevisionFigures:
    """A revision with what the answers say about it."""

    revision: QuestionRevision
    kind_label: str | Promise
    figures: ItemFigures
    options: tuple[OptionShown, ...]
    #: The decision about its key that is in force.
    correction: KeyCorrection | None


def figures_of(question: Question) -> list[RevisionFigures]:
    """The statistics of every published revision, the newest first: three queries.

    All results of exams that count now are in them, by the key in force; tutored sets and practice are not.
    """
    revisions = list(
        question.revisions.exclude(published_at=None).select_related("domain").order_by("-number")
    )
    return _figures(revisions)


def figures_for(revisions: Iterable[int]) -> dict[int, RevisionFigures]:
    """The statistics of these revisions by their ids: three queries."""
    rows = QuestionRevision.objects.filter(pk__in=set(revisions)).select_related("domain", "question")
    return {one.revision.pk: one for one in _figures(list(rows))}


def _figures(revisions: Sequence[QuestionRevision]) -> list[RevisionFigures]:
    decided = KeyCorrection.objects.filter(revision__in=revisions, applied_at__isnull=False)
    corrections = {one.revision_id: one for one in decided.order_by("applied_at", "pk")}
    answers: dict[int, list[Answered]] = {one.pk: [] for one in revisions}
    by_pk = {one.pk: kinds.get(one.kind) for one in revisions}
    for pk, *row in _answers(revisions):
        answers[pk].append(_answered(by_pk[pk], *row))
    return [_of_one(one, answers[one.pk], corrections.get(one.pk)) for one in revisions]


def _answers(revisions: Sequence[QuestionRevision]) -> Any:
    return ItemResult.objects.filter(
        score__is_current=True,
        item__question_revision__in=[one.pk for one in revisions],
        score__attempt__mode=Attempt.Mode.EXAM,
    ).values_list(
        "item__question_revision",
        "points",
        "is_dropped",
        "item__is_scored",
        "response__value",
        "score__points",
        "score__total",
    )


def _answered(
    how: kinds.Kind,
    points: Decimal,
    is_dropped: bool,
    is_scored: bool,
    value: kinds.Value,
    of_all: Decimal,
    total: int,
) -> Answered:
    counts = is_scored and not is_dropped
    rest, others = (of_all - points, total - 1) if counts else (of_all, total)
    return Answered(
        score=float(points),
        rest=float(rest) / others if others else None,
        chosen=None if value is None else frozenset(how.chosen(value) or ()),
    )


def _of_one(
    revision: QuestionRevision, rows: Sequence[Answered], correction: KeyCorrection | None
) -> RevisionFigures:
    how = kinds.get(revision.kind)
    options = sorted(map(int, revision.asked["options"])) if how.chosen(None) is not None else []
    key = set(_right(revision.answer_key)) if options else set()
    if options and correction is not None and correction.answer_key is not None:
        corrected = set(_right(correction.answer_key))
        key = corrected if correction.how == KeyCorrection.How.NEW_KEY else key | corrected
    figures = item_figures(rows, options=options, key=key)
    shown = revision.explained.get("options", {})
    return RevisionFigures(
        revision=revision,
        kind_label=how.label,
        figures=figures,
        options=tuple(
            OptionShown(
                id=one.option,
                html=mark_safe(shown[str(one.option)]["html"]),  # sanitised on write
                is_key=one.is_key,
                chosen=one.chosen,
                share=100 * one.chosen / figures.n if figures.n else 0.0,
                rest_mean=one.rest_mean,
                draws=one.option in figures.drawing,
            )
            for one in figures.options
        ),
        correction=correction,
    )


def _right(answer_key: kinds.Doc) -> list[int]:
    return list(answer_key.get("right", ()))
