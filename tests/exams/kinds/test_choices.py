"""Options: one right, several right, true or false."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.exams import kinds
from courses.exams.kinds.base import BadAnswer
from tests.exams.kinds.reading import Page
from tests.exams.kinds.samples import SAMPLES, Rendered

MULTIPLE = kinds.get("multiple")
MADE = MULTIPLE.make(SAMPLES["multiple"], Rendered())  # 1, 2 and 5 are right
ALL_OR_NOTHING = MULTIPLE.make({**SAMPLES["multiple"], "partial": False}, Rendered())


def known(system: str, code: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("chosen", "part", "whole"),
    [
        ([1, 2, 5], "1", "1"),
        ([1, 2], "0.666", "0"),
        ([1, 2, 3], "0.333", "0"),
        ([1, 3], "0", "0"),
        ([3, 4], "0", "0"),
        ([1, 2, 3, 4, 5], "0.333", "0"),
        (None, "0", "0"),
    ],
)
def test_a_wrong_choice_takes_away_what_a_right_one_gives(chosen: Any, part: str, whole: str) -> None:
    assert MULTIPLE.grade(MADE.answer_key, chosen, known).points == Decimal(part)
    assert MULTIPLE.grade(ALL_OR_NOTHING.answer_key, chosen, known).points == Decimal(whole)


@given(
    st.lists(st.integers(1, 5), max_size=5).flatmap(lambda one: st.tuples(st.just(one), st.permutations(one)))
)
def test_the_order_and_repetition_of_choices_do_not_matter(both: tuple[list[int], list[int]]) -> None:
    first, second = (MULTIPLE.clean(MADE.asked, {"choice": [str(pk) for pk in one]}) for one in both)
    assert first == second
    assert MULTIPLE.chosen(first) == sorted(set(both[0]))


def test_the_room_tells_how_many_to_choose() -> None:
    assert "Choose 3." in MULTIPLE.form(MADE.asked, [], None)


def test_a_struck_option_is_shown_struck_and_a_chosen_one_checked() -> None:
    html = MULTIPLE.form(MADE.asked, [5, 4, 3, 2, 1], [2, 5], struck=[3])
    assert Page(html).fields == {"choice": ["5", "2"]}
    assert html.count("is-struck") == 1


def test_multiple_refuses_more_choices_than_options() -> None:
    with pytest.raises(BadAnswer):
        MULTIPLE.clean(MADE.asked, {"choice": ["1"] * 6})


def test_multiple_wants_two_right_options_and_four_to_six() -> None:
    assert MULTIPLE.problems(SAMPLES["single"]) == ["At least two options must be correct."]
    three = {"choices": SAMPLES["multiple"]["choices"][:3]}
    assert MULTIPLE.problems(three) == ["Options: here are 3, not 4 to 6."]


def test_single_names_every_problem() -> None:
    choices = [
        {"text": "A", "correct": True, "mistake": "none"},
        {"text": "A"},
        {"text": " ", "correct": True},
    ]
    assert kinds.get("single").problems({"choices": choices}) == [
        "Options: here are 3, not 4.",
        "Exactly one option must be correct.",
        "Option 3 has no text.",
        "Option 1 is correct and names a mistake.",
        "Two options have the same text.",
    ]


def test_true_stands_first_whatever_the_writer_put_first() -> None:
    kind = kinds.get("true_false")
    made = kind.make({"choices": SAMPLES["true_false"]["choices"][::-1]}, Rendered())
    html = kind.form(made.asked, [], None)
    assert html.index("True") < html.index("False")
    assert kind.order(made.asked) == []
    value = kind.clean(made.asked, {"choice": ["1"]})
    assert kind.grade(made.answer_key, value, known).is_correct
    assert kind.say(made.explained, value) == "False"


def test_true_false_takes_the_yes_and_no_of_yaml_and_refuses_other_words() -> None:
    kind = kinds.get("true_false")
    assert kind.problems({"choices": [{"text": True, "correct": True}, {"text": False}]}) == []
    assert kind.problems({"choices": [{"text": "Yes", "correct": True}, {"text": "No"}]}) == [
        "The options must be “True” and “False”."
    ]


def test_explain_says_what_was_chosen_what_is_right_and_why() -> None:
    kind = kinds.get("single")
    made = kind.make(SAMPLES["single"], Rendered())
    html = kind.explain(made.explained, made.answer_key, [4, 3, 2, 1], 2, [])
    assert "Your answer, not right" in html
    assert "Right answer" in html
    assert "The mistake: wrong laterality." in html
    assert html.index("H25.10") < html.index("H25.11")
