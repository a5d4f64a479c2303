"""Reports of problems with questions: made by people who were asked them, answered by editors."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from courses.exams.models import QuestionReport, QuestionRevision


class AlreadyAnswered(Exception):
    """Somebody else closed the report; its answer stands."""


class AnswerNeeded(Exception):
    """A report is closed with an outcome and an answer, or not at all."""


def report_question(
    *, revision: QuestionRevision, user: User, reason: str, comment: str, at: datetime
) -> QuestionReport:
    """Say that something is wrong with a question; the open report of the same person is returned if any.

    What was told before is not overwritten: an editor may be reading it.
    """
    try:
        with transaction.atomic():
            return QuestionReport.objects.create(
                revision=revision, user=user, reason=reason, comment=comment, reported_at=at
            )
    except IntegrityError:
        waiting = QuestionReport.objects.owned_by(user).filter(revision=revision, closed_at=None).first()
        if waiting is None:  # it was answered between the two statements
            raise
        return waiting


@transaction.atomic
def answer_reports(
    *, revision: QuestionRevision, reports: list[int], outcome: str, answer: str, by: User, at: datetime
) -> int:
    """Close these open reports about a revision with one answer and return how many this call closed.

    Whoever reported is told. Raises ``AnswerNeeded``, and ``AlreadyAnswered`` when none was open any more.
    """
    if outcome not in QuestionReport.Outcome.values or not answer.strip():
        raise AnswerNeeded
    open_ones = QuestionReport.objects.filter(revision=revision, pk__in=reports, closed_at=None)
    closed = open_ones.update(outcome=outcome, answer=answer.strip(), closed_at=at, closed_by=by)
    if not closed:
        raise AlreadyAnswered
    return closed
