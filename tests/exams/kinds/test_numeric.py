"""Numbers as people write them."""

from typing import Any

import pytest

from courses.exams.kinds.base import BadAnswer
from courses.exams.kinds.numeric import KIND
from tests.exams.kinds.reading import Page
from tests.exams.kinds.samples import SAMPLES, Rendered

MADE = KIND.make(SAMPLES["numeric"], Rendered())


def known(system: str, code: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        ("12.5 %", "12.5"),
        ("12.50%", "12.5"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1 234.5", "1234.5"),
        ("1,234", "1234"),
        ("1,234,567", "1234567"),
        ("0,125", "0.125"),
        ("$ 1,200", "1200"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("+3", "3"),
        ("-0", "0"),
        ("007", "7"),
        ("", None),
    ],
)
def test_clean_reads_numbers_as_people_write_them(typed: str, value: str | None) -> None:
    assert KIND.clean(MADE.asked, {"number": [typed]}) == value


@pytest.mark.parametrize(
    "typed", ["many", "1.2.3", "1,2,3", "1e5", "12 5", "NaN", "Infinity", "٣", "--1", "9" * 41]
)
def test_clean_refuses_what_is_no_number(typed: str) -> None:
    with pytest.raises(BadAnswer):
        KIND.clean(MADE.asked, {"number": [typed]})


@pytest.mark.parametrize(
    ("value", "points"), [("12.5", 1), ("12.4", 1), ("12.6", 1), ("12.61", 0), ("12.39", 0), ("-12.5", 0)]
)
def test_the_tolerance_counts_up_and_down_and_its_ends_are_right(value: str, points: int) -> None:
    assert KIND.grade(MADE.answer_key, value, known).points == points


def test_without_a_tolerance_only_the_number_itself_is_right() -> None:
    made = KIND.make({"answer": 3, "rationale": "a"}, Rendered())
    assert KIND.grade(made.answer_key, "3", known).points == 1
    assert KIND.grade(made.answer_key, "3.0001", known).points == 0


def test_the_unit_is_shown_and_heard_and_may_be_typed() -> None:
    made = KIND.make({**SAMPLES["numeric"], "unit": "mL"}, Rendered())
    assert Page(KIND.form(made.asked, [], "12.5")).labels == {"number": "Your answer, mL"}
    assert KIND.clean(made.asked, {"number": ["12.5 ml"]}) == "12.5"
    assert KIND.say(made.explained, "12.5") == "12.5 mL"


def test_explain_tells_the_answer_with_its_tolerance() -> None:
    html = KIND.explain(MADE.explained, MADE.answer_key, [], "13", [])
    assert "Not right" in html
    assert "12.5 %, give or take 0.1" in html
    assert "5 of 40 claims" in html


@pytest.mark.parametrize(
    "fields",
    [{"answer": "a dozen"}, {"answer": ""}, {"tolerance": "-1"}, {"tolerance": "few"}, {"unit": "2 mL"}],
)
def test_problems_refuse_what_cannot_be_compared(fields: dict[str, Any]) -> None:
    assert len(KIND.problems({**SAMPLES["numeric"], **fields})) == 1
