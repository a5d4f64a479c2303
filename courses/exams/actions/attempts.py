"""Attempts: starting, answering, finishing. What was answered or scored never changes."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, Max, OuterRef, Subquery

from accounts.models import User
from courses.catalog.models import Requirement
from courses.codesets.models import CodeRef
from courses.exams import scoring
from courses.exams.assembly import Candidate, draw
from courses.exams.clock import GRACE, deadline, is_late, remaining_s
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    BlueprintDomain,
    Choice,
    ItemMark,
    ItemResult,
    QuestionCodeRef,
    QuestionRevision,
    Response,
    Score,
)
from courses.exams.signals import attempt_finished
from courses.progress.actions import meet_requirement


# --- starting an attempt -----------------------------------------------------------------------------
class EmptyBank(Exception):
    """No question can be drawn for the blueprint."""


def start_attempt(*, user: User, blueprint: Blueprint, at: datetime) -> Attempt:
    """The person's open attempt of this exam, or a new one drawn from the questions live at ``at``.

    However often and wherever Start is pressed, there is one open attempt. One whose time is over is closed
    first. Raises ``EmptyBank``.
    """
    for race in range(3):
        current = Attempt.objects.owned_by(user).open().filter(blueprint=blueprint).first()
        if current is not None and not is_late(current.deadline_at, at):
            return current
        if current is not None:
            finish_attempt(attempt_id=current.pk, user=user, at=at, by_system=True)
        try:
            return _open_attempt(user=user, blueprint=blueprint, at=at)
        except IntegrityError:  # another Start of the same person was faster: take its attempt
            if race == 2:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _open_attempt(*, user: User, blueprint: Blueprint, at: datetime) -> Attempt:
    seed = secrets.randbits(48)
    wanted = list(blueprint.domains.select_related("domain"))
    form = draw({one.domain_id: one.count for one in wanted}, _pool(user, wanted, at), seed=seed)
    if not form.picks:
        raise EmptyBank
    last = Attempt.objects.owned_by(user).filter(blueprint=blueprint).aggregate(last=Max("number"))["last"]
    attempt = Attempt.objects.create(
        user=user,
        blueprint=blueprint,
        number=(last or 0) + 1,
        seed=seed,
        title=blueprint.title,
        pass_percent=blueprint.pass_percent,
        lacking=[
            {"title": one.domain.title, "count": form.short[one.domain_id]}
            for one in wanted
            if one.domain_id in form.short
        ],
        started_at=at,
        deadline_at=deadline(at, blueprint.minutes, user.time_multiplier),
    )
    orders: dict[int, list[int]] = {}
    for choice_id, revision_id in (
        Choice.objects.filter(revision__in=form.picks).order_by("pk").values_list("pk", "revision_id")
    ):
        orders.setdefault(revision_id, []).append(choice_id)
    rng = Random(seed)
    for revision_id in form.picks:
        rng.shuffle(orders[revision_id])
    AttemptItem.objects.bulk_create(
        AttemptItem(
            attempt=attempt,
            position=position,
            question_revision_id=revision_id,
            choice_order=orders[revision_id],
        )
        for position, revision_id in enumerate(form.picks, start=1)
    )
    return attempt


def _pool(user: User, wanted: Sequence[BlueprintDomain], at: datetime) -> list[Candidate]:
    """Live questions of the wanted domains, without retired ones and those whose codes no longer hold."""
    stale = QuestionCodeRef.objects.filter(
        revision=OuterRef("pk"), state__in=(CodeRef.State.NOT_BILLABLE, CodeRef.State.GONE)
    )
    seen = (
        AttemptItem.objects.filter(attempt__user=user, question_revision__question=OuterRef("question_id"))
        .order_by("-attempt__started_at")
        .values("attempt__started_at")[:1]
    )
    rows = (
        QuestionRevision.objects.live(at)
        .filter(~Exists(stale), question__retired_at=None, domain__in=[one.domain_id for one in wanted])
        .order_by()
        .values_list("pk", "domain_id", "exclusion_group", Subquery(seen))
    )
    return [Candidate(*row) for row in rows]


# --- answering ---------------------------------------------------------------------------------------
class NoSuchItem(Exception):
    """The person has no such question, or the option is not one of its options."""


class AttemptClosed(Exception):
    """The attempt was submitted before the answer came."""


@dataclass(frozen=True)
class Saved:
    """What is known after an answer was stored."""

    #: The greatest ``seq`` known for this question; a tab goes on from it.
    seq: int
    saved_at: datetime
    remaining_s: int
    #: Another tab or device has answered in this attempt within the last minutes.
    elsewhere: bool
    #: Stored, but after deadline and grace: it does not count.
    late: bool


#: How long another tab or device counts as open after its last answer.
NEARBY = timedelta(minutes=5)

# One statement decides and appends, so nothing can happen in between. {lock} makes it wait for a submit
# that is under way and then see its result; SQLite has one writer at a time and needs no lock.
_APPEND = """
    INSERT INTO exams_response (item_id, choice_id, client_id, seq, received_at, late)
    SELECT item.id, choice.id, %(client_id)s,
           COALESCE(%(seq)s, (SELECT MAX(seq) + 1 FROM exams_response WHERE item_id = item.id), 1),
           %(received_at)s, %(cutoff)s > attempt.deadline_at
      FROM exams_attempt attempt
      JOIN exams_attemptitem item ON item.attempt_id = attempt.id
      JOIN exams_choice choice ON choice.revision_id = item.question_revision_id
     WHERE attempt.id = %(attempt_id)s AND attempt.user_id = %(user_id)s
       AND item.position = %(position)s AND choice.id = %(choice_id)s
       AND (attempt.state = 'open' OR %(cutoff)s > attempt.deadline_at)
    {lock}
    ON CONFLICT DO NOTHING
"""


def submit_answer(
    *,
    user: User,
    attempt_id: int,
    position: int,
    choice_id: int,
    client_id: str,
    seq: int | None,
    received_at: datetime,
) -> Saved:
    """Append an answer, durably when this returns outside a transaction; sending it again is harmless.

    ``seq`` is the tab's counter; without one the answer is placed after all that are known. What arrives
    after deadline and grace is stored as late and does not count.
    Raises ``NoSuchItem`` and ``AttemptClosed``.
    Two statements, whatever the size of the exam.
    """
    adapt = connection.ops.adapt_datetimefield_value
    lock = "FOR SHARE OF attempt" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND.format(lock=lock),
            {
                "client_id": client_id,
                "seq": seq,
                "received_at": adapt(received_at),
                "cutoff": adapt(received_at - GRACE),
                "attempt_id": attempt_id,
                "user_id": user.pk,
                "position": position,
                "choice_id": choice_id,
            },
        )
    of_item = Response.objects.filter(item=OuterRef("pk"))
    mine = of_item.filter(client_id=client_id).filter(**({} if seq is None else {"seq": seq}))
    theirs = Response.objects.filter(
        item__attempt=OuterRef("attempt"), received_at__gt=received_at - NEARBY
    ).exclude(client_id=client_id)
    known = (
        AttemptItem.objects.filter(attempt=attempt_id, attempt__user=user, position=position)
        .annotate(
            is_late=Subquery(mine.values("late")[:1]),
            newest=Subquery(of_item.order_by("-seq").values("seq")[:1]),
            elsewhere=Exists(theirs),
        )
        .values_list("is_late", "newest", "elsewhere", "attempt__deadline_at", "question_revision")
        .first()
    )
    if known is None:
        raise NoSuchItem
    late, newest, elsewhere, deadline_at, revision_id = known
    if late is None:  # nothing was stored: say why
        if not Choice.objects.filter(pk=choice_id, revision=revision_id).exists():
            raise NoSuchItem
        raise AttemptClosed
    return Saved(newest, received_at, remaining_s(deadline_at, received_at), elsewhere, late)


@transaction.atomic
def mark_item(
    *,
    user: User,
    attempt_id: int,
    position: int,
    flagged: bool | None = None,
    struck: Sequence[int] | None = None,
) -> None:
    """Note on a question of an open attempt that it is flagged, or which options are struck out.

    What is None stays as it is. Raises ``NoSuchItem`` and ``AttemptClosed``.
    """
    items = AttemptItem.objects.filter(attempt=attempt_id, attempt__user=user, position=position)
    item = items.select_related("attempt").first()
    if item is None:
        raise NoSuchItem
    if item.attempt.state != Attempt.State.OPEN:
        raise AttemptClosed
    noted: dict[str, object] = {}
    if flagged is not None:
        noted["flagged"] = flagged
    if struck is not None:
        noted["struck"] = [pk for pk in item.choice_order if pk in struck]
    ItemMark.objects.update_or_create(item=item, defaults=noted)


# --- finishing ---------------------------------------------------------------------------------------
def finish_attempt(*, attempt_id: int, user: User | None, at: datetime, by_system: bool = False) -> Score:
    """Close and score an attempt once; whoever comes second gets the same result.

    ``user`` is its owner, or None for the sweeper. Raises ``Attempt.DoesNotExist`` for a stranger's.
    """
    score = _close(attempt_id=attempt_id, user=user, at=at, by_system=by_system)
    if score is None:
        score = Score.objects.filter(
            **({} if user is None else {"attempt__user": user}), attempt=attempt_id
        ).first()
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
        .update(state=Attempt.State.SUBMITTED, submitted_at=at, submitted_by_system=by_system)
    )
    if not won:
        return None
    attempt = Attempt.objects.select_related("blueprint", "user").get(pk=attempt_id)
    items, titles = _answered(attempt)
    outcome = scoring.score(items, pass_percent=attempt.pass_percent)
    score = Score.objects.create(
        attempt=attempt,
        correct=outcome.correct,
        total=outcome.total,
        percent=outcome.percent,
        passed=outcome.is_passed,
        domains=[
            {"key": one.domain, "title": titles[one.domain], "correct": one.correct, "total": one.total}
            for one in outcome.domains
        ],
        scored_at=at,
    )
    ItemResult.objects.bulk_create(
        ItemResult(item_id=one.id, response_id=one.answer, is_correct=one.is_correct) for one in outcome.items
    )
    if outcome.is_passed and not attempt.lacking:  # a shortened exam is no proof of the whole
        key = attempt.blueprint.key
        meet_requirement(user=attempt.user, kind=Requirement.Kind.EXAM_PASSED, key=key, at=at)
    attempt_finished.send(sender=Attempt, attempt=attempt, score=score)
    return score


def _answered(attempt: Attempt) -> tuple[list[scoring.Item], Mapping[str, str]]:
    """Every item of an attempt with all its answers, and the titles of their domains: one query."""
    rows = (
        AttemptItem.objects.filter(attempt=attempt)
        .order_by("question_revision__domain__title", "position")
        .values_list(
            "pk",
            "question_revision__domain__key",
            "question_revision__domain__title",
            "responses__pk",
            "responses__seq",
            "responses__client_id",
            "responses__late",
            "responses__choice__is_correct",
        )
    )
    answers: dict[int, list[scoring.Answer]] = {}
    domains: dict[int, str] = {}
    titles: dict[str, str] = {}
    for item, key, title, pk, seq, client_id, late, is_correct in rows:
        domains[item], titles[key] = key, title
        answers.setdefault(item, [])
        if pk is not None:  # the row of an item that was never answered
            answers[item].append(scoring.Answer(pk, seq, client_id, late, is_correct))
    return [scoring.Item(pk, domains[pk], tuple(found)) for pk, found in answers.items()], titles


def sweep_overdue(*, at: datetime, limit: int = 500) -> int:
    """Close attempts whose time and grace are over and return how many this call closed.

    Any number of sweepers may run at once: each attempt is closed by one of them, in its own transaction.
    """
    overdue = list(Attempt.objects.overdue(at).values_list("pk", flat=True)[:limit])
    closed = [_close(attempt_id=pk, user=None, at=at, by_system=True) for pk in overdue]
    return sum(score is not None for score in closed)
