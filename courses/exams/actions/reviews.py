"""Review cards: made of what was missed, reviewed day by day, laid aside."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from courses.exams import kinds
from courses.exams.concepts import concept_of
from courses.exams.models import (
    Attempt,
    CardReview,
    ItemResult,
    PracticeSettings,
    QuestionRevision,
    ReviewCard,
    Score,
)
from courses.exams.queries.reviews import code_at_end, first_cited, judged, state_of
from courses.exams.scheduling import schedule
from portal.lib.rows import insert_rows

#: What was missed comes back on the next day: its explanation has just been read.
_FIRST_AFTER = timedelta(days=1)
#: A new card as ``scheduling.CardState`` has it.
_LEARNING, _FIRST_STEP = 1, 0
_OF_ITEM = "item__question_revision"


class RatedTooWell(Exception):
    """Who answered wrong did not know it: only "again" and "hard" may be chosen."""


# --- making cards ------------------------------------------------------------------------------------------
_FIELDS = ("user", "concept", "ref", "edition", "question", "made_at", "due_at", "phase", "step")
# a card that waits for a later day is brought forward; one laid aside stays so
_AGAIN = """(user_id, concept, ref) DO UPDATE SET question_id = excluded.question_id,
    edition = excluded.edition, due_at = CASE WHEN excluded.due_at < exams_reviewcard.due_at
    THEN excluded.due_at ELSE exams_reviewcard.due_at END"""


def card_misses(*, attempt: Attempt, score: Score, at: datetime) -> int:
    """Make one card of each concept that an attempt missed, or bring its card forward; how many there are.

    Questions on one concept share a card. Of an exam what was left out is missed too, of other sets only what
    was answered wrong. Nothing happens for a person who does without reviews. Two statements, none when all
    was right.
    """
    if score.correct == score.total:
        return 0
    missed = ItemResult.objects.filter(score=score, is_correct=False, is_dropped=False)
    if attempt.mode != Attempt.Mode.EXAM:
        missed = missed.filter(response__isnull=False)
    rows = (
        missed.exclude(score__attempt__user__practice_settings__has_reviews=False)
        .annotate(
            guideline=first_cited("guideline", _OF_ITEM),
            tabular=first_cited("tabular", _OF_ITEM),
            first=code_at_end("both", _OF_ITEM),
            last=code_at_end("-both", _OF_ITEM),
        )
        .order_by("item__position")
        .values_list(
            "item__question_revision__question",
            "item__question_revision__question__key",
            "item__question_revision__edition",
            "guideline",
            "tabular",
            "first",
            "last",
        )
    )
    adapt = connection.ops.adapt_datetimefield_value
    made_at, due_at = adapt(at), adapt(at + _FIRST_AFTER)
    cards: dict[Any, tuple[Any, ...]] = {}
    for question, key, edition, guideline, tabular, first, last in rows:
        about = concept_of(key, guideline=guideline, tabular=tabular, first=first, last=last)
        # the one missed last stands for its siblings
        cards[about] = (attempt.user_id, *about, edition, question, made_at, due_at, _LEARNING, _FIRST_STEP)
    if cards:
        insert_rows(ReviewCard, _FIELDS, cards.values(), on_conflict=_AGAIN)
    return len(cards)


# --- reviewing ---------------------------------------------------------------------------------------------
@transaction.atomic
def review_card(
    *,
    user: User,
    card_id: int,
    due_at: datetime,
    revision: QuestionRevision,
    value: kinds.Value,
    rating: int,
    at: datetime,
) -> bool:
    """Keep a review and say when the card comes back; whether this call did it.

    ``due_at`` is the card's as it was when the question was shown: a second click, or another tab, finds it
    changed and does nothing. Raises ``ReviewCard.DoesNotExist`` for a stranger's and ``RatedTooWell``.
    """
    card = ReviewCard.objects.owned_by(user).get(pk=card_id)
    outcome = judged(revision, value, [], at)
    if not outcome.is_right and rating > CardReview.Rating.HARD:
        raise RatedTooWell
    after = schedule(state_of(card), rating, at=at)
    changed = ReviewCard.objects.owned_by(user).filter(pk=card_id, due_at=due_at, due_at__lt=after.due_at)
    if not changed.update(
        due_at=after.due_at,
        phase=after.phase,
        step=after.step,
        stability=after.stability,
        difficulty=after.difficulty,
        reviewed_at=at,
    ):
        return False
    CardReview.objects.create(
        card=card,
        question_revision=revision,
        value=value,
        points=outcome.points,
        rating=rating,
        reviewed_at=at,
    )
    return True


def set_suspension(*, user: User, card_id: int, is_suspended: bool, at: datetime) -> ReviewCard:
    """Lay a card aside, or take it up again. Raises ``ReviewCard.DoesNotExist`` for a stranger's."""
    mine = ReviewCard.objects.owned_by(user)
    mine.filter(pk=card_id, suspended_at__isnull=is_suspended).update(
        suspended_at=at if is_suspended else None
    )
    return mine.select_related("question").get(pk=card_id)


# --- wishes ------------------------------------------------------------------------------------------------
def save_practice_settings(
    *, user: User, has_reviews: bool, daily_cap: int, easy_days: Collection[int], has_streak: bool
) -> PracticeSettings:
    """Keep how a person wants to practise."""
    return PracticeSettings.objects.update_or_create(
        user=user,
        defaults={
            "has_reviews": has_reviews,
            "daily_cap": daily_cap,
            "easy_days": sorted(set(easy_days)),
            "has_streak": has_streak,
        },
    )[0]
