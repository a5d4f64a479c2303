"""The report of a finished attempt: read from rows that never change, so it says the same for ever.

What depends on later attempts or on today's lessons is in ``comparing``, on a page of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from math import ceil
from typing import Any, Literal

from django.db.models import Exists, F, OuterRef
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe

from courses.exams import kinds
from courses.exams.models import (
    Attempt,
    AttemptSection,
    ItemResult,
    KeyCorrection,
    QuestionRevision,
    Response,
    Score,
    TraceEvent,
)
from courses.exams.queries.explained import CitationShown, citations_in
from courses.exams.weights import Interval, wilson

Show = Literal["all", "wrong", "flagged", "unanswered"]

#: As many of the questions that took longest are named.
SLOWEST = 5


@dataclass(frozen=True)
class DomainShown:
    """A domain's part of a result."""

    title: str
    correct: int
    points: Decimal
    total: int

    @property
    def percent(self) -> float:
        return 100 * float(self.points) / self.total if self.total else 0.0

    @property
    def interval(self) -> Interval:
        """What so few questions say of the domain, 19 times of 20."""
        return wilson(self.points, self.total)


@dataclass(frozen=True)
class CorrectionShown:
    """A decision about a question's key that was in force when the result was counted."""

    how: str
    reason: str
    applied_at: datetime
    #: Only of ``also``: the key that counts beside the one by which the answer is explained.
    other_html: SafeString


@dataclass(frozen=True)
class LookUp:
    """Words looked up or an entry opened while a question was open."""

    is_opened: bool
    detail: str
    at: datetime


@dataclass(frozen=True)
class ReportQuestion:
    """A question of a finished attempt with everything that explains it."""

    position: int
    section: str
    domain: str
    stem_html: SafeString
    explained_html: SafeString
    points: Decimal
    is_scored: bool
    is_dropped: bool
    is_correct: bool
    is_answered: bool
    is_flagged: bool
    note: str
    highlights: list[str]
    citations: list[CitationShown]
    has_late_answer: bool
    correction: CorrectionShown | None
    look_ups: list[LookUp]
    key_codes: list[str]


@dataclass(frozen=True)
class Slow:
    """One of the questions that took longest."""

    position: int
    seconds: int


@dataclass(frozen=True)
class Pace:
    """How the time was used; breaks and pauses are no use of it."""

    used_minutes: int
    per_question_s: int
    #: None: there was no clock.
    allowed_minutes: int | None
    allowed_per_question_s: int | None
    #: Empty: the browser told nothing of single questions.
    slowest: list[Slow]


@dataclass(frozen=True)
class EarlierScore:
    """A result as it once counted, and why another came after it."""

    score: Score
    #: Which question made this result, and why; 0 and empty for the first.
    position: int
    reason: str


@dataclass(frozen=True)
class Report:
    """The result of an attempt; the same for ever, as it is read from rows that are never changed."""

    score: Score
    #: The result that counted before the current one; None: it was never re-scored.
    before: Score | None
    #: All results, the newest first; one alone says nothing.
    history: list[EarlierScore]
    pass_percent: int
    #: Whether there is a pass line at all: a person's own set has none.
    has_line: bool
    scale: Mapping[str, int] | None
    domains: list[DomainShown]
    questions: list[ReportQuestion]
    shown: list[ReportQuestion]
    counts: Mapping[Show, int]
    pretest: int
    dropped: int
    pace: Pace
    lacking: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def is_partial(self) -> bool:
        """Whether parts of questions counted, so that points say more than the number of right ones."""
        return self.score.points != self.score.correct


def report(attempt: Attempt, show: Show = "all") -> Report:
    """The report of a submitted attempt: five queries; one each more for sections and look-ups."""
    scores = list(Score.objects.filter(attempt=attempt).select_related("correction").order_by("pk"))
    current = next(one for one in scores if one.is_current)
    rows = _rows(current)
    # names and breaks are of interest only where one section follows another
    several = len({row["section"] for row in rows}) > 1
    sections = list(AttemptSection.objects.filter(attempt=attempt).order_by("position")) if several else []
    citations = citations_in(attempt)
    corrections = _in_force(attempt, current.scored_at)
    seconds, look_ups = _traced(attempt)
    key_codes = _key_codes({row["revision"] for row in rows if row["item"] in look_ups})
    titles = {one["key"]: one["title"] for one in current.domains}
    names = {one.pk: one.title for one in sections}
    counts: Counter[Show] = Counter()
    questions, shown = [], []
    for row in rows:
        belongs = _belongs(row)
        is_shown = show in belongs
        counts.update(belongs)
        explained, correction = SafeString(""), corrections.get(row["revision"])
        decided = None
        if is_shown:
            explained, other = _explained(row, correction)
            if correction is not None and correction.applied_at is not None:
                decided = CorrectionShown(correction.how, correction.reason, correction.applied_at, other)
        question = ReportQuestion(
            position=row["position"],
            section=names.get(row["section"], ""),
            domain=titles.get(row["domain"], ""),
            stem_html=mark_safe(row["stem"]),  # sanitised on write
            explained_html=explained,
            points=row["points"],
            is_scored=row["is_scored"],
            is_dropped=row["is_dropped"],
            is_correct=row["is_correct"],
            is_answered=row["value"] is not None,
            is_flagged=bool(row["flagged"]),
            note=row["note"] or "",
            highlights=_excerpts(row["bare"], row["highlights"] or []),
            citations=citations.get(row["revision"], []),
            has_late_answer=row["late"],
            correction=decided,
            look_ups=look_ups.get(row["item"], []),
            key_codes=[] if correction else key_codes.get(row["revision"], []),
        )
        questions.append(question)
        if is_shown:
            shown.append(question)
    positions = {row["revision"]: row["position"] for row in rows}
    history = [
        EarlierScore(one, positions[one.correction.revision_id], one.correction.reason)
        if one.correction
        else EarlierScore(one, 0, "")
        for one in reversed(scores)
    ]
    return Report(
        score=current,
        before=scores[scores.index(current) - 1] if scores.index(current) else None,
        history=history,
        pass_percent=attempt.pass_percent,
        has_line=attempt.blueprint_id is not None,
        scale=attempt.scale,
        domains=[
            DomainShown(one["title"], one["correct"], Decimal(one["points"]), one["total"])
            for one in current.domains
        ],
        questions=questions,
        shown=shown,
        counts=counts,
        pretest=sum(not row["is_scored"] for row in rows),
        dropped=sum(row["is_dropped"] for row in rows),
        pace=_pace(attempt, sections, {row["item"]: row["position"] for row in rows}, seconds),
        lacking=attempt.lacking,
    )


def _rows(score: Score) -> Sequence[Mapping[str, Any]]:
    """What each question came to, with the columns that explain it and no others."""
    return list(
        ItemResult.objects.filter(score=score)
        .order_by("item__position")
        .values(
            "points",
            "is_correct",
            "is_dropped",
            "detail",
            "item",
            late=Exists(Response.objects.filter(item=OuterRef("item"), late=True)),
            value=F("response__value"),
            position=F("item__position"),
            section=F("item__section"),
            order=F("item__order"),
            is_scored=F("item__is_scored"),
            flagged=F("item__mark__flagged"),
            note=F("item__mark__note"),
            highlights=F("item__mark__highlights"),
            revision=F("item__question_revision"),
            kind=F("item__question_revision__kind"),
            domain=F("item__question_revision__domain__key"),
            stem=F("item__question_revision__stem_linked_html"),
            bare=F("item__question_revision__stem_html"),
            answer_key=F("item__question_revision__answer_key"),
            explained=F("item__question_revision__explained"),
        )
    )


def _belongs(row: Mapping[str, Any]) -> set[Show]:
    """The choices of questions that hold this one."""
    names: set[Show] = {"all"}
    if not row["is_correct"] and not row["is_dropped"]:
        names.add("wrong")
    if row["flagged"]:
        names.add("flagged")
    if row["value"] is None:
        names.add("unanswered")
    return names


def _in_force(attempt: Attempt, at: datetime) -> dict[int, KeyCorrection]:
    """The decision about each revision that a result counted at ``at`` took into account."""
    decided = KeyCorrection.objects.filter(revision__attempt_items__attempt=attempt, applied_at__lte=at)
    return {one.revision_id: one for one in decided.order_by("applied_at", "pk")}


def _explained(row: Mapping[str, Any], correction: KeyCorrection | None) -> tuple[SafeString, SafeString]:
    """The explanation by the key that gave the points, and by the other one that counts beside it."""
    how, value, key = kinds.get(row["kind"]), row["value"], row["answer_key"]
    corrected = correction.answer_key if correction is not None else None
    if corrected is None or correction is None:
        return how.explain(row["explained"], key, row["order"], value, row["detail"]), SafeString("")
    if correction.how == KeyCorrection.How.NEW_KEY:
        return how.explain(row["explained"], corrected, row["order"], value, row["detail"]), SafeString("")
    # whether a code exists changes words, never points
    first, second = (how.grade(one, value, lambda system, code: True) for one in (key, corrected))
    main, other, found = (corrected, key, second) if second.points > first.points else (key, corrected, first)
    # an answer that is right by one key is not called wrong by the other
    beside = None if found.is_correct else value
    graded = how.grade(other, beside, lambda system, code: True)
    return (
        how.explain(row["explained"], main, row["order"], value, row["detail"]),
        how.explain(row["explained"], other, row["order"], beside, graded.detail),
    )


def _traced(attempt: Attempt) -> tuple[dict[int, int], dict[int, list[LookUp]]]:
    """Seconds that each question was open, and what was looked up at each, in order."""
    seconds: dict[int, int] = {}
    look_ups: dict[int, list[LookUp]] = {}
    events = TraceEvent.objects.filter(attempt=attempt, item__isnull=False).order_by("at", "pk")
    for item, kind, detail, took, at in events.values_list("item", "kind", "detail", "seconds", "at"):
        if kind == TraceEvent.Kind.VIEW:
            seconds[item] = seconds.get(item, 0) + took
        else:
            look_ups.setdefault(item, []).append(LookUp(kind == TraceEvent.Kind.OPEN, detail, at))
    return seconds, look_ups


def _key_codes(revisions: set[int]) -> dict[int, list[str]]:
    """The codes that the keys of these revisions ask for; no query where none is wanted."""
    if not revisions:
        return {}
    sources = QuestionRevision.objects.filter(pk__in=revisions).values_list("pk", "kind", "source")
    return {pk: [code for _system, code in kinds.get(kind).codes(source)] for pk, kind, source in sources}


def _excerpts(html: str, highlights: Sequence[Sequence[int]]) -> list[str]:
    """The highlighted words of a stem, by their places in its text."""
    if not highlights:
        return []
    # a browser counts in halves of UTF-16
    text = unescape(strip_tags(html)).encode("utf-16-le")
    found = (text[2 * start : 2 * end].decode("utf-16-le", "ignore") for start, end in highlights)
    return [words for one in found if (words := " ".join(one.split()))]


def _pace(
    attempt: Attempt,
    sections: Sequence[AttemptSection],
    positions: Mapping[int, int],
    seconds: Mapping[int, int],
) -> Pace:
    ended_at = attempt.submitted_at or attempt.started_at
    breaks = sum(
        (
            max(timedelta(0), min(one.break_until, ended_at) - one.closed_at)
            for one in sections
            if one.break_until and one.closed_at
        ),
        timedelta(0),
    )
    used = (ended_at - attempt.started_at - breaks).total_seconds() - attempt.paused_s
    allowed = None
    if attempt.deadline_at is not None:
        allowed = (attempt.deadline_at - attempt.started_at - breaks).total_seconds()
        used = min(used, allowed)
    used, count = max(0.0, used), max(1, len(positions))
    slowest = sorted(
        (Slow(positions[item], took) for item, took in seconds.items() if took and item in positions),
        key=lambda one: (-one.seconds, one.position),
    )
    return Pace(
        used_minutes=ceil(used / 60),
        per_question_s=round(used / count),
        allowed_minutes=None if allowed is None else round(allowed / 60),
        allowed_per_question_s=None if allowed is None else round(allowed / count),
        slowest=slowest[:SLOWEST],
    )
