"""What editors see of the bank: where each question stands and how it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import JSONObject
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from courses.codesets.models import CodeRef
from courses.exams import kinds
from courses.exams.models import (
    Attempt,
    ItemResult,
    KeyCorrection,
    Question,
    QuestionCodeRef,
    QuestionReport,
    QuestionRevision,
)
from courses.exams.queries.explained import CitationShown, citations_of

#: A revision's way, in order, and the state component that shows it.
STAGES: Final[Mapping[str, tuple[str, str | Promise]]] = {
    "draft": ("draft", _("Draft")),
    "review": ("due", _("In review")),
    "ready": ("met", _("Ready")),
    "scheduled": ("due", _("Scheduled")),
    "live": ("live", _("Live")),
    "replaced": ("draft", _("Replaced")),
    "retired": ("late", _("Retired")),
}


def stage(revision: QuestionRevision, at: datetime, *, live: int | None) -> str:
    """Where a revision is on its way; ``live`` is the id of the one that students see."""
    if revision.published_at is None:
        if revision.approved_at is not None:
            return "ready"
        return "review" if revision.submitted_at is not None else "draft"
    if revision.published_at > at:
        return "scheduled"
    return "live" if revision.pk == live else "replaced"


def live_revision(question: int, at: datetime) -> int | None:
    """The id of the revision that students see."""
    live = QuestionRevision.objects.published(at).filter(question=question)
    found: int | None = live.order_by("-published_at", "-number").values_list("pk", flat=True).first()
    return found


def bank_list(questions: QuerySet[Question], at: datetime) -> QuerySet[Any]:
    """Questions with what their newest revision is and how the live one does; all in the list's own query."""
    newest = QuestionRevision.objects.filter(question=OuterRef("pk")).order_by("-number")
    live = QuestionRevision.objects.published(at).filter(question=OuterRef("pk"))
    live = live.order_by("-published_at", "-number")
    answers = ItemResult.objects.filter(
        item__question_revision=OuterRef("live_pk"),
        score__attempt__mode=Attempt.Mode.EXAM,
        score__is_current=True,
    ).order_by()
    # both figures at once: a question of a much sat exam has thousands of answers
    figures = answers.values("item__question_revision").annotate(
        found=JSONObject(n=Count("pk"), facility=Avg("points"))
    )
    shown = questions.annotate(
        newest_pk=Subquery(newest.values("pk")[:1]),
        newest_number=Subquery(newest.values("number")[:1]),
        newest_kind=Subquery(newest.values("kind")[:1]),
        newest_domain=Subquery(newest.values("domain")[:1]),
        domain_title=Subquery(newest.values("domain__title")[:1]),
        difficulty=Subquery(newest.values("difficulty")[:1]),
        live_pk=Subquery(live.values("pk")[:1]),
        live_number=Subquery(live.values("number")[:1]),
        newest_stage=Subquery(
            newest.values(
                stage=Case(
                    When(published_at__gt=at, then=Value("scheduled")),
                    When(published_at__isnull=False, then=Value("live")),
                    When(approved_at__isnull=False, then=Value("ready")),
                    When(submitted_at__isnull=False, then=Value("review")),
                    default=Value("draft"),
                )
            )[:1]
        ),
    )
    return shown.annotate(figures=Subquery(figures.values("found"), output_field=JSONField()))


def in_stage(questions: QuerySet[Any], name: str) -> QuerySet[Any]:
    """Those of ``bank_list`` whose newest revision is at this stage, or that are live at all, or retired."""
    if name == "retired":
        return questions.filter(retired_at__isnull=False)
    questions = questions.filter(retired_at=None)
    if name == "live":
        return questions.filter(live_pk__isnull=False)
    return questions.filter(newest_stage=name)


def with_stale_codes(questions: QuerySet[Any]) -> QuerySet[Any]:
    """Those of ``bank_list`` whose live or newest revision names a code that no longer holds."""
    stale = QuestionCodeRef.objects.filter(
        state__in=(CodeRef.State.GONE, CodeRef.State.NOT_BILLABLE, CodeRef.State.CHANGED)
    ).filter(Q(revision=OuterRef("live_pk")) | Q(revision=OuterRef("newest_pk")))
    return questions.filter(Exists(stale))


@dataclass(frozen=True)
class Explained:
    """A question with its key, as editors read it."""

    revision: QuestionRevision
    kind_label: str | Promise
    stem_html: SafeString
    html: SafeString
    citations: list[CitationShown]


def explained(
    revision: QuestionRevision, citations: Mapping[int, list[CitationShown]] | None = None
) -> Explained:
    """The stem, the key with its reasons and the sources of a revision."""
    how = kinds.get(revision.kind)
    found = citations_of([revision.pk]) if citations is None else citations
    return Explained(
        revision=revision,
        kind_label=how.label,
        stem_html=mark_safe(revision.stem_linked_html),  # sanitised on write
        html=how.explain(revision.explained, revision.answer_key, how.order(revision.asked), None, []),
        citations=found.get(revision.pk, []),
    )


def corrected(correction: KeyCorrection) -> SafeString:
    """The further or the new key of a correction with its reasons; empty where it has none."""
    revision = correction.revision
    if correction.answer_key is None:
        return SafeString("")
    how = kinds.get(revision.kind)
    return how.explain(revision.explained, correction.answer_key, how.order(revision.asked), None, [])


# --- the public log ----------------------------------------------------------------------------------------
def changes() -> QuerySet[KeyCorrection]:
    """Every correction that was applied, the newest first."""
    applied = KeyCorrection.objects.filter(applied_at__isnull=False).annotate(
        question_key=F("revision__question__key"), domain_title=F("revision__domain__title")
    )
    return applied.defer("answer_key").order_by("-applied_at", "-pk")


def open_reports() -> int:
    """How many reports wait for an answer."""
    return QuestionReport.objects.filter(closed_at=None).count()
