"""Item statistics equal a reference calculation that shares nothing with them."""

from collections.abc import Iterable
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.exams import statistics
from courses.exams.statistics import Answered, ItemFigures, OptionFigures, Verdict, item_figures

OPTIONS = (1, 2, 3, 4)

shares = st.fractions(0, 1, max_denominator=100).map(float)
chosen = st.none() | st.frozensets(st.sampled_from(OPTIONS))
answered = st.builds(Answered, score=shares, rest=st.none() | shares, chosen=chosen)


def right_or_wrong(rest: float, option: int | None, *, key: int = 1) -> Answered:
    """An answer of a question with one right option, which was omitted for no option."""
    return Answered(float(option == key), rest, None if option is None else frozenset({option}))


def judge(rows: Iterable[Answered]) -> ItemFigures:
    return item_figures(list(rows), options=OPTIONS, key={1})


def point_biserial(rows: list[Answered]) -> float | None:
    """The textbook formula for right and wrong: (M1 - M0) / s * sqrt(p q), s over all of them."""
    right = [row.rest for row in rows if row.score == 1 and row.rest is not None]
    wrong = [row.rest for row in rows if row.score == 0 and row.rest is not None]
    if not right or not wrong:
        return None
    n = len(right) + len(wrong)
    mean = sum(right + wrong) / n
    spread = sqrt(sum((rest - mean) ** 2 for rest in right + wrong) / n)
    if spread < 1e-9:
        return None
    p = len(right) / n
    return (sum(right) / len(right) - sum(wrong) / len(wrong)) / spread * sqrt(p * (1 - p))


def test_figures_of_a_small_class() -> None:
    figures = judge(
        [
            right_or_wrong(0.9, 1),
            right_or_wrong(0.7, 1),
            right_or_wrong(0.5, 2),
            right_or_wrong(0.3, 3),
            right_or_wrong(0.1, None),
        ]
    )
    assert (figures.n, figures.omitted, figures.facility) == (5, 1, 0.4)
    # M1 0.8, M0 0.3, s = sqrt(0.08), p q = 0.24
    assert figures.discrimination == pytest.approx(0.5 / sqrt(0.08) * sqrt(0.24))
    assert figures.options == (
        OptionFigures(1, True, 2, 0.8),
        OptionFigures(2, False, 1, 0.5),
        OptionFigures(3, False, 1, 0.3),
        OptionFigures(4, False, 0, None),
    )
    assert figures.verdict == Verdict.NOT_ENOUGH


def test_figures_of_nothing_are_unknown() -> None:
    figures = judge([])
    assert (figures.n, figures.omitted, figures.facility, figures.discrimination) == (0, 0, None, None)
    assert figures.verdict == Verdict.NOT_ENOUGH


def test_figures_count_every_option_of_a_multiple_answer() -> None:
    rows = [Answered(0.5, 0.4, frozenset({1, 2})), Answered(1.0, 0.8, frozenset({1, 3}))]
    figures = item_figures(rows, options=OPTIONS, key=[1, 3])
    assert [(one.chosen, one.is_key) for one in figures.options] == [
        (2, True),
        (1, False),
        (1, True),
        (0, False),
    ]
    assert figures.discrimination == 1


@pytest.mark.parametrize(
    "rows",
    [
        [Answered(1.0, 0.1), Answered(1.0, 0.9)],  # the question does not vary
        [Answered(1.0, 0.1), Answered(0.0, 0.1), Answered(0.0, 0.1)],  # the rest does not vary
        [Answered(1.0, None), Answered(0.0, None)],  # there is no rest
        [Answered(1.0, 0.0), Answered(0.0, 1e-200)],  # it varies by less than its square can hold
    ],
)
def test_discrimination_is_none_where_it_is_undefined(rows: list[Answered]) -> None:
    assert item_figures(rows).discrimination is None


def test_answers_without_a_rest_count_but_do_not_discriminate() -> None:
    rows = [Answered(1.0, 0.9), Answered(0.0, 0.1), Answered(0.0, None, frozenset({2}))]
    figures = judge(rows)
    assert figures.n == 3
    assert figures.discrimination == pytest.approx(1)
    assert figures.options[1] == OptionFigures(2, False, 1, None)


def test_a_score_beyond_one_is_refused() -> None:
    for row in (Answered(1.5, 0.5), Answered(1.0, -0.1)):
        with pytest.raises(ValueError, match="0 to 1"):
            item_figures([row])


def weak_and_strong(n: int) -> list[float]:
    """Rest scores of ``n`` people, evenly from 0.2 to 0.98."""
    return [0.2 + 0.78 * number / (n - 1) for number in range(n)]


def test_verdict_needs_thirty_answers() -> None:
    easy = [right_or_wrong(rest, 1) for rest in weak_and_strong(30)]
    assert judge(easy[:29]).verdict == Verdict.NOT_ENOUGH
    assert judge(easy).verdict == Verdict.TOO_EASY
    nearly = [*easy, *easy, right_or_wrong(0.1, 2)]
    assert judge(nearly).verdict == Verdict.TOO_EASY


def test_verdict_sound_where_the_strong_are_right() -> None:
    assert judge(right_or_wrong(rest, 1 if rest > 0.5 else 2) for rest in weak_and_strong(40)).verdict == (
        Verdict.SOUND
    )


def test_verdict_too_hard_where_hardly_anyone_is_right() -> None:
    rows = [right_or_wrong(rest, 1 if rest > 0.9 else 2) for rest in weak_and_strong(40)]
    assert judge(rows).verdict == Verdict.TOO_HARD


def test_verdict_does_not_tell_apart_where_right_and_wrong_are_as_strong() -> None:
    # 2, 3 and 4 each draw somewhat weaker people than the key, so that none of them is to blame
    rows = [right_or_wrong(0.5, 1)] * 20 + [right_or_wrong(0.9, 1), right_or_wrong(0.4, 1)]
    rows += [right_or_wrong(0.5, 2)] * 15 + [right_or_wrong(0.52, None)] * 3
    figures = judge(rows)
    assert figures.discrimination is not None and abs(figures.discrimination) < 0.10
    assert figures.verdict == Verdict.DOES_NOT_TELL_APART


def test_verdict_wrong_option_draws_the_strong_where_the_key_is_wrong() -> None:
    rows = [right_or_wrong(rest, 2 if rest > 0.6 else 1) for rest in weak_and_strong(40)]
    figures = judge(rows)
    assert (figures.verdict, figures.drawing) == (Verdict.WRONG_DRAWS_STRONG, (2,))


def test_verdict_of_a_question_nobody_gets_right_looks_at_who_chose_what() -> None:
    rows = [right_or_wrong(rest, 2 if rest > 0.6 else 3) for rest in weak_and_strong(40)]
    assert judge(rows).drawing == (2,)


def test_a_wrong_option_between_all_and_those_who_were_right_is_not_blamed() -> None:
    rows = [right_or_wrong(0.9, 1)] * 20 + [right_or_wrong(0.7, 2)] * 6 + [right_or_wrong(0.1, 3)] * 14
    assert judge(rows).verdict == Verdict.SOUND


def test_part_of_the_points_is_not_right() -> None:
    rows = [Answered(1.0, 0.9, frozenset({1}))] * 20 + [Answered(0.5, 0.1, frozenset({1, 3}))] * 40
    rows += [Answered(0.0, 0.5, frozenset({2}))] * 8
    assert judge(rows).drawing == ()


def test_a_wrong_option_of_four_people_or_of_few_among_many_is_not_blamed() -> None:
    rows = [right_or_wrong(rest, 1 if rest > 0.4 else 3) for rest in weak_and_strong(36)]
    assert judge(rows + [right_or_wrong(1.0, 2)] * 4).verdict == Verdict.SOUND
    assert judge(rows + [right_or_wrong(1.0, 2)] * 5).verdict == Verdict.WRONG_DRAWS_STRONG
    assert judge(rows * 4 + [right_or_wrong(1.0, 2)] * 7).verdict == Verdict.SOUND


def test_every_verdict_has_its_words_and_its_rule() -> None:
    for verdict in Verdict:
        assert str(verdict.words) and str(verdict.rule)
    rules = " ".join(str(verdict.rule) for verdict in Verdict)
    for figure in (
        f"{statistics.ENOUGH} answers",
        f"{100 * statistics.TOO_EASY:g} %",
        f"{100 * statistics.TOO_HARD:g} %",
        f"{statistics.LEAST_DISCRIMINATION:.2f}",
        f"{statistics.LEAST_CHOOSERS} people",
        f"{100 * statistics.LEAST_SHARE:g} %",
    ):
        assert figure in rules


@given(st.lists(st.builds(right_or_wrong, shares, st.none() | st.sampled_from(OPTIONS)), max_size=60))
def test_discrimination_is_the_point_biserial_of_the_textbook(rows: list[Answered]) -> None:
    assert judge(rows).discrimination == pytest.approx(point_biserial(rows), abs=1e-9)


@given(st.lists(answered, max_size=50), st.integers(0, 2**16))
def test_figures_add_up_whatever_the_order(rows: list[Answered], seed: int) -> None:
    figures = judge(rows)
    shuffled = judge(Random(seed).sample(rows, len(rows)))
    assert (shuffled.n, shuffled.omitted, shuffled.verdict) == (figures.n, figures.omitted, figures.verdict)
    assert shuffled.discrimination == pytest.approx(figures.discrimination)
    assert figures.n == len(rows)
    assert figures.omitted == sum(row.chosen is None for row in rows)
    assert sum(one.chosen for one in figures.options) == sum(len(row.chosen or ()) for row in rows)
    assert figures.facility is None or 0 <= figures.facility <= 1
    assert figures.discrimination is None or -1 <= figures.discrimination <= 1


@given(st.lists(answered, max_size=50))
def test_figures_of_everyone_twice_are_the_same(rows: list[Answered]) -> None:
    once, twice = judge(rows), judge(rows * 2)
    assert twice.facility == pytest.approx(once.facility)
    assert twice.discrimination == pytest.approx(once.discrimination)
    assert [one.chosen for one in twice.options] == [2 * one.chosen for one in once.options]
