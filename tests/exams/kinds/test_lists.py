"""Putting steps into order and matching two lists."""

import json
from decimal import Decimal
from typing import Any

from courses.exams import kinds
from tests.exams.kinds.reading import Page
from tests.exams.kinds.samples import SAMPLES, Rendered

ORDERING, MATCHING = kinds.get("ordering"), kinds.get("matching")
STEPS = ORDERING.make(SAMPLES["ordering"], Rendered())
PAIRS = MATCHING.make(SAMPLES["matching"], Rendered())


def known(system: str, code: str) -> bool:
    return True


def places(*steps: int) -> dict[str, int]:
    return {str(pk): place for place, pk in enumerate(steps, start=1)}


def test_ordering_is_all_or_nothing_and_says_which_steps_are_in_place() -> None:
    first, second, third, fourth = STEPS.answer_key["order"]
    grade = ORDERING.grade(STEPS.answer_key, places(first, third, second, fourth), known)
    assert grade.points == 0
    assert [one["is_right"] for one in grade.detail] == [True, False, False, True]
    assert ORDERING.grade(STEPS.answer_key, places(first, second, third, fourth), known).points == 1


def test_an_incomplete_order_keeps_what_was_chosen() -> None:
    value = ORDERING.clean(STEPS.asked, {"place-2": ["1"], "place-3": [""], "place-1": ["1"]})
    assert value == {"1": 1, "2": 1}
    assert ORDERING.grade(STEPS.answer_key, value, known).points == 0


def test_a_step_is_labelled_by_its_words() -> None:
    labels = Page(ORDERING.form(STEPS.asked, [3, 1, 4, 2], None)).labels
    assert list(labels) == ["place-3", "place-1", "place-4", "place-2"]
    assert all(label.startswith("Place of: ") for label in labels.values())


def test_explain_shows_the_right_order_with_the_place_given() -> None:
    first, second, third, _fourth = STEPS.answer_key["order"]
    value = places(second, first, third)
    detail = ORDERING.grade(STEPS.answer_key, value, known).detail
    html = ORDERING.explain(STEPS.explained, STEPS.answer_key, [], value, detail)
    assert html.index("Find the main term") < html.index("Verify the code") < html.index("Add the missing")
    assert "You put it at place 2" in html
    assert "In its place" in html
    assert "You gave it no place" in html
    assert ORDERING.say(STEPS.explained, value).startswith("1. Verify the code in the Tabular List; 2. Find")


def test_ordering_refuses_too_few_steps_empty_ones_and_twins() -> None:
    assert ORDERING.problems({"choices": [{"text": "A"}, {"text": ""}]}) == [
        "Steps: here are 2, not 3 to 8.",
        "Step 2 has no text.",
    ]
    assert ORDERING.problems({"choices": [{"text": "A"}, {"text": "A"}, {"text": "B"}]}) == [
        "Two steps have the same text."
    ]


def test_matching_gives_the_share_of_right_pairs() -> None:
    right = PAIRS.answer_key["pairs"]
    assert MATCHING.grade(PAIRS.answer_key, {"1": right["1"]}, known).points == Decimal("0.333")
    swapped = {"1": right["2"], "2": right["1"], "3": right["3"]}
    grade = MATCHING.grade(PAIRS.answer_key, swapped, known)
    assert grade.points == Decimal("0.333")
    assert [one["is_right"] for one in grade.detail] == [False, False, True]
    assert MATCHING.grade(PAIRS.answer_key, right, known).points == 1


def test_matching_shows_plain_answers_escaped_once() -> None:
    html = MATCHING.form(PAIRS.asked, [], None)
    assert "fluid out &amp; away" in html
    assert "&amp;amp;" not in html
    assert Page(html).labels["match-1"] == "Excision"


def test_long_answers_stand_in_a_list_with_letters() -> None:
    html = MATCHING.form(PAIRS.asked, [], None)
    assert 'class="answers"' in html
    assert ">A: " in html
    short: dict[str, Any] = {"choices": [{"text": str(n), "pair": f"of {n}"} for n in range(3)]}
    assert 'class="answers"' not in MATCHING.form(MATCHING.make(short, Rendered()).asked, [], None)


def test_two_pairs_may_share_an_answer() -> None:
    source = {"choices": [{"text": name, "pair": pair} for name, pair in ["aX", "bX", "cY"]]}
    assert MATCHING.problems(source) == []
    made = MATCHING.make(source, Rendered())
    assert len(made.asked["right"]) == 2
    assert made.answer_key["pairs"]["1"] == made.answer_key["pairs"]["2"]


def test_matching_takes_one_text_of_lines_for_its_extra_answers() -> None:
    source = {**SAMPLES["matching"], "extra_pairs": "Taking fluid out & away\n"}
    assert json.dumps(MATCHING.make(source, Rendered())) == json.dumps(PAIRS)


def test_matching_names_every_problem() -> None:
    choices = [{"text": "a", "pair": "1"}, {"text": "a", "pair": ""}, {"text": "", "pair": "2"}]
    assert MATCHING.problems({"choices": choices, "extra_pairs": ["1"]}) == [
        "Pair 3 has no left side.",
        "Pair 2 has no answer.",
        "Two pairs have the same left side.",
        "An answer that belongs to nothing stands twice or belongs to a pair.",
    ]


def test_explain_of_pairs_shows_both_answers() -> None:
    value = {"1": PAIRS.answer_key["pairs"]["2"]}
    html = MATCHING.explain(PAIRS.explained, PAIRS.answer_key, [], value, [])
    assert html.count('data-label="Right answer"') == 3
    assert "Not right" in html and "Not answered" in html
    assert MATCHING.say(PAIRS.explained, value) == "Excision → Cutting out all of a body part"
