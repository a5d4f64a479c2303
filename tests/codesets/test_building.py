"""Which values of a table may still be chosen."""

from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.building import PLACES, Build, Row, build, label_at, tails
from courses.codesets.records import Axis
from tests.codesets.pcs_sample import NEW_SUBSTANCES, RESECTION


def open_at(state: Build, place: int) -> str:
    column = state.columns[place - 4]
    return "".join(one.value for one in column.choices if not one.blocked_by)


def test_build_of_nothing_leaves_all_open_and_settles_what_has_one_value() -> None:
    state = build(RESECTION, {})

    assert (open_at(state, 4), open_at(state, 5)) == ("GHJ", "04F")
    assert state.values == {6: "Z", 7: "Z"}
    assert [column.is_settled for column in state.columns] == [False, False, True, True]
    assert (state.rows, state.tail) == ((0, 1), "")


def test_build_blocks_what_no_row_allows_and_names_the_blocker() -> None:
    state = build(RESECTION, {4: "J"})

    assert open_at(state, 5) == "04"
    assert [(one.value, one.blocked_by) for one in state.columns[1].blocked] == [("F", (4,))]
    assert open_at(state, 4) == "GHJ", "another body part may take the place of the chosen one"
    assert state.rows == (0,)


def test_build_settles_a_character_with_one_value_left() -> None:
    state = build(RESECTION, {5: "F"})

    assert state.values == {4: "G", 5: "F", 6: "Z", 7: "Z"}
    assert state.tail == "GFZZ"
    assert state.columns[0].is_settled and not state.columns[1].is_settled


def test_build_of_values_that_exclude_each_other_has_no_row() -> None:
    state = build(RESECTION, {4: "J", 5: "F"})

    assert state.rows == () and state.tail == ""
    assert [one.value for one in state.columns[0].choices if one.is_chosen] == ["J"]
    assert state.columns[0].chosen.blocked_by == (5,)  # type: ignore[union-attr]


def test_build_keeps_a_value_that_stands_nowhere_apart() -> None:
    state = build(RESECTION, {4: "J", 5: "4", 7: "G"})

    assert state.unknown == {7: "G"}
    assert state.tail == "J4ZG" and state.rows == ()
    assert open_at(state, 5) == "04", "what is unknown blocks nothing"


def test_values_of_two_meanings_show_both_until_a_choice_tells() -> None:
    assert build(NEW_SUBSTANCES, {}).columns[2].choices[0].labels == ("First Drug", "Second Drug")
    assert build(NEW_SUBSTANCES, {7: "6"}).columns[2].choices[0].labels == ("Second Drug",)


def test_build_without_rows_is_empty() -> None:
    state = build((), {4: "J"})

    assert (state.rows, state.tail, state.unknown) == ((), "", {4: "J"})
    assert [column.choices for column in state.columns] == [(), (), (), ()]


def test_label_is_that_of_the_row_of_the_code() -> None:
    code = {4: "3", 5: "3", 6: "1", 7: "5"}

    assert label_at(NEW_SUBSTANCES, "X", code, 6) == "First Drug"
    assert label_at(NEW_SUBSTANCES, "X", code | {7: "6"}, 6) == "Second Drug"


def test_label_of_a_newer_code_is_told_only_when_certain() -> None:
    newer = {4: "3", 5: "3", 6: "1", 7: "7"}

    assert label_at(NEW_SUBSTANCES, "X", newer, 6) == "", "no row of group 7 vouches for it"
    assert label_at(NEW_SUBSTANCES[:1], "X", newer, 6) == "", "nor does the only row there is"
    assert label_at(NEW_SUBSTANCES, "X", newer, 4) == "Peripheral Vein"
    assert label_at(RESECTION, "0", {4: "J", 5: "4", 6: "Z", 7: "G"}, 4) == "Appendix"
    assert label_at(RESECTION, "0", {4: "J", 5: "4", 6: "Z", 7: "G"}, 7) == ""


VALUES = st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["one", "two"]), min_size=1, max_size=3)
ROWS = st.lists(
    st.tuples(VALUES, VALUES, VALUES, VALUES).map(
        lambda axes: tuple(Axis(place, "x", values) for place, values in zip(PLACES, axes, strict=True))
    ),
    min_size=1,
    max_size=4,
)
ASKED = st.dictionaries(st.sampled_from(PLACES), st.sampled_from("ABCD"))


@given(rows=ROWS, asked=ASKED)
def test_open_values_are_exactly_those_of_a_code_that_the_table_makes(
    rows: list[Row], asked: dict[int, str]
) -> None:
    state, made = build(rows, asked), tails(rows)
    known = {place: value for place, value in asked.items() if place not in state.unknown}

    for column in state.columns:
        for one in column.choices:
            wanted = known | {column.place: one.value}
            exists = any(all(code[p - 4] == v for p, v in wanted.items()) for code in made)
            assert exists == (not one.blocked_by)
    if state.tail and not state.unknown and state.rows:
        assert state.tail in made
    assert bool(state.rows) == any(all(code[p - 4] == v for p, v in asked.items()) for code in made)
