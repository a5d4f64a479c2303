"""Codes typed as an answer: what is equal, what is worth how much, what is said of each line."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.exams.kinds.base import BadAnswer
from courses.exams.kinds.entry import KIND
from tests.exams.kinds.reading import Page
from tests.exams.kinds.samples import Rendered

BOOK = {"E11.9", "E11.65", "I10", "Z79.4", "N18.31", "N18.30", "J1100", "L3908", "J11.00", "99213"}

THREE: list[dict[str, Any]] = [
    {"system": "icd10cm", "code": "E11.65", "rationale": "a"},
    {"system": "icd10cm", "code": "N18.31", "alternatives": ["N18.30"], "rationale": "b"},
    {"system": "icd10cm", "code": "Z79.4", "optional": True, "rationale": "c"},
]


def known(system: str, code: str) -> bool:
    return code in BOOK


def graded(source: dict[str, Any], *codes: str) -> tuple[Decimal, list[str]]:
    """Points, and the verdicts of the lines typed and then of the lines missed."""
    made = KIND.make(source, Rendered())
    value = KIND.clean(made.asked, {f"code-{n}": [code] for n, code in enumerate(codes, start=1)})
    grade = KIND.grade(made.answer_key, value, known)
    return grade.points, [one["verdict"] for one in grade.detail]


def lines(*rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"ordered": False, "lines": list(rows), **fields}


@pytest.mark.parametrize("typed", ["E11.65", "e11.65", "E1165", " e 11 65 ", "e11-65", "E11.6 5"])
def test_a_code_is_the_same_however_it_is_written(typed: str) -> None:
    made = KIND.make(lines(THREE[0]), Rendered())
    assert KIND.clean(made.asked, {"code-1": [typed]}) == [{"code": "E11.65", "modifiers": [], "units": "1"}]


def test_all_required_codes_in_any_order_are_worth_everything() -> None:
    assert graded(lines(*THREE), "N1831", "E1165") == (1, ["right", "right", "left_out"])


def test_an_optional_code_hurts_neither_when_there_nor_when_not() -> None:
    assert graded(lines(*THREE), "Z79.4", "N18.31", "E11.65") == (1, ["optional", "right", "right"])


def test_an_optional_code_alone_is_worth_nothing() -> None:
    assert graded(lines(*THREE), "Z79.4") == (0, ["optional", "missed", "missed"])


def test_an_alternative_is_accepted_once() -> None:
    points, verdicts = graded(lines(*THREE), "E11.65", "N18.30", "N18.31")
    assert points == Decimal("0.666")
    assert sorted(verdicts) == ["alternative", "left_out", "right", "wrong"] or sorted(verdicts) == [
        "left_out",
        "right",
        "right",
        "wrong",
    ]


def test_a_code_too_many_costs_its_share() -> None:
    assert graded(lines(*THREE, open=True), "E11.65", "N18.31", "I10", "E11.9") == (
        Decimal("0.5"),
        ["right", "right", "wrong", "wrong", "left_out"],
    )


def test_a_missing_code_costs_its_share() -> None:
    assert graded(lines(*THREE), "E11.65") == (Decimal("0.5"), ["right", "missed", "left_out"])


def test_no_code_at_all_is_told_apart_from_a_wrong_one() -> None:
    assert graded(lines(*THREE), "Q99.99", "I10") == (0, ["invalid", "wrong", "missed", "missed", "left_out"])


def test_a_code_of_the_key_is_right_even_where_the_book_does_not_know_it() -> None:
    assert graded(lines({"system": "cpt", "code": "99214", "rationale": "a"}), "99214") == (1, ["right"])


def test_a_code_twice_is_a_duplicate() -> None:
    points, verdicts = graded(lines(*THREE), "E11.65", "E1165", "N18.31")
    assert points == Decimal("0.666")
    assert sorted(verdicts) == ["duplicate", "left_out", "right", "right"]


def test_the_order_counts_where_it_is_asked() -> None:
    source = lines(THREE[0], THREE[1], ordered=True)
    assert graded(source, "E11.65", "N18.31") == (1, ["right", "right"])
    assert graded(source, "N18.31", "E11.65") == (0, ["misplaced", "misplaced", "missed", "missed"])


def test_an_empty_line_keeps_the_place_of_the_next() -> None:
    source = lines(THREE[0], THREE[1], ordered=True)
    assert graded(source, "", "N18.31") == (Decimal("0.5"), ["right", "missed"])


def test_an_optional_line_left_out_moves_the_later_ones_up() -> None:
    optional_first = {"system": "icd10cm", "code": "I10", "optional": True, "rationale": "a"}
    source = lines(optional_first, THREE[0], THREE[1], ordered=True)
    assert graded(source, "E11.65", "N18.31")[0] == 1
    assert graded(source, "I10", "E11.65", "N18.31")[0] == 1
    assert graded(source, "E11.65", "I10", "N18.31")[0] < 1


HCPCS = lines({"system": "hcpcs", "code": "J1100", "modifiers": ["RT", "59"], "units": 4, "rationale": "a"})


@pytest.mark.parametrize(
    ("modifiers", "units", "points", "verdict"),
    [
        ("RT 59", "4", "1", "right"),
        ("59-rt", "04", "1", "right"),
        ("rt,59", "4", "1", "right"),
        ("RT", "4", "0.5", "partly"),
        ("RT, 59", "", "0.5", "partly"),
        ("", "", "0.5", "partly"),
        ("LT 59", "4", "0.5", "partly"),
    ],
)
def test_modifiers_and_units_are_half_of_a_line(
    modifiers: str, units: str, points: str, verdict: str
) -> None:
    made = KIND.make(HCPCS, Rendered())
    fields = {"code-1": ["j1100"], "modifiers-1": [modifiers], "units-1": [units]}
    grade = KIND.grade(made.answer_key, KIND.clean(made.asked, fields), known)
    assert (grade.points, grade.detail[0]["verdict"]) == (Decimal(points), verdict)


@pytest.mark.parametrize(
    "fields",
    [
        {"units-1": ["0"]},
        {"units-1": ["-1"]},
        {"units-1": ["1.5"]},
        {"units-1": ["99999"]},
        {"modifiers-1": ["LEFTSIDE"]},
        {"modifiers-1": ["L1 L2 L3 L4 L5 L6 L7 L8 L9"]},
        {"code-1": ["?"]},
        {"code-1": ["J1100\x00"]},
        {"code-1": ["J" * 21]},
    ],
)
def test_clean_refuses_what_is_no_line(fields: dict[str, list[str]]) -> None:
    with pytest.raises(BadAnswer):
        KIND.clean(KIND.make(HCPCS, Rendered()).asked, fields)


def test_modifiers_typed_before_their_code_are_kept() -> None:
    made = KIND.make(HCPCS, Rendered())
    value = KIND.clean(made.asked, {"modifiers-1": ["rt"]})
    assert value == [{"code": "", "modifiers": ["RT"], "units": ""}]
    assert KIND.grade(made.answer_key, value, known).points == 0
    assert Page(KIND.form(made.asked, [], value)).fields["modifiers-1"] == ["RT"]


def test_several_systems_keep_a_code_as_it_was_typed_and_compare_it_by_the_line() -> None:
    source = lines(
        {"system": "hcpcs", "code": "J1100", "rationale": "a"},
        {"system": "icd10cm", "code": "E11.65", "rationale": "b"},
    )
    made = KIND.make(source, Rendered())
    value = KIND.clean(made.asked, {"code-1": ["e1165"], "code-2": ["j1100"]})
    assert [one["code"] for one in value] == ["E1165", "J1100"]
    assert KIND.grade(made.answer_key, value, known).points == 1
    assert {("icd10cm", "E11.65"), ("hcpcs", "J1100")} <= set(KIND.entered(value))


def test_form_has_as_many_lines_as_codes_and_twelve_when_the_number_is_not_told() -> None:
    told = Page(KIND.form(KIND.make(lines(*THREE), Rendered()).asked, [], None))
    untold = Page(KIND.form(KIND.make(lines(*THREE, open=True), Rendered()).asked, [], None))
    assert told.names == ["code-1", "code-2", "code-3"]
    assert untold.names == [f"code-{number}" for number in range(1, 13)]
    assert told.labels["code-2"] == "Code 2"


def test_form_says_whether_the_order_counts_where_there_is_more_than_one_line() -> None:
    ordered = KIND.make(lines(*THREE, ordered=True), Rendered()).asked
    assert "The order counts." in KIND.form(ordered, [], None)
    assert "order" not in KIND.form(KIND.make(lines(THREE[0], ordered=True), Rendered()).asked, [], None)


def test_form_asks_for_modifiers_only_where_a_line_uses_them_or_the_number_is_open() -> None:
    plain = lines({"system": "hcpcs", "code": "J1100", "rationale": "a"})
    assert Page(KIND.form(KIND.make(plain, Rendered()).asked, [], None)).names == ["code-1"]
    names = Page(KIND.form(KIND.make({**plain, "open": True}, Rendered()).asked, [], None)).names
    assert names[:3] == ["code-1", "modifiers-1", "units-1"]
    assert Page(KIND.form(KIND.make(HCPCS, Rendered()).asked, [], None)).labels == {
        "code-1": "Code 1",
        "modifiers-1": "Modifiers of code 1",
        "units-1": "Units of code 1",
    }


def test_codes_are_normalised_with_their_alternatives() -> None:
    source = lines({"system": "icd10cm", "code": "n1831", "alternatives": "n1830, E11.9", "rationale": "a"})
    assert list(KIND.codes(source)) == [("icd10cm", "N18.31"), ("icd10cm", "N18.30"), ("icd10cm", "E11.9")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"system": "snomed", "code": "X"}, "code system"),
        ({"system": "icd10cm", "code": "hello there"}, "cannot be a code"),
        ({"system": "icd10cm", "code": "E08-E13"}, "cannot be a code"),
        ({"system": "hcpcs", "code": "LT"}, "cannot be a code"),
        ({"system": "icd10cm", "code": "E11.9", "alternatives": ["E119"]}, "stands twice"),
        ({"system": "icd10cm", "code": "E11.9", "modifiers": ["LT"]}, "no modifiers"),
        ({"system": "icd10cm", "code": "E11.9", "units": 2}, "no modifiers"),
        ({"system": "hcpcs", "code": "J1100", "modifiers": ["LEFT"]}, "two letters"),
        ({"system": "hcpcs", "code": "J1100", "units": 0}, "whole number"),
        ({"system": "icd10cm", "code": "E11.9", "optional": True}, "required"),
    ],
)
def test_problems_name_what_is_wrong_with_a_line(line: dict[str, Any], says: str) -> None:
    problems = KIND.problems(lines(line))
    assert any(says in one for one in problems), problems


def test_problems_refuse_one_code_twice_but_not_with_other_modifiers() -> None:
    left = {"system": "hcpcs", "code": "L3908", "modifiers": ["LT"]}
    assert KIND.problems(lines(left, {**left, "modifiers": ["RT"]})) == []
    assert KIND.problems(lines(left, left)) == ["Two lines are the same code."]


def test_explain_shows_each_entry_its_verdict_and_the_key() -> None:
    made = KIND.make(HCPCS, Rendered())
    value = KIND.clean(made.asked, {"code-1": ["<b>J1100"], "modifiers-1": ["LT"], "units-1": ["2"]})
    grade = KIND.grade(made.answer_key, value, known)
    html = KIND.explain(made.explained, made.answer_key, [], value, grade.detail)
    assert 'data-label="Your entry"' in html
    assert "Not a valid code" in html
    assert "BJ1100-LT × 2" in html
    assert 'href="/codes/hcpcs/J1100/"' in html
    assert "59-RT × 4" in html


def test_explain_of_a_corrected_key_shows_no_rationale_of_another_code() -> None:
    made = KIND.make(lines({**THREE[0], "rationale": "CANARY"}), Rendered())
    other = KIND.make(lines({**THREE[0], "code": "I10"}), Rendered())
    value = KIND.clean(made.asked, {"code-1": ["I10"]})
    html = KIND.explain(made.explained, other.answer_key, [], value, [])
    assert "CANARY" not in html
    assert "Right" in html


@settings(max_examples=100)
@given(data=st.data())
def test_an_answer_without_order_is_worth_the_same_in_any_order(data: st.DataObject) -> None:
    codes = ["E11.65", "N18.31", "N18.30", "Z79.4", "I10", "Q99.99"]
    rows = data.draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "system": st.just("icd10cm"),
                    "code": st.sampled_from(codes),
                    "alternatives": st.lists(st.sampled_from(codes), max_size=2, unique=True),
                    "optional": st.booleans(),
                }
            ),
            min_size=1,
            max_size=4,
        )
    )
    source = lines(*rows, open=True)
    typed = data.draw(st.lists(st.sampled_from(codes), min_size=1, max_size=6))
    shuffled = data.draw(st.permutations(typed))
    if not KIND.problems(source):
        points, verdicts = graded(source, *typed)
        again, _verdicts = graded(source, *shuffled)
        assert points == again
        assert 0 <= points <= 1
        assert len(verdicts) >= len(typed)


@pytest.mark.parametrize("ordered", [True, False])
def test_the_longest_answer_is_graded_at_once(ordered: bool) -> None:
    rows = [
        {"system": "hcpcs", "code": "L3908", "modifiers": [f"A{n:X}"], "optional": n > 0, "rationale": "a"}
        for n in range(12)
    ]
    made = KIND.make(lines(*rows, open=True, ordered=ordered), Rendered())
    fields = {f"code-{n}": ["L3908"] for n in range(1, 13)}
    grade = KIND.grade(made.answer_key, KIND.clean(made.asked, fields), known)
    assert len(grade.detail) == 12
