"""Correcting a key: one person proposes, another applies, and every attempt it concerns is scored again."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import Requirement
from courses.codesets.queries import known_codes
from courses.exams import kinds, rescoring, scoring
from courses.exams.actions.bank import QuestionTexts, SecondPersonNeeded
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Exposure,
    ItemResult,
    KeyCorrection,
    QuestionRevision,
    Score,
)
from courses.exams.rescoring import Change
from courses.jobs.actions import enqueue_job
from courses.jobs.models import Job
from courses.progress.actions import meet_requirement
from portal.lib.rows import insert_rows

#: The kind of the job that scores again.
RESCORE_KIND: Final = "exams.rescore"
#: Attempts that one transaction scores again: on SQLite everybody who saves an answer waits for it.
BATCH: Final = 50
#: Attempts that a dry run reads at once.
PAGE: Final = 500

Progress = Callable[[int, int | None, str], None]


class CorrectionRefused(Exception):
    """What was typed is no key for what was asked; ``problems`` says why, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class CorrectionOpen(Exception):
    """Another proposal about this revision waits to be applied or withdrawn."""


class CorrectionClosed(Exception):
    """The proposal was withdrawn."""


# --- deciding ----------------------------------------------------------------------------------------------
@transaction.atomic
def propose_correction(
    *,
    revision: QuestionRevision,
    how: str,
    reason: str,
    source: Mapping[str, Any] | None = None,
    by: User,
    at: datetime,
) -> KeyCorrection:
    """Propose what counts instead; nothing changes until another person applies it.

    ``source`` is the question's text with the further or the new key, for the ways that have one. Raises
    ``CorrectionRefused`` and ``CorrectionOpen``.
    """
    problems = [] if reason.strip() else [_("A reason is needed: everybody reads it.")]
    if revision.state(at) != "live":
        problems.append(_("Only a revision that was live can be corrected; edit the draft instead."))
    key = None
    if how in (KeyCorrection.How.ACCEPT_ALSO, KeyCorrection.How.NEW_KEY):
        key, more = _key_of(revision, source or {})
        problems += more
    if problems:
        raise CorrectionRefused(problems)
    try:
        with transaction.atomic():
            return KeyCorrection.objects.create(
                revision=revision,
                how=how,
                answer_key=key,
                reason=reason.strip(),
                proposed_at=at,
                proposed_by=by,
            )
    except IntegrityError as taken:
        raise CorrectionOpen from taken


def _key_of(revision: QuestionRevision, source: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """The key that a corrected text of the question has, and what is wrong with it."""
    how = kinds.get(revision.kind)
    problems = how.problems(source)
    if problems:
        return None, problems
    key = how.make(source, QuestionTexts(how.texts(source))).answer_key
    if not how.fits(revision.asked, key):
        return None, [_("This key does not fit what was asked: only the key may change, not the text.")]
    if key == revision.answer_key:
        return None, [_("This is the key that the question has already.")]
    return key, []


@transaction.atomic
def apply_correction(*, correction: KeyCorrection, by: User, at: datetime) -> Job:
    """Put a proposal into force and ask for the job that scores again; harmless when repeated.

    Raises ``SecondPersonNeeded`` for whoever proposed it and ``CorrectionClosed``.
    """
    waiting = KeyCorrection.objects.filter(pk=correction.pk, withdrawn_at=None)
    if correction.applied_at is None and correction.proposed_by_id == by.pk:
        raise SecondPersonNeeded
    if not waiting.exists():
        raise CorrectionClosed
    waiting.filter(applied_at=None).update(applied_at=at, applied_by=by)
    correction.refresh_from_db(fields=["applied_at", "applied_by"])
    return enqueue_job(kind=RESCORE_KIND, subject=str(correction.pk), by=by, at=at)


@transaction.atomic
def withdraw_correction(*, correction: KeyCorrection, at: datetime) -> None:
    """Take back a proposal that was not applied; harmless when repeated."""
    KeyCorrection.objects.filter(pk=correction.pk, applied_at=None, withdrawn_at=None).update(withdrawn_at=at)
    correction.refresh_from_db(fields=["withdrawn_at"])


# --- what it would change ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class ChangeFound:
    """An attempt whose result another key changes; the person is not named."""

    attempt: int
    title: str
    number: int
    change: Change


@dataclass(frozen=True)
class DryRun:
    """What a correction would change if it were applied now."""

    attempts: int
    #: Results that would be others, those that cross the pass line first; only so many as were asked for.
    found: tuple[ChangeFound, ...]
    changed: int
    passing: int
    failing: int
    #: Attempts under way: they will be scored by it.
    running: int

    @property
    def crossed(self) -> int:
        return self.passing + self.failing


def dry_run(correction: KeyCorrection, *, limit: int = 100) -> DryRun:
    """What ``correction`` would change, read in pages of attempts; nothing is written."""
    revision = correction.revision
    attempts = passing = failing = changed = 0
    crossing: list[ChangeFound] = []
    others: list[ChangeFound] = []
    for page in _pages(revision, PAGE):
        for row, one in _changes(revision, _decided(correction), page):
            attempts += 1
            if not one.changes:
                continue
            changed += 1
            passing += one.crosses and one.outcome.is_passed
            failing += one.crosses and not one.outcome.is_passed
            kept = crossing if one.crosses else others
            if len(kept) < limit:
                kept.append(ChangeFound(row["attempt"], row["title"], row["number"], one))
    running = AttemptItem.objects.filter(question_revision=revision, attempt__state=Attempt.State.OPEN)
    return DryRun(
        attempts=attempts,
        found=tuple((crossing + others)[:limit]),
        changed=changed,
        passing=passing,
        failing=failing,
        running=running.count(),
    )


def _decided(correction: KeyCorrection) -> scoring.Correction:
    return scoring.Correction(correction.how, correction.answer_key)


def _pages(revision: QuestionRevision, size: int) -> Iterator[list[int]]:
    """The attempts that asked the revision, some at a time."""
    last = 0
    while True:
        asked = AttemptItem.objects.filter(question_revision=revision, attempt__gt=last).order_by(
            "attempt_id"
        )
        page = list(asked.values_list("attempt", flat=True)[:size])
        if page:
            yield page
        if len(page) < size:
            return
        last = page[-1]


def _changes(
    revision: QuestionRevision, decided: scoring.Correction, attempts: Sequence[int]
) -> Iterator[tuple[dict[str, Any], Change]]:
    """What a decision makes of the results of these attempts: one query, more where codes were typed."""
    how, domain = kinds.get(revision.kind), revision.domain.key
    rows = list(_told(revision, attempts))
    known_on = _known(how, rows)
    for row in rows:
        told = rescoring.Told(
            attempt=row["attempt"],
            pass_percent=row["pass_percent"],
            domains=row["score__domains"],
            correct=row["score__correct"],
            total=row["score__total"],
            points=row["score__points"],
            percent=row["score__percent"],
            passed=row["score__passed"],
            has_line=row["blueprint"] is not None,
            is_scored=row["item__is_scored"],
            value=row["response__value"],
            item=scoring.ItemOutcome(
                id=row["item"],
                answer=row["response"],
                points=row["points"],
                is_correct=row["is_correct"],
                is_dropped=row["is_dropped"],
                detail=row["detail"],
            ),
        )
        yield (
            row,
            rescoring.change(
                told,
                kind=revision.kind,
                answer_key=revision.answer_key,
                domain=domain,
                correction=decided,
                known=known_on(row["started_at"].date()),
            ),
        )


def _told(revision: QuestionRevision, attempts: Sequence[int]) -> Any:
    """The results of these attempts that count, with what the question came to in them."""
    return (
        ItemResult.objects.filter(
            score__is_current=True, score__attempt__in=attempts, item__question_revision=revision
        )
        .order_by("score__attempt_id")
        .values(
            *("item", "item__is_scored", "response", "response__value"),
            *("points", "is_correct", "is_dropped", "detail"),
            *("score", "score__domains", "score__correct", "score__total", "score__points"),
            *("score__percent", "score__passed", "score__scored_at", "score__correction"),
            attempt=F("score__attempt"),
            user=F("score__attempt__user"),
            title=F("score__attempt__title"),
            number=F("score__attempt__number"),
            pass_percent=F("score__attempt__pass_percent"),
            scale=F("score__attempt__scale"),
            lacking=F("score__attempt__lacking"),
            mode=F("score__attempt__mode"),
            blueprint=F("score__attempt__blueprint__key"),
            started_at=F("score__attempt__started_at"),
            submitted_at=F("score__attempt__submitted_at"),
        )
    )


def _known(how: kinds.Kind, rows: Sequence[Mapping[str, Any]]) -> Callable[[date], kinds.Known]:
    """Which codes were codes on the day of each attempt: no query for kinds where none are typed."""
    by_day: dict[date, set[tuple[str, str]]] = {}
    for row in rows:
        entered = by_day.setdefault(row["started_at"].date(), set())
        entered.update(how.entered(row["response__value"]) if row["response__value"] is not None else ())
    known = {day: known_codes(entered, on_date=day) for day, entered in by_day.items()}
    return lambda day: known[day]


# --- scoring again -----------------------------------------------------------------------------------------
def rescore(*, correction: KeyCorrection, at: datetime, report: Progress | None = None) -> KeyCorrection:
    """Score again every attempt that was told a result without ``correction``.

    Some attempts a transaction, each with its first result kept. It may stop anywhere, be repeated and run
    twice at once: an attempt gets one result of a correction. One that a later decision has replaced does
    nothing.
    """
    revision = QuestionRevision.objects.select_related("domain").get(pk=correction.revision_id)
    total = AttemptItem.objects.filter(question_revision=revision).count()
    done = 0
    for page in _pages(revision, BATCH):
        _rescore_page(correction, revision, page, at=at)
        done += len(page)
        if report is not None:
            report(min(done, total), total, _("Scoring again"))
    correction.refresh_from_db()
    return correction


@transaction.atomic
def _rescore_page(
    correction: KeyCorrection, revision: QuestionRevision, attempts: Sequence[int], *, at: datetime
) -> None:
    # whoever is just handing in is waited for: that result may have been counted by the key before
    locked = Attempt.objects.select_for_update().filter(pk__in=attempts).order_by("pk")
    submitted = list(locked.values_list("pk", flat=True))
    in_force = KeyCorrection.objects.filter(revision=revision, applied_at__isnull=False)
    if in_force.order_by("-applied_at", "-pk").values_list("pk", flat=True).first() != correction.pk:
        return
    assert correction.applied_at is not None  # it is in force
    done = set(
        Score.objects.filter(correction=correction, attempt__in=submitted).values_list("attempt", flat=True)
    )
    left = [attempt for attempt in submitted if attempt not in done]
    if not left:
        return
    found = [
        (row, one)
        for row, one in _changes(revision, _decided(correction), left)
        # one that was handed in later was counted by this key already, and its report says so
        if row["score__scored_at"] < correction.applied_at or _stored(one.item) != _stored(one.told.item)
    ]
    if not found:
        return
    scored_at = max(at, correction.applied_at)
    Score.objects.filter(pk__in=[row["score"] for row, _one in found]).update(is_current=False)
    insert_rows(Score, _SCORE, [_score_row(correction, row, one, scored_at) for row, one in found])
    scores = dict(
        Score.objects.filter(
            correction=correction, attempt__in=[row["attempt"] for row, _one in found]
        ).values_list("attempt", "pk")
    )
    insert_rows(
        ItemResult,
        ("score", "item", "response", "points", "is_correct", "is_dropped", "detail"),
        [
            (
                *(scores[row["attempt"]], one.item.id, row["response"], one.item.points),
                *(one.item.is_correct, one.item.is_dropped, one.item.detail),
            )
            for row, one in found
        ],
    )
    _copy_results(revision, {row["score"]: scores[row["attempt"]] for row, _one in found})
    _correct_exposures(revision, found)
    for row, one in found:
        if one.crosses and one.outcome.is_passed:
            _meet(row, at=scored_at)
    KeyCorrection.objects.filter(pk=correction.pk).update(
        attempts=F("attempts") + len(found),
        changed=F("changed") + sum(one.changes for _row, one in found),
        crossed=F("crossed") + sum(one.crosses for _row, one in found),
    )


def _stored(item: scoring.ItemOutcome) -> tuple[Any, ...]:
    """What of an outcome is stored, as it is read back."""
    detail = json.loads(json.dumps(item.detail, default=str))
    return item.points, item.is_correct, item.is_dropped, detail


_SCORE = (
    *("attempt", "correction", "is_current", "correct", "total", "points", "percent", "scaled", "passed"),
    *("domains", "scored_at"),
)


def _score_row(
    correction: KeyCorrection, row: Mapping[str, Any], one: Change, scored_at: datetime
) -> tuple[Any, ...]:
    outcome, titles = one.outcome, {told["key"]: told["title"] for told in one.told.domains}
    scaled = (
        scoring.scaled(outcome.points, outcome.total, pass_percent=row["pass_percent"], scale=row["scale"])
        if row["scale"]
        else None
    )
    domains = [
        {
            "key": told.domain,
            "title": titles[told.domain],
            "correct": told.correct,
            "points": str(told.points),
            "total": told.total,
        }
        for told in outcome.domains
    ]
    return (
        *(row["attempt"], correction.pk, True, outcome.correct, outcome.total, outcome.points),
        *(outcome.percent, scaled, outcome.is_passed, domains),
        connection.ops.adapt_datetimefield_value(scored_at),
    )


def _copy_results(revision: QuestionRevision, successors: Mapping[int, int]) -> None:
    """Give each new result the questions of the one before it that stay as they were: one statement."""
    # the ids come from the rows just read, not from a person
    pairs = ", ".join(f"({int(old)}, {int(new)})" for old, new in successors.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH pair(old_id, new_id) AS (VALUES {pairs})
            INSERT INTO exams_itemresult
                   (score_id, item_id, response_id, points, is_correct, is_dropped, detail)
            SELECT pair.new_id, r.item_id, r.response_id, r.points, r.is_correct, r.is_dropped, r.detail
              FROM pair
              JOIN exams_itemresult r ON r.score_id = pair.old_id
              JOIN exams_attemptitem i ON i.id = r.item_id
             WHERE i.question_revision_id <> %s
            """,
            [revision.pk],
        )


def _correct_exposures(revision: QuestionRevision, found: Sequence[tuple[Mapping[str, Any], Change]]) -> None:
    """What a person was worth when first, or last, meeting the question is worth something else now."""
    by_points: dict[Any, list[int]] = {}
    for _row, one in found:
        if one.item.points != one.told.item.points:
            by_points.setdefault(one.item.points, []).append(one.item.id)
    for points, items in by_points.items():
        Exposure.objects.filter(first_item__in=items).update(first_points=points)
        last = AttemptItem.objects.filter(
            pk__in=items, attempt__user=OuterRef("user"), attempt__submitted_at=OuterRef("last_at")
        )
        met = Exposure.objects.filter(Exists(last), question=revision.question_id)
        met.update(last_points=points)


def _meet(row: Mapping[str, Any], *, at: datetime) -> None:
    """A pass that is gained meets the requirement; one that is lost takes nothing back."""
    if row["mode"] == Attempt.Mode.EXAM and not row["lacking"]:
        user = User(pk=row["user"])
        meet_requirement(user=user, kind=Requirement.Kind.EXAM_PASSED, key=row["blueprint"], at=at)
