"""Reading of the pages of exams, each in a constant number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from typing import Any

from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import LessonRevision
from courses.codesets.models import Citation
from courses.exams import paper
from courses.exams.clock import remaining_s
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    BlueprintDomain,
    Checkpoint,
    CheckpointAnswer,
    Choice,
    QuestionCitation,
    QuestionRevision,
    Response,
)


# --- options and citations, once they may be explained -----------------------------------------------
@dataclass(frozen=True)
class ExplainedOption:
    """An option of an answered question, with why it is right or wrong."""

    letter: str
    html: SafeString
    rationale_html: SafeString
    mistake: str
    is_correct: bool
    is_chosen: bool


@dataclass(frozen=True)
class CitationShown:
    """Where the rule behind a question is written."""

    kind: str
    kind_label: str
    ref: str
    edition: str


def _citations_of(revisions: Iterable[int]) -> dict[int, list[CitationShown]]:
    found: dict[int, list[CitationShown]] = {}
    rows = QuestionCitation.objects.filter(revision__in=revisions).order_by("revision", "position", "pk")
    for pk, kind, ref, edition in rows.values_list("revision", "kind", "ref", "edition"):
        label = str(Citation.Kind(kind).label)
        found.setdefault(pk, []).append(CitationShown(kind, label, ref, edition))
    return found


def _explained(choices: Iterable[Choice], chosen: int | None) -> list[ExplainedOption]:
    return [
        ExplainedOption(
            letter=letter,
            html=mark_safe(paper.in_line(choice.text_linked_html)),  # sanitised on write
            rationale_html=mark_safe(choice.rationale_html),  # sanitised on write
            mistake=choice.mistake,
            is_correct=choice.is_correct,
            is_chosen=choice.pk == chosen,
        )
        for letter, choice in zip(paper.LETTERS, choices, strict=False)
    ]


# --- checkpoints in a lesson -------------------------------------------------------------------------
@dataclass(frozen=True)
class CheckpointShown:
    """A checkpoint question as a person sees it in a lesson; explained only once it is answered."""

    id: int
    key: str
    number: int
    stem_html: SafeString
    options_html: SafeString
    is_answered: bool
    is_right: bool
    explained: list[ExplainedOption]
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


def _shown(checkpoints: QuerySet[Checkpoint], user: User | None, at: datetime) -> list[CheckpointShown]:
    published = QuestionRevision.objects.published(at).filter(question=OuterRef("question"))
    live = published.order_by("-published_at", "-number").values("pk")[:1]
    last = CheckpointAnswer.objects.filter(user=user, question_revision=OuterRef("live"))
    rows = list(
        checkpoints.annotate(live=Subquery(live))
        .annotate(chosen=Subquery(last.order_by("-answered_at", "-pk").values("choice")[:1]))
        .exclude(live=None)
        .order_by("position")
        .values_list("pk", "question__key", "position", "live", "chosen")
    )
    options: dict[int, list[Choice]] = {}
    choices = Choice.objects.filter(revision__in=[row[3] for row in rows])
    for choice in choices.select_related("revision").order_by("revision", "position"):
        options.setdefault(choice.revision_id, []).append(choice)
    answered = [revision for *_row, revision, chosen in rows if chosen]
    citations = _citations_of(answered) if answered else {}
    shown = []
    for pk, key, number, revision, chosen in rows:
        of_question = options[revision]
        stem = of_question[0].revision
        shown.append(
            CheckpointShown(
                id=pk,
                key=key,
                number=number,
                # sanitised on write; codes become links once the answer is given
                stem_html=mark_safe(stem.stem_linked_html if chosen else stem.stem_html),
                options_html=paper.radios(
                    [(one.pk, paper.in_line(one.text_html)) for one in of_question], chosen=None
                ),
                is_answered=bool(chosen),
                is_right=any(one.is_correct and one.pk == chosen for one in of_question),
                explained=_explained(of_question, chosen) if chosen else [],
                citations=citations.get(revision, []),
            )
        )
    return shown


# --- the list of exams -------------------------------------------------------------------------------
@dataclass(frozen=True)
class ExamOffer:
    """An exam that a person can start or go on with, and how it went before."""

    blueprint: Blueprint
    domains: list[BlueprintDomain]
    running: Attempt | None
    past: list[Attempt]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.domains)


def exam_offers(user: User, day: date, at: datetime) -> list[ExamOffer]:
    """Exams valid on the person's ``day`` with their attempts, newest first: three queries."""
    blueprints = list(Blueprint.objects.valid_on(day).select_related("certification"))
    domains: dict[int, list[BlueprintDomain]] = {}
    for one in BlueprintDomain.objects.filter(blueprint__in=blueprints).select_related("domain"):
        domains.setdefault(one.blueprint_id, []).append(one)
    attempts: dict[str, list[Attempt]] = {}
    mine = Attempt.objects.owned_by(user).filter(blueprint__key__in=[one.key for one in blueprints])
    for attempt in mine.select_related("score", "blueprint").order_by("-started_at"):
        attempts.setdefault(attempt.blueprint.key, []).append(attempt)
    return [
        ExamOffer(
            blueprint=blueprint,
            domains=domains.get(blueprint.pk, []),
            running=next(
                (
                    one
                    for one in attempts.get(blueprint.key, [])
                    if one.state == Attempt.State.OPEN and one.deadline_at > at
                ),
                None,
            ),
            past=[one for one in attempts.get(blueprint.key, []) if one.state == Attempt.State.SUBMITTED],
        )
        for blueprint in blueprints
    ]


# --- the exam room -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class RoomQuestion:
    """A question of a running attempt: nothing here tells the key."""

    position: int
    stem_html: SafeString
    options_html: SafeString
    is_answered: bool
    is_flagged: bool
    saved_at: datetime | None


@dataclass(frozen=True)
class Room:
    """A running attempt as its owner sees it."""

    questions: list[RoomQuestion]
    grid: SafeString
    remaining_s: int
    #: The greatest ``seq`` known; a new tab goes on from it.
    seq: int

    @property
    def unanswered(self) -> list[int]:
        return [one.position for one in self.questions if not one.is_answered]

    @property
    def flagged(self) -> list[int]:
        return [one.position for one in self.questions if one.is_flagged]


def _items(attempt: Attempt) -> QuerySet[AttemptItem, Any]:
    """Items with the answer that counts, without anything of the key."""
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    return (
        AttemptItem.objects.filter(attempt=attempt)
        .order_by("position")
        .annotate(
            chosen=Subquery(counting.values("choice")[:1]),
            saved_at=Subquery(counting.values("received_at")[:1]),
            seq=Max("responses__seq"),
        )
        .values(
            "position",
            "choice_order",
            "chosen",
            "saved_at",
            "seq",
            is_flagged=F("mark__flagged"),
            struck=F("mark__struck"),
            stem=F("question_revision__stem_html"),
        )
    )


def room(attempt: Attempt, at: datetime) -> Room:
    """All questions of a running attempt: two queries, whatever the number."""
    texts = {
        pk: paper.in_line(html)
        for pk, html in Choice.objects.filter(revision__attempt_items__attempt=attempt)
        .order_by()
        .values_list("pk", "text_html")
    }
    questions = []
    cells = []
    seq = 0
    for row in _items(attempt):
        order = row["choice_order"]
        question = RoomQuestion(
            position=row["position"],
            stem_html=mark_safe(row["stem"]),  # sanitised on write
            options_html=paper.radios(
                [(pk, texts[pk]) for pk in order], chosen=row["chosen"], struck=row["struck"] or ()
            ),
            is_answered=row["chosen"] is not None,
            is_flagged=bool(row["is_flagged"]),
            saved_at=row["saved_at"],
        )
        questions.append(question)
        cells.append(_room_cell(question))
        seq = max(seq, row["seq"] or 0)
    return Room(
        questions, mark_safe("".join(cells)), remaining_s(attempt.deadline_at, at), seq
    )  # cells are safe


def _room_cell(question: RoomQuestion) -> SafeString:
    names, words = "", _("not answered")
    if question.is_answered:
        names, words = " is-answered", _("answered")
    if question.is_flagged:
        names, words = names + " is-flagged", f"{words}, {_('flagged')}"
    return paper.cell(question.position, names=names, words=words, href=f"#q-{question.position}")


# --- the report --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class DomainShown:
    """A domain's part of a result."""

    title: str
    correct: int
    total: int


@dataclass(frozen=True)
class ReportQuestion:
    """A question of a finished attempt with everything that explains it."""

    position: int
    domain: str
    stem_html: SafeString
    options: list[ExplainedOption]
    is_correct: bool
    is_answered: bool
    is_flagged: bool
    citations: list[CitationShown]
    late_answers: int


@dataclass(frozen=True)
class Pace:
    """How the time was used."""

    used_minutes: int
    allowed_minutes: int
    per_question_s: int
    allowed_per_question_s: int


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


def report(attempt: Attempt) -> Report:
    """The report of a submitted attempt: four queries, whatever the number of questions."""
    score = attempt.score
    titles = {one["key"]: one["title"] for one in score.domains}
    items = list(
        AttemptItem.objects.filter(attempt=attempt)
        .select_related("question_revision__domain", "result__response", "mark")
        .order_by("position")
    )
    choices = {
        choice.pk: choice
        for choice in Choice.objects.filter(revision__attempt_items__attempt=attempt).order_by()
    }
    citations = _citations_of([item.question_revision_id for item in items])
    late = dict(
        Response.objects.filter(item__attempt=attempt, late=True)
        .order_by()
        .values_list("item")
        .annotate(n=Count("pk"))
    )
    questions = []
    for item in items:
        revision, result = item.question_revision, item.result
        chosen = result.response.choice_id if result.response else None
        questions.append(
            ReportQuestion(
                position=item.position,
                domain=titles.get(revision.domain.key, revision.domain.title),
                stem_html=mark_safe(revision.stem_linked_html),  # sanitised on write
                options=_explained((choices[pk] for pk in item.choice_order), chosen),
                is_correct=result.is_correct,
                is_answered=chosen is not None,
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
        domains=[DomainShown(one["title"], one["correct"], one["total"]) for one in score.domains],
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
    allowed = attempt.deadline_at - attempt.started_at
    used = min((attempt.submitted_at or attempt.deadline_at) - attempt.started_at, allowed)
    return Pace(
        used_minutes=ceil(used.total_seconds() / 60),
        allowed_minutes=round(allowed.total_seconds() / 60),
        per_question_s=round(used.total_seconds() / max(1, total)),
        allowed_per_question_s=round(allowed.total_seconds() / max(1, total)),
    )
