"""What a tutored set has explained before its end: the key, the rationales and the sources."""

from typing import Any

from django.db.models import JSONField, OuterRef, Subquery
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from courses.codesets.queries import known_codes
from courses.exams import kinds, scoring
from courses.exams.models import Attempt, AttemptItem, KeyCorrection, Response
from courses.exams.queries.explained import citations_of


def revealed(attempt: Attempt, *, position: int | None = None) -> dict[int, SafeString]:
    """The explanations of the questions that were revealed, by position: three queries, none of an exam's."""
    if attempt.mode != Attempt.Mode.TUTOR:
        return {}
    rows = list(_rows(attempt, position))
    codes = (code for row in rows for code in kinds.get(row.question_revision.kind).entered(row.value))
    known = known_codes(codes, on_date=attempt.started_at.date())
    citations = citations_of(row.question_revision_id for row in rows)
    found = {}
    for row in rows:
        revision = row.question_revision
        outcome = scoring.grade(
            scoring.Item(
                id=row.pk,
                domain="",
                kind=revision.kind,
                answer_key=revision.answer_key,
                value=row.value,
                correction=scoring.Correction(row.how, row.new_key) if row.how else None,
            ),
            known,
        )
        key = row.new_key if row.how == "new" else revision.answer_key
        context = {
            "is_answered": row.value is not None,
            "outcome": outcome,
            "citations": citations.get(revision.pk, []),
            "explained_html": kinds.get(revision.kind).explain(
                revision.explained, key, row.order, row.value, outcome.detail
            ),
        }
        found[row.position] = render_to_string("exams/_revealed.html", context)
    return found


def _rows(attempt: Attempt, position: int | None) -> Any:
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    decided = KeyCorrection.objects.filter(revision=OuterRef("question_revision"), applied_at__isnull=False)
    decided = decided.order_by("-applied_at", "-pk")
    return (
        AttemptItem.objects.filter(
            attempt=attempt, revealed_at__isnull=False, **({"position": position} if position else {})
        )
        .select_related("question_revision")
        .annotate(
            value=Subquery(counting.values("value")[:1], output_field=JSONField()),
            how=Subquery(decided.values("how")[:1]),
            new_key=Subquery(decided.values("answer_key")[:1], output_field=JSONField()),
        )
        .order_by("position")
    )
