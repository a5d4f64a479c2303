"""Questions per domain from published percentages: exact, within the ranges, or a clear refusal."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.exams.weights import Interval, counts_from_weights, rest_of, wilson

Weights = list[tuple[str, int, int | None]]


@st.composite
def consistent(draw: st.DrawFn, most: int = 6) -> Weights:
    """Ranges around percentages that come to 100."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=most - 1)))
    middles = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    slack = st.integers(0, 8)
    return [
        (f"d{number}", max(0, middle - draw(slack)), min(100, middle + draw(slack)))
        if draw(st.booleans())
        else (f"d{number}", middle, None)
        for number, middle in enumerate(middles)
    ]


def whole_forms(total: int, weights: Weights) -> Iterator[tuple[int, ...]]:
    """Every tuple of counts within the strict ranges, by trying all of them."""
    spans = [
        [n for n in range(total + 1) if low * total <= 100 * n <= (low if high is None else high) * total]
        for _key, low, high in weights
    ]
    return (counts for counts in product(*spans) if sum(counts) == total)


def test_counts_of_a_published_blueprint() -> None:
    weights: Weights = [("dx", 39, 41), ("proc", 17, 19), ("quality", 13, 15), ("law", 25, 30)]
    assert counts_from_weights(97, weights) == {"dx": 39, "proc": 17, "quality": 14, "law": 27}


def test_counts_without_ranges_go_by_largest_remainder() -> None:
    assert counts_from_weights(7, [("a", 50, None), ("b", 30, None), ("c", 20, None)]) == {
        "a": 4,
        "b": 2,
        "c": 1,
    }
    a_little_more = [("a", Decimal("33.3"), None), ("b", Decimal("33.4"), None), ("c", Decimal("33.3"), None)]
    assert counts_from_weights(10, a_little_more) == {"a": 3, "b": 4, "c": 3}


def test_counts_beside_weights_leave_a_range_too() -> None:
    weights: list[tuple[str | None, int, int | None]] = [
        ("documents", 27, 33),
        ("law", 18, 22),
        ("data", 9, 11),
    ]
    rest = rest_of(weights)

    assert rest == [(None, 34, 46)]
    counts = counts_from_weights(97, [*weights, *rest])
    assert counts == {"documents": 29, "law": 19, "data": 10, None: 39}
    assert rest_of(weights, is_open=False) == []


def test_counts_repair_what_the_middles_break() -> None:
    # by the middles alone it would be 47, 35 and 18: two below their lowest
    weights: Weights = [("a", 10, 100), ("b", 40, 41), ("c", 20, 21)]
    assert counts_from_weights(100, weights) == {"a": 40, "b": 40, "c": 20}


def test_counts_step_out_by_less_than_a_question_where_whole_ones_cannot_do_it() -> None:
    # each range holds 3 of 10 only, and 9 are not 10
    weights: Weights = [("a", 25, 35), ("b", 25, 35), ("c", 30, 36)]
    assert sorted(counts_from_weights(10, weights).values()) == [3, 3, 4]
    # each range holds 4 of 10 only, and 12 are not 10: two step down
    weights = [("a", 31, 40), ("b", 32, 40), ("c", 33, 40)]
    assert sorted(counts_from_weights(10, weights).values()) == [3, 3, 4]


def test_counts_step_out_where_they_must_and_nowhere_twice() -> None:
    # 39 % of 10 is no whole number anyway: it gives way, b keeps the only one in its range
    weights: Weights = [("a", 39, None), ("b", 21, 30), ("c", 40, None)]
    assert counts_from_weights(10, weights) == {"a": 3, "b": 3, "c": 4}
    # 8 within all ranges: two keys step up, though the middles call for a twice
    weights = [("a", 40, 45), ("b", 0, 25), ("c", 0, 15), ("d", 0, 15)]
    assert counts_from_weights(10, weights) == {"a": 5, "b": 2, "c": 2, "d": 1}
    # 12 within all ranges: two keys step down, though the middles call for a twice
    weights = [("a", 45, 50), ("b", 25, 100), ("c", 15, 100), ("d", 15, 100)]
    assert counts_from_weights(10, weights) == {"a": 4, "b": 2, "c": 2, "d": 2}


@pytest.mark.parametrize(
    ("total", "weights", "said"),
    [
        (10, [("a", 60, 70), ("b", 41, None)], "lowest percentages come to 101, more than 100: a, b"),
        (10, [("a", 60, 70), ("b", 29, None)], "highest percentages come to 99, less than 100: a, b"),
        (10, [("a", 60, 50)], "a: 60 to 50"),
        (10, [("a", -1, 100)], "a: -1 to 100"),
        (10, [("a", 50, None), ("a", 50, None)], "a has two weights"),
        (10, [], "less than 100: no key"),
        (-1, [("a", 100, None)], "-1 questions"),
    ],
)
def test_counts_name_what_is_impossible(total: int, weights: Weights, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        counts_from_weights(total, weights)


@given(st.integers(0, 200), consistent())
def test_counts_come_to_the_total_within_a_question_of_their_ranges(total: int, weights: Weights) -> None:
    counts = counts_from_weights(total, weights)
    assert list(counts) == [key for key, _low, _high in weights]
    assert sum(counts.values()) == total
    for key, low, high in weights:
        lowest, highest = Fraction(low * total, 100), Fraction((low if high is None else high) * total, 100)
        assert floor(lowest) <= counts[key] <= ceil(highest)


@given(st.integers(0, 16), consistent(most=4))
def test_counts_are_the_nearest_to_the_middles_of_all_forms(total: int, weights: Weights) -> None:
    middles = [Fraction(low + (low if high is None else high), 2) for _key, low, high in weights]
    ideals = [middle * total / sum(middles) for middle in middles]

    def distance(counts: tuple[int, ...]) -> Fraction:
        return sum(((n - ideal) ** 2 for n, ideal in zip(counts, ideals, strict=True)), Fraction(0))

    forms = list(whole_forms(total, weights))
    if forms:
        counts = tuple(counts_from_weights(total, weights).values())
        assert counts in forms
        assert distance(counts) == min(map(distance, forms))


@given(st.integers(0, 12), consistent(most=4))
def test_as_few_counts_as_possible_step_out(total: int, weights: Weights) -> None:
    spans = [
        (Fraction(low * total, 100), Fraction((low if high is None else high) * total, 100))
        for _key, low, high in weights
    ]

    def outside(counts: tuple[int, ...]) -> int:
        return sum(not low <= n <= high for n, (low, high) in zip(counts, spans, strict=True))

    nearby = product(*(range(floor(low), ceil(high) + 1) for low, high in spans))
    counts = tuple(counts_from_weights(total, weights).values())
    assert outside(counts) == min(outside(form) for form in nearby if sum(form) == total)


def test_wilson_of_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for correct, total, low, high in [
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
    ]:
        interval = wilson(correct, total)
        assert (round(interval.low, 2), round(interval.high, 2)) == (low, high)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == Interval(0.0, 100.0)


def test_wilson_refuses_more_than_there_is() -> None:
    for correct in (-1, 4):
        with pytest.raises(ValueError, match="of 3 is no share"):
            wilson(correct, 3)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_where_the_score_test_rejects(answer: tuple[int, int]) -> None:
    correct, total = answer
    interval = wilson(correct, total)
    assert 0 <= interval.low <= 100 * correct / total <= interval.high <= 100
    for end in (interval.low / 100, interval.high / 100):
        if 0 < end < 1:
            score = abs(correct / total - end) / (end * (1 - end) / total) ** 0.5
            assert score == pytest.approx(1.959964, rel=1e-4)
    mirrored = wilson(total - correct, total)
    assert mirrored.low == pytest.approx(100 - interval.high, abs=1e-9)


def test_wilson_takes_points_in_parts() -> None:
    assert wilson(Decimal("1.5"), 3).low == pytest.approx(wilson(1.5, 3).low)
