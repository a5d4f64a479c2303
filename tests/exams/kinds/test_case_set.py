"""A case: its parts are questions of other kinds, weighed by their points."""

import json
from decimal import Decimal
from typing import Any

import pytest

from courses.exams import kinds
from courses.exams.kinds.base import BadAnswer
from tests.exams.kinds.reading import Page
from tests.exams.kinds.samples import RIGHT, SAMPLES, Rendered

KIND = kinds.get("case_set")
MADE = KIND.make(SAMPLES["case_set"], Rendered())


def known(system: str, code: str) -> bool:
    return True


def test_a_part_counts_by_its_points() -> None:
    value = KIND.clean(MADE.asked, {"p1-code-1": ["I13.0"], "p3-choice": ["2"]})
    grade = KIND.grade(MADE.answer_key, value, known)
    assert grade.points == Decimal("0.5")
    assert [one["points"] for one in grade.detail] == ["1", "0", "0"]


def test_what_is_not_all_right_is_never_worth_everything() -> None:
    simple = {"prompt": "Which?", "kind": "single", **SAMPLES["single"]}
    pairs = {"prompt": "Match.", "kind": "matching", **SAMPLES["matching"]}
    made = KIND.make({"parts": [{**simple, "points": 99}, {**pairs, "points": "0.1"}]}, Rendered())
    grade = KIND.grade(made.answer_key, {"1": 1}, known)
    assert grade.points == Decimal("0.998")
    assert not grade.is_correct


def test_the_answer_keeps_only_the_parts_that_were_answered() -> None:
    assert KIND.clean(MADE.asked, {"p3-choice": ["4"]}) == {"3": 4}
    assert KIND.clean(MADE.asked, {"p1-code-1": [" "], "p3-choice": [""]}) is None


def test_a_refusal_names_the_part() -> None:
    with pytest.raises(BadAnswer, match="Part 3: "):
        KIND.clean(MADE.asked, {"p3-choice": ["9"]})


def test_codes_typed_in_any_part_are_asked_for() -> None:
    value = KIND.clean(MADE.asked, RIGHT["case_set"])
    assert set(KIND.entered(value)) >= {
        ("icd10cm", "I13.0"),
        ("icd10cm", "N18.30"),
        ("icd10cm", "E11.22"),
    }
    assert ("icd10cm", "Z79.4") in set(KIND.codes(SAMPLES["case_set"]))


def test_each_part_is_a_group_with_its_question() -> None:
    html = KIND.form(MADE.asked, [], None)
    Page(html)
    assert html.count("<fieldset") == html.count("<legend") == 3
    assert "Part 1 of 3 (points: 2)" in html
    assert "first-listed" in html


def test_equal_points_are_not_told() -> None:
    parts = [{**one, "points": 1} for one in SAMPLES["case_set"]["parts"]]
    assert "points" not in KIND.form(KIND.make({"parts": parts}, Rendered()).asked, [], None)


def test_explain_and_say_tell_of_each_part() -> None:
    value = KIND.clean(MADE.asked, {"p2-code-1": ["E11.22"], "p3-choice": ["1"]})
    grade = KIND.grade(MADE.answer_key, value, known)
    html = KIND.explain(MADE.explained, MADE.answer_key, [], value, grade.detail)
    assert html.count('role="group" aria-label="Part ') == 3
    assert "Not answered" in html and "Partly right" in html
    assert KIND.say(MADE.explained, value) == "Part 2: E11.22 | Part 3: H25.11"


def test_the_fields_of_a_part_may_stand_apart_as_the_editor_writes_them() -> None:
    apart = [
        {
            "prompt": one["prompt"],
            "kind": one["kind"],
            "points": one.get("points", ""),
            "fields": {name: one[name] for name in one if name not in ("prompt", "kind", "points")},
        }
        for one in SAMPLES["case_set"]["parts"]
    ]
    assert KIND.problems({"parts": apart}) == []
    assert json.dumps(KIND.make({"parts": apart}, Rendered())) == json.dumps(MADE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "case_set"}, "Part 3 has no kind that there is."),
        ({"kind": "essay"}, "Part 3 has no kind that there is."),
        ({"prompt": ""}, "Part 3 has no question."),
        ({"points": 0}, "Part 3: points are a number above 0 such as 2."),
        ({"points": "many"}, "Part 3: points are a number above 0 such as 2."),
        ({"choices": []}, "Part 3: Options: here are 0, not 4."),
    ],
)
def test_problems_name_the_part(change: dict[str, Any], says: str) -> None:
    parts = [dict(one) for one in SAMPLES["case_set"]["parts"]]
    parts[2] |= change
    assert says in KIND.problems({"parts": parts})


def test_gaps_name_the_part() -> None:
    parts = [dict(one) for one in SAMPLES["case_set"]["parts"]]
    parts[0]["lines"] = [{**parts[0]["lines"][0], "rationale": ""}]
    assert KIND.gaps({"parts": parts}) == ["Part 1: Code 1 has no rationale."]
