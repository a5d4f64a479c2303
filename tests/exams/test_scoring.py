"""Scoring is pure: properties over generated attempts, and what corrections and pretest questions do."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.exams.scoring import Correction, Item, grade, percent_of, scaled, score


def anything(system: str, code: str) -> bool:
    return True


def item(pk: int = 1, **fields: Any) -> Item:
    """A question of four options whose first is right, answered with the first."""
    chosen = {"domain": "x", "kind": "single", "answer_key": {"right": [1]}, "answer": pk, "value": 1}
    return Item(id=pk, **chosen | fields)


values = st.none() | st.integers(1, 4)
corrections = st.none() | st.one_of(
    st.builds(
        Correction, st.sampled_from(["also", "new"]), st.builds(lambda n: {"right": [n]}, st.integers(1, 4))
    ),
    st.builds(Correction, st.sampled_from(["all", "drop"])),
)
singles = st.builds(
    lambda pk, domain, value, right, is_scored, correction: item(
        pk,
        domain=domain,
        value=value,
        answer=None if value is None else pk,
        answer_key={"right": [right]},
        is_scored=is_scored,
        correction=correction,
    ),
    st.integers(1, 10**6),
    st.sampled_from(["x", "y", "z"]),
    values,
    st.integers(1, 4),
    st.booleans(),
    corrections,
)
multiples = st.builds(
    lambda pk, value, partial: item(
        pk,
        kind="multiple",
        domain="y",
        value=sorted(value) or None,
        answer=pk if value else None,
        answer_key={"right": [1, 2, 3], "partial": partial},
    ),
    st.integers(1, 10**6),
    st.sets(st.integers(1, 5)),
    st.booleans(),
)
exams = st.lists(singles | multiples, max_size=30, unique_by=lambda one: one.id)


def test_score_of_nothing_is_not_passed() -> None:
    assert not score([], pass_percent=70, known=anything).is_passed


def test_percent_shows_the_line_only_when_it_is_reached() -> None:
    assert percent_of(2, 3) == Decimal("66.66")
    assert percent_of(69999, 100000) == Decimal("69.99")
    assert percent_of(7, 10) == Decimal("70.00")


@given(exams, st.integers(1, 100))
def test_score_stays_within_bounds(exam: list[Item], line: int) -> None:
    outcome = score(exam, pass_percent=line, known=anything)
    counting = [
        one for one in exam if one.is_scored and not (one.correction and one.correction.how == "drop")
    ]
    assert 0 <= outcome.correct <= outcome.points <= outcome.total == len(counting)
    assert 0 <= outcome.percent <= 100
    assert sum(one.total for one in outcome.domains) == outcome.total
    assert sum(one.correct for one in outcome.domains) == outcome.correct
    assert sum(one.points for one in outcome.domains) == outcome.points
    assert [one.id for one in outcome.items] == [one.id for one in exam]
    assert outcome.is_passed == (bool(counting) and outcome.percent >= line)


@given(exams, st.integers(0, 2**16))
def test_score_is_the_same_in_any_order(exam: list[Item], seed: int) -> None:
    shuffled = Random(seed).sample(exam, len(exam))
    one, other = (score(items, pass_percent=70, known=anything) for items in (exam, shuffled))
    assert (one.points, one.correct, one.total, one.is_passed) == (
        other.points,
        other.correct,
        other.total,
        other.is_passed,
    )
    assert {x.id: x for x in one.items} == {x.id: x for x in other.items}
    assert {x.domain: x for x in one.domains} == {x.domain: x for x in other.domains}


@given(exams)
def test_score_twice_is_the_same(exam: list[Item]) -> None:
    first, second = (score(exam, pass_percent=70, known=anything) for _ in range(2))
    assert first == second


# --- what a correction does --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("how", "key", "points_of_1_to_3_and_none"),
    [
        ("", None, (1, 0, 0, 0)),
        ("also", {"right": [2]}, (1, 1, 0, 0)),
        ("new", {"right": [2]}, (0, 1, 0, 0)),
        ("all", None, (1, 1, 1, 1)),
        ("drop", None, (1, 0, 0, 0)),
    ],
)
def test_grade_under_each_correction(how: str, key: Any, points_of_1_to_3_and_none: tuple[int, ...]) -> None:
    correction = Correction(how, key) if how else None
    graded = [grade(item(value=value, correction=correction), anything) for value in (1, 2, 3, None)]
    assert tuple(one.points for one in graded) == points_of_1_to_3_and_none
    assert {one.is_dropped for one in graded} == {how == "drop"}


def test_dropped_and_pretest_questions_do_not_count() -> None:
    exam = [
        item(1),
        item(2, value=2),
        item(3, correction=Correction("drop")),
        item(4, is_scored=False),
        item(5, domain="y", is_scored=False),
    ]
    outcome = score(exam, pass_percent=50, known=anything)
    assert (outcome.correct, outcome.total, outcome.percent) == (1, 2, Decimal("50.00"))
    assert [(one.domain, one.total) for one in outcome.domains] == [("x", 2), ("y", 0)]


def test_partial_points_are_kept_to_three_places_and_rounded_down() -> None:
    found = grade(
        item(kind="multiple", value=[1], answer_key={"right": [1, 2, 3], "partial": True}), anything
    )
    assert (found.points, found.is_correct) == (Decimal("0.333"), False)


# --- scaled scores -----------------------------------------------------------------------------------
SCALE = {"min": 100, "max": 400, "pass": 300}


@pytest.mark.parametrize(
    ("points", "expected"),
    [("0", 100), ("69.999", 299), ("70", 300), ("35", 200), ("85", 350), ("100", 400)],
)
def test_scaled_meets_its_three_points(points: str, expected: int) -> None:
    assert scaled(Decimal(points), 100, pass_percent=70, scale=SCALE) == expected


def test_scaled_of_nothing_is_the_lowest() -> None:
    assert scaled(Decimal(0), 0, pass_percent=70, scale=SCALE) == 100


@given(st.integers(0, 150_000), st.integers(1, 150), st.integers(1, 100))
def test_scaled_passes_exactly_when_the_raw_result_does(thousandths: int, total: int, line: int) -> None:
    points = min(Decimal(thousandths) / 1000, Decimal(total))
    found = scaled(points, total, pass_percent=line, scale=SCALE)
    assert 100 <= found <= 400
    assert (found >= 300) == (100 * points >= line * total)
