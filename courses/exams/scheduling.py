"""When a missed concept comes back: review cards by FSRS 6 with its default weights (the library ``fsrs``).

Intervals are whole days, as cards are met in one daily review: the library's steps of minutes become one day,
so what was missed comes back tomorrow. Weekdays are numbered as in ``date.weekday()``: Monday is 0.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from math import ceil
from random import Random

from fsrs import Card, Rating, Scheduler, State
from fsrs.scheduler import FUZZ_RANGES

#: The probability of remembering a card on the day it is due.
RETENTION = 0.9
#: Days between two reviews at most: a code edition lives for a year, and what it taught with it.
LONGEST_DAYS = 365
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CardState:
    """What the scheduler knows of a card.

    ``phase`` and ``step`` are the library's: 1 learning, 2 review, 3 learning again after a miss; step 0, or
    none in review. ``stability`` is the days until the probability of remembering falls to 90 %,
    ``difficulty`` runs from 1 to 10; both are ``None`` until the first review.
    """

    id: int
    due_at: datetime
    phase: int = State.Learning.value
    step: int | None = 0
    stability: float | None = None
    difficulty: float | None = None
    reviewed_at: datetime | None = None
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """The cards to review today, most fragile first, and how many due ones wait for another day."""

    cards: tuple[CardState, ...]
    waiting: int


_SCHEDULER = Scheduler(
    desired_retention=RETENTION,
    learning_steps=(ONE_DAY,),
    relearning_steps=(ONE_DAY,),
    maximum_interval=LONGEST_DAYS,
    enable_fuzzing=False,  # the library's is drawn from the global generator: ours is repeatable
)


def schedule(card: CardState, rating: int, *, at: datetime) -> CardState:
    """The card after a review at ``at`` (aware), due a whole number of days later, in UTC.

    Ratings: 1 again, 2 hard, 3 good, 4 easy.
    The same card and rating always give the same interval, so what a button promises is what it does. Cards
    of one day drift apart by the library's fuzz. Raises ``ValueError`` for a naive ``at`` or another rating.
    """
    if at.tzinfo is None:
        raise ValueError("A review happens at an aware time.")
    at = at.astimezone(UTC)
    reviewed, _log = _SCHEDULER.review_card(_as_fsrs(card), Rating(rating), at)
    days = (reviewed.due - at).days
    return replace(
        card,
        due_at=at + timedelta(days=_fuzzed(days, card)),
        phase=reviewed.state.value,
        step=reviewed.step,
        stability=reviewed.stability,
        difficulty=reviewed.difficulty,
        reviewed_at=at,
    )


def retrievability(card: CardState, *, at: datetime) -> float:
    """The probability that the card is remembered at ``at``; 0 before its first review."""
    return _SCHEDULER.get_card_retrievability(_as_fsrs(card), at)


def spread(
    backlog: Iterable[CardState],
    *,
    cap: int,
    at: datetime,
    easy_days: Collection[int] = (),
    easy_share: float = 0.5,
    done_today: int = 0,
) -> Share:
    """The cards of today, so that a backlog comes over days by ``cap`` instead of at once.

    Today is the day of ``at`` in its own time zone, so pass the person's. Of the cards due before its end the
    most fragile come first (the lowest retrievability, then the longest due). An easy day takes the
    ``easy_share`` of the cap, rounded up; 0 takes none. What was reviewed today already counts towards the
    cap. Suspended cards never come. Raises ``ValueError`` for a naive ``at``.
    """
    if at.tzinfo is None:
        raise ValueError("A day begins somewhere: pass an aware time.")
    tomorrow_at = datetime.combine(at.date() + ONE_DAY, time.min, at.tzinfo)
    due = [card for card in backlog if not card.is_suspended and card.due_at < tomorrow_at]
    due.sort(key=lambda card: (retrievability(card, at=at), card.due_at, card.id))
    if at.weekday() in easy_days:
        cap = ceil(cap * easy_share)
    room = max(0, cap - done_today)
    return Share(tuple(due[:room]), len(due[room:]))


def _as_fsrs(card: CardState) -> Card:
    return Card(
        card_id=card.id,
        state=State(card.phase),
        step=card.step,
        stability=card.stability,
        difficulty=card.difficulty,
        due=card.due_at,
        last_review=card.reviewed_at,
    )


def _fuzzed(days: int, card: CardState) -> int:
    """The interval moved within the library's own range, by a generator seeded with the card as it was."""
    if days < FUZZ_RANGES[0]["start"]:
        return days
    delta = 1 + sum(one["factor"] * max(0.0, min(days, one["end"]) - one["start"]) for one in FUZZ_RANGES)
    seed = f"{card.id} {card.due_at.timestamp():.0f}"
    return Random(seed).randint(max(2, round(days - delta)), min(LONGEST_DAYS, round(days + delta)))
