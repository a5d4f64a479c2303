"""Closing an attempt and scoring it, exactly once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import JSONField, OuterRef, Subquery

from accounts.models import User
from courses.catalog.models import Requirement
from courses.codesets.queries import known_codes
from courses.exams import kinds, scoring
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Exposure,
    ItemResult,
    KeyCorrection,
    Response,
    Score,
)
from courses.exams.signals import attempt_finished
from courses.progress.actions import meet_requirement


def finish_attempt(*, attempt_id: int, user: User | None, at: datetime, by_system: bool = False) -> Score:
    """Close and score an attempt once; whoever comes second gets the same result.

    ``user`` is its owner, or None for the sweeper. Raises ``Attempt.DoesNotExist`` for a stranger's.
    """
    score = _close(attempt_id=attempt_id, user=user, at=at, by_system=by_system)
    if score is None:
        mine = {} if user is None else {"attempt__user": user}
        score = Score.objects.current().filter(**mine, attempt=attempt_id).first()
    if score is None:
        raise Attempt.DoesNotExist
    return score


@transaction.atomic
def _close(*, attempt_id: int, user: User | None, at: datetime, by_system: bool) -> Score | None:
    """Close, score and tell, all or nothing; None when it was closed before."""
    mine = Attempt.objects.all() if user is None else Attempt.objects.owned_by(user)
    won = (
        mine.open()
        .filter(pk=attempt_id)
        .update(state=Attempt.State.SUBMITTED, submitted_at=at, submitted_by_system=by_system, paused_at=None)
    )
    if not won:
        return None
    rows = list(answered(attempt_id))
    attempt = rows[0].attempt
    items = [as_item(row) for row in rows]
    typed = (code for row in rows for code in kinds.get(row.question_revision.kind).entered(row.value))
    known = known_codes(typed, on_date=attempt.started_at.date())
    outcome = scoring.score(items, pass_percent=attempt.pass_percent, known=known)
    score = write_score(attempt, outcome, titles=titles_of(rows), at=at)
    _keep_exposures(attempt, rows, outcome.items, at)
    if outcome.is_passed and attempt.blueprint and not attempt.lacking and attempt.mode == Attempt.Mode.EXAM:
        # a shortened exam is no proof of the whole, nor is one that explains its questions
        key = attempt.blueprint.key
        meet_requirement(user=attempt.user, kind=Requirement.Kind.EXAM_PASSED, key=key, at=at)
    attempt_finished.send(sender=Attempt, attempt=attempt, score=score)
    return score


def answered(attempt_id: int) -> Iterable[Any]:
    """Every item of an attempt with the answer that counts and the key in force, by domain: one query.

    Beside its columns a row has ``answer``, ``value``, ``how``, ``new_key`` and ``met``.
    """
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    decided = KeyCorrection.objects.filter(revision=OuterRef("question_revision"), applied_at__isnull=False)
    decided = decided.order_by("-applied_at", "-pk")
    met = Exposure.objects.filter(
        user=OuterRef("attempt__user"), question=OuterRef("question_revision__question")
    )
    return (
        AttemptItem.objects.filter(attempt=attempt_id)
        .select_related("attempt__user", "attempt__blueprint", "question_revision__domain", "mark")
        .annotate(
            answer=Subquery(counting.values("pk")[:1]),
            value=Subquery(counting.values("value")[:1], output_field=JSONField()),
            how=Subquery(decided.values("how")[:1]),
            new_key=Subquery(decided.values("answer_key")[:1], output_field=JSONField()),
            met=Subquery(met.values("times")[:1]),
        )
        .defer(
            *(
                f"question_revision__{name}"
                for name in ("source", "asked", "explained", "stem_source", "stem_html", "stem_linked_html")
            )
        )
        .order_by("question_revision__domain__title", "position")
    )


def as_item(row: Any) -> scoring.Item:
    """A row of ``answered`` as scoring takes it."""
    revision = row.question_revision
    return scoring.Item(
        id=row.pk,
        domain=revision.domain.key,
        kind=revision.kind,
        answer_key=revision.answer_key,
        # an answer that was taken back is none
        answer=row.answer if row.value is not None else None,
        value=row.value,
        is_scored=row.is_scored,
        correction=scoring.Correction(row.how, row.new_key) if row.how else None,
    )


def titles_of(rows: Sequence[Any]) -> dict[str, str]:
    """The titles of the domains of ``answered`` rows, by their keys."""
    return {row.question_revision.domain.key: row.question_revision.domain.title for row in rows}


def write_score(
    attempt: Attempt,
    outcome: scoring.Outcome,
    *,
    titles: Mapping[str, str],
    at: datetime,
    correction: KeyCorrection | None = None,
) -> Score:
    """Write a result with what each question came to: two statements."""
    score = Score.objects.create(
        attempt=attempt,
        correction=correction,
        correct=outcome.correct,
        total=outcome.total,
        points=outcome.points,
        percent=outcome.percent,
        scaled=scoring.scaled(
            outcome.points, outcome.total, pass_percent=attempt.pass_percent, scale=attempt.scale
        )
        if attempt.scale
        else None,
        passed=outcome.is_passed,
        domains=[
            {
                "key": one.domain,
                "title": titles[one.domain],
                "correct": one.correct,
                "points": str(one.points),
                "total": one.total,
            }
            for one in outcome.domains
        ],
        scored_at=at,
    )
    ItemResult.objects.bulk_create(
        ItemResult(
            score=score,
            item_id=one.id,
            response_id=one.answer,
            points=one.points,
            is_correct=one.is_correct,
            is_dropped=one.is_dropped,
            detail=one.detail,
        )
        for one in outcome.items
    )
    return score


def _keep_exposures(
    attempt: Attempt, rows: Sequence[Any], outcomes: Sequence[scoring.ItemOutcome], at: datetime
) -> None:
    """Keep that the person has met these questions: all of an exam, of other sets those answered."""
    is_exam = attempt.mode == Attempt.Mode.EXAM
    Exposure.objects.bulk_create(
        (
            Exposure(
                user=attempt.user,
                question_id=row.question_revision.question_id,
                first_item=row,
                first_mode=attempt.mode,
                first_points=outcome.points,
                first_at=at,
                last_points=outcome.points,
                last_at=at,
                is_flagged=hasattr(row, "mark") and row.mark.flagged,
                times=(row.met or 0) + 1,
            )
            for row, outcome in zip(rows, outcomes, strict=True)
            if is_exam or outcome.answer is not None
        ),
        update_conflicts=True,
        unique_fields=["user", "question"],
        update_fields=["last_points", "last_at", "is_flagged", "times"],
    )


def sweep_overdue(*, at: datetime, limit: int = 500) -> int:
    """Close attempts whose time and grace are over and return how many this call closed.

    Any number of sweepers may run at once: each attempt is closed by one of them, in its own transaction.
    """
    overdue = list(Attempt.objects.overdue(at).values_list("pk", flat=True)[:limit])
    closed = [_close(attempt_id=pk, user=None, at=at, by_system=True) for pk in overdue]
    return sum(score is not None for score in closed)
