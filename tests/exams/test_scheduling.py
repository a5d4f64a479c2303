"""Review cards: the published FSRS 6 formulas, whole days, and no wall of overdue cards."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp
from zoneinfo import ZoneInfo

import pytest
from fsrs.scheduler import DEFAULT_PARAMETERS as W
from hypothesis import given
from hypothesis import strategies as st

from courses.exams.scheduling import LONGEST_DAYS, CardState, retrievability, schedule, spread

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
#: A Monday.
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

histories = st.lists(st.tuples(st.sampled_from([AGAIN, HARD, GOOD, EASY]), st.integers(0, 400)), max_size=12)


def after(*ratings: int, id: int = 1) -> CardState:
    """A card that was reviewed on each of its due days."""
    card = CardState(id, AT)
    for rating in ratings:
        card = schedule(card, rating, at=card.due_at)
    return card


def overdue(id: int, *, stability: float = 10.0, days: int = 10, **fields: bool) -> CardState:
    """A card last reviewed ``days`` ago that was due yesterday."""
    return CardState(
        id,
        AT - timedelta(days=1),
        phase=2,
        stability=stability,
        difficulty=5.0,
        reviewed_at=AT - timedelta(days=days),
        **fields,
    )


def published(history: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Stability and difficulty by the formulas of the FSRS 6 paper, for (rating, days since the last)."""

    def difficulty_at_first(rating: int) -> float:
        return W[4] - exp(W[5] * (rating - 1)) + 1

    factor = 0.9 ** (-1 / W[20]) - 1
    stability = difficulty = 0.0
    for number, (rating, days) in enumerate(history):
        if not number:
            stability, difficulty = W[rating - 1], min(10, max(1, difficulty_at_first(rating)))
            continue
        remembered = (1 + factor * days / stability) ** -W[20]
        if days < 1:
            growth = exp(W[17] * (rating - 3 + W[18])) * stability ** -W[19]
            stability *= max(1, growth) if rating > AGAIN else growth
        elif rating == AGAIN:
            stability = min(
                W[11] * difficulty ** -W[12] * ((stability + 1) ** W[13] - 1) * exp(W[14] * (1 - remembered)),
                stability / exp(W[17] * W[18]),
            )
        else:
            growth = exp(W[8]) * (11 - difficulty) * stability ** -W[9] * (exp(W[10] * (1 - remembered)) - 1)
            stability *= 1 + growth * {HARD: W[15], GOOD: 1, EASY: W[16]}[rating]
        stability = max(0.001, stability)
        moved = difficulty - W[6] * (rating - 3) * (10 - difficulty) / 9
        difficulty = min(10, max(1, W[7] * difficulty_at_first(EASY) + (1 - W[7]) * moved))
    return stability, difficulty


def test_first_review_sets_the_published_stability() -> None:
    assert [after(rating).stability for rating in (AGAIN, HARD, GOOD, EASY)] == list(W[:4])
    assert [(after(rating).due_at - AT).days for rating in (AGAIN, HARD, GOOD)] == [1, 1, 2]


def test_a_missed_card_comes_back_the_next_day() -> None:
    card = after(GOOD, GOOD, GOOD)
    missed = schedule(card, AGAIN, at=card.due_at)
    assert missed.stability is not None and card.stability is not None
    assert missed.stability < card.stability
    assert missed.due_at == card.due_at + timedelta(days=1)
    assert schedule(missed, AGAIN, at=missed.due_at).due_at == missed.due_at + timedelta(days=1)
    assert after(AGAIN).due_at == AT + timedelta(days=1)


def test_phases_are_the_librarys() -> None:
    assert [
        after(*ratings).phase for ratings in ((), (HARD,), (GOOD,), (GOOD, AGAIN), (GOOD, AGAIN, GOOD))
    ] == [
        1,
        1,
        2,
        3,
        2,
    ]


def test_schedule_is_the_same_for_the_same_card_at_any_minute() -> None:
    card = after(GOOD, GOOD, GOOD, id=7)
    intervals = {
        schedule(card, GOOD, at=card.due_at + timedelta(minutes=minute)).due_at - timedelta(minutes=minute)
        for minute in range(60)
    }
    assert len(intervals) == 1


def test_cards_of_one_day_drift_apart() -> None:
    days = {(after(GOOD, GOOD, GOOD, id=id).due_at - AT).days for id in range(1, 41)}
    assert len(days) > 5


def test_schedule_keeps_what_is_not_its_own() -> None:
    card = CardState(1, AT, is_suspended=True)
    assert schedule(card, GOOD, at=AT).is_suspended
    assert card == CardState(1, AT, is_suspended=True)


def test_schedule_takes_any_zone_and_answers_in_utc() -> None:
    there = AT.astimezone(ZoneInfo("America/Denver"))
    card = schedule(CardState(1, AT), GOOD, at=there)
    assert card == schedule(CardState(1, AT), GOOD, at=AT)
    assert card.due_at.tzinfo is UTC


def test_schedule_refuses_a_naive_time_and_an_unknown_rating() -> None:
    with pytest.raises(ValueError, match="aware"):
        schedule(CardState(1, AT), GOOD, at=AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="5"):
        schedule(CardState(1, AT), 5, at=AT)


@given(histories, st.integers(1, 10**9))
def test_schedule_follows_the_published_formulas(history: list[tuple[int, int]], id: int) -> None:
    card, at = CardState(id, AT), AT
    for number, (rating, days) in enumerate(history, 1):
        at += timedelta(days=days)
        card = schedule(card, rating, at=at)
        assert (card.stability, card.difficulty) == pytest.approx(published(history[:number]))
        assert card.stability is not None
        interval = (card.due_at - at).days
        assert (card.due_at - at, card.reviewed_at) == (timedelta(days=interval), at)
        if card.phase == 2:
            # at a retention of 0.9 the interval is the stability, moved by the fuzz
            exact = min(LONGEST_DAYS, max(1, round(card.stability)))
            assert 1 <= interval <= LONGEST_DAYS
            assert abs(interval - exact) <= (0 if exact < 3 else 1.5 + 0.15 * exact)
        else:
            assert rating in (AGAIN, HARD) and interval == 1


@given(histories, st.integers(0, 400))
def test_retrievability_falls_from_one(history: list[tuple[int, int]], days: int) -> None:
    card, at = CardState(1, AT), AT
    for rating, waited in history:
        at += timedelta(days=waited)
        card = schedule(card, rating, at=at)
    if history:
        assert retrievability(card, at=at) == 1
        assert 0 < retrievability(card, at=at + timedelta(days=days + 1)) < 1
    else:
        assert retrievability(card, at=at) == 0


def test_retrievability_is_nine_tenths_after_the_stability() -> None:
    assert retrievability(overdue(1, stability=10, days=10), at=AT) == pytest.approx(0.9)


def test_spread_takes_the_most_fragile_first() -> None:
    strong, weak, new = overdue(1, stability=50), overdue(2, stability=2), CardState(3, AT)
    share = spread([strong, weak, new], cap=2, at=AT)
    assert ([card.id for card in share.cards], share.waiting) == ([3, 2], 1)


def test_spread_never_takes_suspended_or_later_cards() -> None:
    later = replace(overdue(1), due_at=AT + timedelta(days=1))
    share = spread([later, overdue(2, is_suspended=True)], cap=9, at=AT)
    assert (share.cards, share.waiting) == ((), 0)


def test_spread_takes_what_is_due_later_today_in_the_persons_zone() -> None:
    # 23 November ends in Denver at 07:00 UTC of the 24th
    card = replace(overdue(1), due_at=datetime(2026, 11, 24, 6, 59, tzinfo=UTC))
    assert spread([card], cap=9, at=AT.astimezone(ZoneInfo("America/Denver"))).cards == (card,)
    assert spread([card], cap=9, at=AT).cards == ()
    with pytest.raises(ValueError, match="aware"):
        spread([card], cap=9, at=AT.replace(tzinfo=None))


def test_spread_halves_easy_days_or_leaves_them_free() -> None:
    cards = [overdue(id) for id in range(1, 31)]
    assert len(spread(cards, cap=15, at=AT, easy_days={0}).cards) == 8
    assert len(spread(cards, cap=15, at=AT, easy_days={1}).cards) == 15
    free = spread(cards, cap=15, at=AT, easy_days={0}, easy_share=0)
    assert (free.cards, free.waiting) == ((), 30)


def test_spread_counts_what_was_reviewed_today() -> None:
    cards = [overdue(id) for id in range(1, 31)]
    assert len(spread(cards, cap=20, at=AT, done_today=5).cards) == 15
    assert spread(cards, cap=20, at=AT, done_today=25).cards == ()


def test_three_hundred_overdue_cards_are_gone_after_days_within_the_cap() -> None:
    cards = {id: overdue(id, stability=1 + id / 10) for id in range(1, 301)}
    waiting, reviewed = [], 0
    for day in range(40):
        at = AT + timedelta(days=day)
        share = spread(cards.values(), cap=20, at=at, easy_days={6})
        assert len(share.cards) <= (10 if at.weekday() == 6 else 20)
        for card in share.cards:
            cards[card.id] = schedule(card, GOOD, at=at)
        reviewed += len(share.cards)
        waiting.append(share.waiting)
    assert waiting[0] == 280
    assert waiting[-1] == 0
    assert reviewed >= 300


cards_of_a_day = st.lists(
    st.builds(
        overdue,
        st.integers(1, 10**6),
        stability=st.floats(0.01, 100),
        days=st.integers(0, 200),
        is_suspended=st.booleans(),
    ),
    max_size=40,
    unique_by=lambda card: card.id,
)


@given(cards_of_a_day, st.integers(0, 50), st.integers(0, 50))
def test_spread_is_within_the_cap_whatever_the_order(cards: list[CardState], cap: int, done: int) -> None:
    share = spread(cards, cap=cap, at=AT, done_today=done)
    assert len(share.cards) <= max(0, cap - done)
    assert len(share.cards) + share.waiting == sum(not card.is_suspended for card in cards)
    assert spread(cards[::-1], cap=cap, at=AT, done_today=done) == share
    fragile = [retrievability(card, at=AT) for card in share.cards]
    assert fragile == sorted(fragile)
