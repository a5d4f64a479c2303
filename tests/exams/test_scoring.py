"""Scoring is pure: properties over generated attempts."""

from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from courses.exams.scoring import Answer, Item, newest, percent_of, score

answers = st.builds(
    Answer,
    id=st.integers(1, 10**6),
    seq=st.integers(1, 5),
    client_id=st.sampled_from(["a", "b", "c"]),
    is_late=st.booleans(),
    is_correct=st.booleans(),
)
items = st.lists(
    st.builds(
        Item,
        id=st.integers(1, 10**6),
        domain=st.sampled_from(["x", "y", "z"]),
        answers=st.lists(answers, max_size=6, unique_by=lambda one: (one.seq, one.client_id)).map(tuple),
    ),
    max_size=30,
    unique_by=lambda item: item.id,
)


def test_newest_is_the_greatest_seq_then_client() -> None:
    first, second = Answer(1, 2, "a", False, True), Answer(2, 2, "b", False, False)
    assert newest([second, first, Answer(3, 1, "z", False, True)]) == second


def test_newest_leaves_late_answers_out() -> None:
    assert newest([Answer(1, 9, "a", True, True)]) is None


def test_score_of_nothing_is_not_passed() -> None:
    assert not score([], pass_percent=70).is_passed


def test_percent_shows_the_line_only_when_it_is_reached() -> None:
    assert percent_of(2, 3) == Decimal("66.66")
    assert percent_of(69999, 100000) == Decimal("69.99")
    assert percent_of(7, 10) == Decimal("70.00")


@given(items, st.integers(1, 100))
def test_score_stays_within_bounds(exam: list[Item], line: int) -> None:
    outcome = score(exam, pass_percent=line)
    assert 0 <= outcome.correct <= outcome.total == len(exam)
    assert 0 <= outcome.percent <= 100
    assert sum(one.total for one in outcome.domains) == outcome.total
    assert sum(one.correct for one in outcome.domains) == outcome.correct
    assert outcome.is_passed == (bool(exam) and outcome.percent >= line)


@given(items, st.integers(0, 2**16))
def test_score_ignores_the_order_in_which_answers_arrive(exam: list[Item], seed: int) -> None:
    rng = Random(seed)
    shuffled = [
        Item(item.id, item.domain, tuple(rng.sample(item.answers * 2, len(item.answers) * 2)))
        for item in exam
    ]
    assert score(shuffled, pass_percent=70) == score(exam, pass_percent=70)


@given(items)
def test_score_counts_no_late_answer(exam: list[Item]) -> None:
    in_time = [
        Item(item.id, item.domain, tuple(one for one in item.answers if not one.is_late)) for item in exam
    ]
    assert score(exam, pass_percent=70) == score(in_time, pass_percent=70)
