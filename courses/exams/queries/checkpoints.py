"""Checkpoint questions as a lesson shows them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, JSONField, OuterRef, QuerySet, Subquery
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from courses.catalog.models import Course, LessonRevision
from courses.codesets.queries import known_codes
from courses.exams import kinds
from courses.exams.models import Checkpoint, CheckpointAnswer, QuestionRevision
from courses.exams.queries.explained import CitationShown, citations_of


@dataclass(frozen=True)
class CheckpointShown:
    """A checkpoint question as a person sees it in a lesson; explained only once it is answered."""

    id: int
    key: str
    number: int
    revision_id: int
    stem_html: SafeString
    form_html: SafeString
    is_answered: bool
    is_right: bool
    explained_html: SafeString
    citations: list[CitationShown]


def checkpoints_for(
    lesson_revision: LessonRevision, user: User | None, at: datetime
) -> list[CheckpointShown]:
    """The questions that a lesson asks, as they are live at ``at``: two queries, three when one is answered.

    A person's last answer counts as long as the text they answered is the live one.
    """
    return _shown(Checkpoint.objects.filter(lesson_revision=lesson_revision), user, at)


def checkpoint_for(checkpoint: Checkpoint, user: User, at: datetime) -> CheckpointShown | None:
    """One checkpoint as ``checkpoints_for`` gives it; None while its question has no live revision."""
    return next(iter(_shown(Checkpoint.objects.filter(pk=checkpoint.pk), user, at)), None)


@dataclass(frozen=True)
class CheckpointResults:
    """How the questions inside a course's lessons were answered."""

    questions: int
    right: int


def course_checkpoints(course: Course, user: User) -> CheckpointResults:
    """The questions of the lesson texts that the person completed, by the last answer to each: one query."""
    last = CheckpointAnswer.objects.filter(user=user, question_revision__question=OuterRef("question"))
    last = last.order_by("-answered_at", "-pk")
    asked = (
        Checkpoint.objects.filter(lesson_revision__lesson__module__course=course)
        .filter(lesson_revision__completions__user=user)
        .annotate(is_right=Subquery(last.values("is_correct")[:1], output_field=BooleanField()))
        .order_by()
        .values_list("question_id", "is_right")
        .distinct()
    )
    results = dict(asked)
    return CheckpointResults(questions=len(results), right=sum(right is True for right in results.values()))


def _shown(checkpoints: QuerySet[Checkpoint], user: User | None, at: datetime) -> list[CheckpointShown]:
    published = QuestionRevision.objects.published(at).filter(question=OuterRef("question"))
    live = published.order_by("-published_at", "-number").values("pk")[:1]
    last = CheckpointAnswer.objects.filter(user=user, question_revision=OuterRef("live"))
    last = last.order_by("-answered_at", "-pk")
    rows = list(
        checkpoints.annotate(live=Subquery(live))
        .annotate(value=Subquery(last.values("value")[:1], output_field=JSONField()))
        .exclude(live=None)
        .order_by("position")
        .values_list("pk", "question__key", "position", "live", "value")
    )
    revisions = QuestionRevision.objects.in_bulk([row[3] for row in rows])
    answered = [revision for *_row, revision, value in rows if value is not None]
    citations = citations_of(answered) if answered else {}
    return [
        _checkpoint(pk, key, number, revisions[revision], value, citations.get(revision, []), at)
        for pk, key, number, revision, value in rows
    ]


def _checkpoint(
    pk: int,
    key: str,
    number: int,
    revision: QuestionRevision,
    value: Any,
    citations: list[CitationShown],
    at: datetime,
) -> CheckpointShown:
    how = kinds.get(revision.kind)
    order = how.order(revision.asked)
    explained, is_right = SafeString(""), False
    if value is not None:
        known = known_codes(how.entered(value), on_date=at.date())
        grade = how.grade(revision.answer_key, value, known)
        is_right = grade.is_correct
        explained = how.explain(revision.explained, revision.answer_key, order, value, grade.detail)
    return CheckpointShown(
        id=pk,
        key=key,
        number=number,
        revision_id=revision.pk,
        # sanitised on write; codes become links once the answer is given
        stem_html=mark_safe(revision.stem_html if value is None else revision.stem_linked_html),
        form_html=how.form(revision.asked, order, None),
        is_answered=value is not None,
        is_right=is_right,
        explained_html=explained,
        citations=citations,
    )
