"""Writing to the question bank, and answering its questions in lessons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.actions import CitationText, LessonRefused
from courses.catalog.models import LessonRevision, Requirement
from courses.codesets.actions import check_citations, check_code_refs
from courses.exams.models import (
    Checkpoint,
    CheckpointAnswer,
    Choice,
    Domain,
    Question,
    QuestionCitation,
    QuestionCodeRef,
    QuestionRevision,
)
from courses.progress.actions import meet_requirement
from portal.lib.markdown import Rendered, render
from portal.lib.revisions import next_number, publish_revision

CHOICES_OF_SINGLE = 4


# --- the question bank -------------------------------------------------------------------------------
class QuestionRefused(Exception):
    """The text cannot become a revision; ``problems`` says why, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class ChoiceText:
    """An option as a writer gives it, in Markdown."""

    text: str
    rationale: str
    is_correct: bool = False
    mistake: str = ""


@transaction.atomic
def write_question_revision(
    *,
    question: Question,
    kind: str,
    domain: Domain,
    difficulty: int,
    difficulty_reason: str,
    stem: str,
    choices: Sequence[ChoiceText],
    citations: Sequence[CitationText],
    edition: str = "",
    exclusion_group: str = "",
    note: str = "",
    pack_digest: str = "",
    by: User | None,
    at: datetime,
) -> QuestionRevision:
    """Add a draft revision with its options, code references and citations.

    Raises ``QuestionRefused`` when the key is not exactly one option of four, a rationale or every citation
    is missing, or a code or citation does not exist where it is checked; then nothing is written.
    """
    shown = {text: render(text, prefix="q") for text in _texts(stem, choices)}
    bare = {text: render(text, prefix="q", bare_codes=True) for text in _texts(stem, choices)}
    named = dict.fromkeys(ref for rendered in shown.values() for ref in rendered.codes)
    refs = [QuestionCodeRef(system=r.system, code=r.code, role=r.role, edition=edition) for r in named]
    cited = dict.fromkeys(
        [(c.kind, c.ref) for c in citations]
        + [("guideline", ref) for rendered in shown.values() for ref in rendered.guidelines]
    )
    rows = [
        QuestionCitation(kind=kind, ref=ref, edition=edition, position=position)
        for position, (kind, ref) in enumerate(cited)
    ]
    problems = [
        *_problems_of_single(stem, choices, citations, difficulty),
        *(problem for rendered in shown.values() for problem in _problems_of_text(rendered)),
        *check_code_refs(refs, on_date=at.date()),
        *check_citations(rows, on_date=at.date()),
    ]
    if problems:
        raise QuestionRefused(problems)
    revision = QuestionRevision.objects.create(
        question=question,
        number=next_number(question.revisions.all()),
        kind=kind,
        stem_source=stem,
        stem_html=bare[stem].html,
        stem_linked_html=shown[stem].html,
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
    Choice.objects.bulk_create(
        Choice(
            revision=revision,
            position=position,
            text_source=choice.text,
            text_html=bare[choice.text].html,
            text_linked_html=shown[choice.text].html,
            is_correct=choice.is_correct,
            rationale_source=choice.rationale,
            rationale_html=shown[choice.rationale].html,
            mistake=choice.mistake,
        )
        for position, choice in enumerate(choices, start=1)
    )
    for ref in refs:
        ref.revision = revision
    for row in rows:
        row.revision = revision
    QuestionCodeRef.objects.bulk_create(refs)
    QuestionCitation.objects.bulk_create(rows)
    return revision


def _texts(stem: str, choices: Sequence[ChoiceText]) -> list[str]:
    return [stem, *(text for choice in choices for text in (choice.text, choice.rationale))]


def _problems_of_single(
    stem: str, choices: Sequence[ChoiceText], citations: Sequence[CitationText], difficulty: int
) -> list[str]:
    problems = []
    if not stem.strip():
        problems.append(_("The question has no text."))
    if not 1 <= difficulty <= 5:
        problems.append(_("The difficulty is a number from 1 to 5."))
    if len(choices) != CHOICES_OF_SINGLE:
        problems.append(_("A question has four options; here are %(count)d.") % {"count": len(choices)})
    if sum(choice.is_correct for choice in choices) != 1:
        problems.append(_("Exactly one option must be correct."))
    for number, choice in enumerate(choices, start=1):
        if not choice.text.strip():
            problems.append(_("Option %(number)d has no text.") % {"number": number})
        if not choice.rationale.strip():
            problems.append(_("Option %(number)d has no rationale.") % {"number": number})
        if choice.is_correct and choice.mistake:
            problems.append(_("Option %(number)d is correct and names a mistake.") % {"number": number})
    texts = [choice.text.strip() for choice in choices if choice.text.strip()]
    if len(set(texts)) != len(texts):
        problems.append(_("Two options have the same text."))
    if not citations:
        problems.append(_("At least one citation is needed."))
    return problems


def _problems_of_text(rendered: Rendered) -> list[str]:
    nested = [_("A question cannot hold a checkpoint question.")] if rendered.checkpoints else []
    return [*rendered.problems, *nested]


@transaction.atomic
def publish_question(
    *, revision: QuestionRevision, by: User | None, at: datetime, live_from: datetime
) -> None:
    """Make a draft live from a moment that is not before ``at``. Raises ``AlreadyPublished``."""
    publish_revision(revision=revision, by=by, live_from=max(live_from, at))


# --- checkpoints in lessons --------------------------------------------------------------------------
class NotAChoice(Exception):
    """The option does not belong to a published revision of the question."""


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
    *, user: User, checkpoint: Checkpoint, choice: Choice, at: datetime
) -> CheckpointAnswer:
    """Add an answer; a right one meets the lesson's requirement, and a later wrong one takes nothing back.

    The option may belong to an older revision than the live one: it is what the person saw. Raises
    ``NotAChoice`` for an option of another question or of a draft.
    """
    revision = choice.revision
    if revision.question_id != checkpoint.question_id or revision.state(at) != "live":
        raise NotAChoice
    answer = CheckpointAnswer.objects.create(
        user=user, question_revision=revision, choice=choice, is_correct=choice.is_correct, answered_at=at
    )
    if choice.is_correct:
        key = checkpoint.question.key
        meet_requirement(user=user, kind=Requirement.Kind.CHECKPOINT, key=key, at=at)
    return answer
