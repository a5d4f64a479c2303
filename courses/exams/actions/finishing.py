"""Closing an attempt and scoring it, exactly once."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import OperationalError, connection, transaction
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
from portal.lib.rows import insert_rows

logger = logging.getLogger(__name__)


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


# One statement closes an attempt and tells what it was: whoever comes second gets no row. A pause that
# runs is left standing: it ends the time that was used.
_CLOSE = """
    UPDATE exams_attempt SET state = 'submitted', submitted_at = %s, submitted_by_system = %s
     WHERE id = %s AND state = 'open' {owned} RETURNING *
"""


@transaction.atomic
def _close(*, attempt_id: int, user: User | None, at: datetime, by_system: bool) -> Score | None:
    """Close, score and tell, all or nothing; None when it was closed before or is a stranger's."""
    moment = connection.ops.adapt_datetimefield_value(at)
    sql, owner = (
        (_CLOSE.format(owned=""), [])
        if user is None
        else (_CLOSE.format(owned="AND user_id = %s"), [user.pk])
    )
    attempt = next(iter(Attempt.objects.raw(sql, [moment, by_system, attempt_id, *owner])), None)
    if attempt is None:
        return None
    if user is not None:
        attempt.user = user
    rows = answered(attempt_id)
    typed = (code for row in rows for code in kinds.get(row.kind).entered(row.value))
    known = known_codes(typed, on_date=attempt.started_at.date())
    outcome = scoring.score([as_item(row) for row in rows], pass_percent=attempt.pass_percent, known=known)
    score = write_score(attempt, outcome, titles=titles_of(rows), at=at)
    _keep_exposures(attempt, rows, outcome.items, at)
    exam = rows[0].exam if rows else None
    if outcome.is_passed and exam and not attempt.lacking and attempt.mode == Attempt.Mode.EXAM:
        # a shortened exam is no proof of the whole, nor is one that explains its questions
        meet_requirement(user=attempt.user, kind=Requirement.Kind.EXAM_PASSED, key=exam, at=at)
    attempt_finished.send(sender=Attempt, attempt=attempt, score=score)
    return score


class Answered(NamedTuple):
    """A question of an attempt with the answer that counts and the key in force."""

    item_id: int
    question_id: int
    kind: str
    answer_key: kinds.Doc
    domain: str
    domain_title: str
    is_scored: bool
    #: The key of the exam; None for a person's own set.
    exam: str | None
    is_flagged: bool | None
    answer: int | None
    value: kinds.Value
    #: Of the correction in force, if there is one.
    how: str | None
    new_key: kinds.Doc | None


def answered(attempt_id: int) -> list[Answered]:
    """Every item of an attempt, by the titles of their domains: one query."""
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    decided = KeyCorrection.objects.filter(revision=OuterRef("question_revision"), applied_at__isnull=False)
    decided = decided.order_by("-applied_at", "-pk")
    rows = (
        AttemptItem.objects.filter(attempt=attempt_id)
        .annotate(
            answer=Subquery(counting.values("pk")[:1]),
            value=Subquery(counting.values("value")[:1], output_field=JSONField()),
            how=Subquery(decided.values("how")[:1]),
            new_key=Subquery(decided.values("answer_key")[:1], output_field=JSONField()),
        )
        .order_by("question_revision__domain__title", "position")
        .values_list(
            "pk",
            "question_revision__question",
            "question_revision__kind",
            "question_revision__answer_key",
            "question_revision__domain__key",
            "question_revision__domain__title",
            "is_scored",
            "attempt__blueprint__key",
            "mark__flagged",
            "answer",
            "value",
            "how",
            "new_key",
        )
    )
    return [Answered(*row) for row in rows]


def as_item(row: Answered) -> scoring.Item:
    """A row of ``answered`` as scoring takes it."""
    return scoring.Item(
        id=row.item_id,
        domain=row.domain,
        kind=row.kind,
        answer_key=row.answer_key,
        # an answer that was taken back is none
        answer=row.answer if row.value is not None else None,
        value=row.value,
        is_scored=row.is_scored,
        correction=scoring.Correction(row.how, row.new_key) if row.how else None,
    )


def titles_of(rows: Sequence[Answered]) -> dict[str, str]:
    """The titles of the domains of ``answered`` rows, by their keys."""
    return {row.domain: row.domain_title for row in rows}


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
    insert_rows(
        ItemResult,
        ("score", "item", "response", "points", "is_correct", "is_dropped", "detail"),
        (
            (score.pk, one.id, one.answer, one.points, one.is_correct, one.is_dropped, one.detail)
            for one in outcome.items
        ),
    )
    return score


def _keep_exposures(
    attempt: Attempt, rows: Sequence[Answered], outcomes: Sequence[scoring.ItemOutcome], at: datetime
) -> None:
    """Keep that the person has met these questions: all of an exam, of other sets those answered."""
    is_exam = attempt.mode == Attempt.Mode.EXAM
    moment = connection.ops.adapt_datetimefield_value(at)
    met = [
        (
            *(attempt.user_id, row.question_id, row.item_id, attempt.mode, outcome.points, moment),
            *(outcome.points, moment, bool(row.is_flagged), 1),
        )
        for row, outcome in zip(rows, outcomes, strict=True)
        if is_exam or outcome.answer is not None
    ]
    if met:
        insert_rows(Exposure, _MET, met, on_conflict=_MET_AGAIN)


_MET = (
    *("user", "question", "first_item", "first_mode", "first_points", "first_at"),
    *("last_points", "last_at", "is_flagged", "times"),
)
_MET_AGAIN = """(user_id, question_id) DO UPDATE SET last_points = excluded.last_points,
    last_at = excluded.last_at, is_flagged = excluded.is_flagged, times = exams_exposure.times + 1"""


def sweep_overdue(*, at: datetime, limit: int = 500) -> int:
    """Close attempts whose time and grace are over and return how many this call closed.

    Any number of sweepers may run at once: each attempt is closed by one of them, in its own transaction. One
    that cannot be closed is reported and does not keep the others waiting.
    """
    closed = 0
    for pk in list(Attempt.objects.overdue(at).values_list("pk", flat=True)[:limit]):
        try:
            closed += _close(attempt_id=pk, user=None, at=at, by_system=True) is not None
        except OperationalError:  # the database is busy or gone: the next sweep goes on
            raise
        except Exception:
            logger.exception("attempt_not_closed", extra={"attempt": pk})
    return closed
