"""Writing to the question bank, and answering its questions in lessons."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.actions import CitationText, LessonRefused
from courses.catalog.models import LessonRevision, Requirement
from courses.codesets.actions import check_citations, check_code_refs
from courses.codesets.models import CodeRef
from courses.codesets.queries import known_codes
from courses.exams import kinds
from courses.exams.models import (
    Checkpoint,
    CheckpointAnswer,
    Domain,
    Question,
    QuestionCitation,
    QuestionCodeRef,
    QuestionRevision,
)
from courses.progress.actions import meet_requirement
from portal.lib.markdown import Rendered, render
from portal.lib.revisions import next_number, publish_revision


# --- the question bank -------------------------------------------------------------------------------
class QuestionRefused(Exception):
    """The text cannot become what was asked for; ``problems`` says why, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class QuestionTexts:
    """The Markdown of a question, each piece rendered once for the exam and once for afterwards."""

    def __init__(self, sources: Iterable[str]) -> None:
        self.shown = {text: render(text, prefix="q") for text in sources}
        self._bare = {text: render(text, prefix="q", bare_codes=True) for text in self.shown}

    def bare(self, markdown: str) -> str:
        return self._bare[markdown].html

    def linked(self, markdown: str) -> str:
        return self.shown[markdown].html


@transaction.atomic
def write_question_revision(
    *,
    question: Question,
    kind: str,
    domain: Domain,
    difficulty: int,
    difficulty_reason: str,
    stem: str,
    source: Mapping[str, Any],
    citations: Sequence[CitationText],
    edition: str = "",
    exclusion_group: str = "",
    note: str = "",
    pack_digest: str = "",
    must_be_ready: bool = False,
    by: User | None,
    at: datetime,
) -> QuestionRevision:
    """Add a draft revision with its code references and citations.

    Raises ``QuestionRefused`` when its kind cannot make a question of it, a code or citation does not exist
    where it is checked, or, with ``must_be_ready``, something is missing that a draft may lack; then nothing
    is written.
    """
    how = kinds.get(kind)
    texts = QuestionTexts([stem, *how.texts(source)])
    refs = _code_refs(texts, how.codes(source), edition)
    rows = _citations(texts, citations, edition)
    problems = [
        *_problems(stem, difficulty),
        *how.problems(source),
        *(problem for rendered in texts.shown.values() for problem in _problems_of_text(rendered)),
        *check_code_refs(refs, on_date=at.date()),
        *check_citations(rows, on_date=at.date()),
        *(_gaps(how, source, len(rows)) if must_be_ready else ()),
    ]
    if problems:
        raise QuestionRefused(problems)
    made = how.make(source, texts)
    before = question.revisions.exclude(published_at=None).order_by("-published_at", "-number").first()
    revision = QuestionRevision.objects.create(
        question=question,
        number=next_number(question.revisions.all()),
        kind=kind,
        stem_source=stem,
        stem_html=texts.bare(stem),
        stem_linked_html=texts.linked(stem),
        source=source,
        asked=made.asked,
        answer_key=made.answer_key,
        explained=made.explained,
        changes_key=before is not None and (before.kind, before.answer_key) != (kind, made.answer_key),
        domain=domain,
        difficulty=difficulty,
        difficulty_reason=difficulty_reason,
        edition=edition,
        exclusion_group=exclusion_group,
        note=note,
        pack_digest=pack_digest,
        created_by=by,
        created_at=at,
    )
    for ref in refs:
        ref.revision = revision
    for row in rows:
        row.revision = revision
    QuestionCodeRef.objects.bulk_create(refs)
    QuestionCitation.objects.bulk_create(rows)
    return revision


def _code_refs(
    texts: QuestionTexts, of_key: Iterable[tuple[str, str]], edition: str
) -> list[QuestionCodeRef]:
    named = [(ref.system, ref.code, ref.role) for rendered in texts.shown.values() for ref in rendered.codes]
    named += [(system, code, CodeRef.Role.CODE) for system, code in of_key]
    return [
        QuestionCodeRef(system=system, code=code, role=role, edition=edition)
        for system, code, role in dict.fromkeys(named)
    ]


def _citations(texts: QuestionTexts, given: Sequence[CitationText], edition: str) -> list[QuestionCitation]:
    named = [("guideline", ref) for rendered in texts.shown.values() for ref in rendered.guidelines]
    return [
        QuestionCitation(kind=kind, ref=ref, edition=edition, position=position)
        for position, (kind, ref) in enumerate(dict.fromkeys([(one.kind, one.ref) for one in given] + named))
    ]


def _problems(stem: str, difficulty: int) -> list[str]:
    problems = []
    if not stem.strip():
        problems.append(_("The question has no text."))
    if not 1 <= difficulty <= 5:
        problems.append(_("The difficulty is a number from 1 to 5."))
    return problems


def _gaps(how: kinds.Kind, source: Mapping[str, Any], citations: int) -> list[str]:
    """What a draft may lack and a question that students see may not."""
    return [*how.gaps(source), *([] if citations else [_("At least one citation is needed.")])]


def _problems_of_text(rendered: Rendered) -> list[str]:
    nested = [_("A question cannot hold a checkpoint question.")] if rendered.checkpoints else []
    return [*rendered.problems, *nested]


class NotReady(Exception):
    """Only a question that was approved goes live."""


class SecondPersonNeeded(Exception):
    """Whoever changed a key does not approve the change."""


@transaction.atomic
def send_to_review(*, revision: QuestionRevision, by: User, at: datetime) -> None:
    """Say that a draft is finished; harmless when repeated."""
    QuestionRevision.objects.filter(pk=revision.pk, submitted_at=None, published_at=None).update(
        submitted_at=at, submitted_by=by
    )
    revision.refresh_from_db(fields=["submitted_at", "submitted_by"])


@transaction.atomic
def approve_question(*, revision: QuestionRevision, by: User, at: datetime) -> None:
    """Declare a revision ready; harmless when repeated.

    Raises ``QuestionRefused`` naming every rationale and citation that is missing, and ``SecondPersonNeeded``
    when it changes the key and ``by`` wrote it.
    """
    gaps = _gaps(kinds.get(revision.kind), revision.source, revision.citations.count())
    if gaps:
        raise QuestionRefused(gaps)
    if revision.changes_key and revision.created_by_id == by.pk:
        raise SecondPersonNeeded
    send_to_review(revision=revision, by=by, at=at)
    QuestionRevision.objects.filter(pk=revision.pk, approved_at=None, published_at=None).update(
        approved_at=at, approved_by=by
    )
    revision.refresh_from_db(fields=["approved_at", "approved_by"])


@transaction.atomic
def return_to_draft(*, revision: QuestionRevision) -> None:
    """Take a revision back from review, approved or not; harmless when repeated."""
    QuestionRevision.objects.filter(pk=revision.pk, published_at=None).update(
        submitted_at=None, submitted_by=None, approved_at=None, approved_by=None
    )
    revision.refresh_from_db(fields=["submitted_at", "submitted_by", "approved_at", "approved_by"])


@transaction.atomic
def publish_question(
    *, revision: QuestionRevision, by: User | None, at: datetime, live_from: datetime
) -> None:
    """Make a revision live from a moment that is not before ``at``.

    What a person publishes must be approved; a pack's readers have done that. Raises ``NotReady`` and
    ``AlreadyPublished``.
    """
    if by is not None and revision.approved_at is None:
        raise NotReady
    publish_revision(revision=revision, by=by, live_from=max(live_from, at))


@transaction.atomic
def retire_question(*, question: Question, at: datetime) -> None:
    """No exam draws the question from ``at`` on; harmless when repeated. What was asked stays."""
    Question.objects.filter(pk=question.pk, retired_at=None).update(retired_at=at)
    question.refresh_from_db(fields=["retired_at"])


@transaction.atomic
def revive_question(*, question: Question) -> None:
    """Exams draw the question again; harmless when repeated."""
    Question.objects.filter(pk=question.pk).update(retired_at=None)
    question.refresh_from_db(fields=["retired_at"])


# --- checkpoints in lessons --------------------------------------------------------------------------
class NotAnAnswer(Exception):
    """What was sent answers no published revision of the question."""


@transaction.atomic
def attach_checkpoints(*, lesson_revision: LessonRevision, keys: Sequence[str]) -> list[Checkpoint]:
    """Tie the questions that a lesson's text asks to its revision; harmless when repeated.

    Raises ``LessonRefused`` naming every key that is no question.
    """
    found = {question.key: question for question in Question.objects.filter(key__in=keys)}
    unknown = [key for key in dict.fromkeys(keys) if key not in found]
    if unknown:
        raise LessonRefused([_("There is no question “%(key)s”.") % {"key": key} for key in unknown])
    return Checkpoint.objects.bulk_create(
        (
            Checkpoint(lesson_revision=lesson_revision, question=found[key], position=position)
            for position, key in enumerate(dict.fromkeys(keys), start=1)
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def answer_checkpoint(
    *, user: User, checkpoint: Checkpoint, revision: QuestionRevision, fields: kinds.Fields, at: datetime
) -> CheckpointAnswer:
    """Add an answer; a right one meets the lesson's requirement, and a later wrong one takes nothing back.

    ``revision`` may be older than the live one: it is what the person saw. Raises ``NotAnAnswer`` when it is
    of another question or a draft, or when ``fields`` hold no answer to it.
    """
    if revision.question_id != checkpoint.question_id or revision.state(at) != "live":
        raise NotAnAnswer
    how = kinds.get(revision.kind)
    try:
        value = how.clean(revision.asked, fields)
    except kinds.BadAnswer as bad:
        raise NotAnAnswer(str(bad)) from bad
    if value is None:
        raise NotAnAnswer
    grade = how.grade(revision.answer_key, value, known_codes(how.entered(value), on_date=at.date()))
    answer = CheckpointAnswer.objects.create(
        user=user, question_revision=revision, value=value, is_correct=grade.is_correct, answered_at=at
    )
    if grade.is_correct:
        key = checkpoint.question.key
        meet_requirement(user=user, kind=Requirement.Kind.CHECKPOINT, key=key, at=at)
    return answer
