"""What titles give away: sides, what is left open, what a heading still lacks. No database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.hints import (
    Node,
    Title,
    asked_for,
    complete,
    differences,
    has_side,
    is_manifestation,
    more_specific,
    side_codes,
)
from courses.codesets.notes import pieces

NECK = "Fracture of unspecified part of neck of {} femur, initial encounter for closed fracture"
FEMUR = [
    Title("S72.001A", NECK.format("right")),
    Title("S72.002A", NECK.format("left")),
    Title("S72.009A", NECK.format("unspecified")),
]
EYE = "Primary open-angle glaucoma, {}, mild stage"
GLAUCOMA = [
    Title("H40.1111", EYE.format("right eye")),
    Title("H40.1121", EYE.format("left eye")),
    Title("H40.1131", EYE.format("bilateral")),
    Title("H40.1191", EYE.format("unspecified eye")),
]
KNEE = [
    Title("M17.0", "Bilateral primary osteoarthritis of knee"),
    Title("M17.10", "Unilateral primary osteoarthritis, unspecified knee"),
    Title("M17.11", "Unilateral primary osteoarthritis, right knee"),
    Title("M17.12", "Unilateral primary osteoarthritis, left knee"),
    Title("M17.2", "Bilateral post-traumatic osteoarthritis of knee"),
]
HEMIPLEGIA = [
    Title("G81.90", "Hemiplegia, unspecified affecting unspecified side"),
    Title("G81.91", "Hemiplegia, unspecified affecting right dominant side"),
    Title("G81.92", "Hemiplegia, unspecified affecting left dominant side"),
    Title("G81.93", "Hemiplegia, unspecified affecting right nondominant side"),
]


def sides(own: str, titles: list[Title]) -> dict[str, str]:
    title = next(one for one in titles if one.code == own)
    return {one.code: one.side for one in side_codes(title, titles)}


# --- sides -------------------------------------------------------------------------------------------
def test_sided_code_names_the_other_sides() -> None:
    assert sides("S72.001A", FEMUR) == {"S72.002A": "left", "S72.009A": "unspecified"}


def test_code_of_unspecified_side_names_right_and_left() -> None:
    assert sides("S72.009A", FEMUR) == {"S72.001A": "right", "S72.002A": "left"}


@pytest.mark.parametrize("own", [one.code for one in GLAUCOMA])
def test_bilateral_belongs_to_both_eyes(own: str) -> None:
    assert set(sides(own, GLAUCOMA)) == {one.code for one in GLAUCOMA} - {own}


def test_bilateral_may_be_worded_otherwise() -> None:
    assert sides("M17.0", KNEE) == {"M17.10": "unspecified", "M17.11": "right", "M17.12": "left"}


def test_dominant_sides_are_told_apart() -> None:
    assert sides("G81.90", HEMIPLEGIA) == {
        "G81.91": "right dominant",
        "G81.92": "left dominant",
        "G81.93": "right nondominant",
    }


def test_unspecified_that_is_no_side_has_no_sides() -> None:
    titles = [Title("J18.9", "Pneumonia, unspecified organism"), Title("J18.1", "Lobar pneumonia")]

    assert sides("J18.9", titles) == {}


def test_other_part_of_the_body_is_no_other_side() -> None:
    titles = [Title("M79.601", "Pain in right arm"), Title("M79.605", "Pain in left leg")]

    assert sides("M79.601", titles) == {}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fracture of right femur", True),
        ("Blindness, both eyes", True),
        ("Blindness right eye, low vision left eye", False),
        ("Copyright", False),
    ],
)
def test_side_is_a_word_that_stands_once(title: str, expected: bool) -> None:
    assert has_side(title) is expected


# --- manifestations, unspecified ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Dementia in other diseases classified elsewhere, mild", True),
        ("Glaucoma in diseases classified elsewhere", True),
        ("Myositis in infectious and parasitic diseases classified elsewhere", True),
        ("Streptococcus, group A, as the cause of diseases classified elsewhere", False),
        ("Pneumonia in children, not elsewhere classified", False),
    ],
)
def test_manifestation_is_in_a_disease(title: str, expected: bool) -> None:
    assert is_manifestation(title) is expected


def test_more_specific_puts_other_last() -> None:
    own = Title("M54.50", "Low back pain, unspecified")
    beside = [Title("M54.59", "Other low back pain"), own, Title("M54.51", "Vertebrogenic low back pain")]

    assert [one.code for one in more_specific(own, beside)] == ["M54.51", "M54.59"]


def test_nothing_is_more_specific_than_a_plain_title() -> None:
    assert more_specific(Title("E11.9", "without complications"), [Title("E11.8", "with")]) == ()


# --- what differs ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (["Pain in right arm", "Pain in left arm"], ["right arm", "left arm"]),
        (
            ["Diabetes with coma", "Diabetes with foot ulcer", "Diabetes without complications"],
            ["with coma", "with foot ulcer", "without complications"],
        ),
        (["Ulcer with fat exposed", "Ulcer with necrosis"], ["with fat exposed", "with necrosis"]),
        (["Felty's syndrome", "Rheumatoid lung"], ["Felty's syndrome", "Rheumatoid lung"]),
        (["Poisoning by, and underdosing of opium", "Poisoning by heroin"], None),
        (["Same", "Same"], None),
        (["Alone"], None),
        ([], None),
    ],
)
def test_differences(titles: list[str], expected: list[str] | None) -> None:
    assert differences(titles) == (titles if expected is None else expected)


@pytest.mark.parametrize(
    ("labels", "is_seventh", "expected"),
    [
        (["right femur", "left femur", "unspecified femur"], False, "side"),
        (["first trimester", "second trimester"], False, "trimester"),
        (["initial encounter", "subsequent encounter", "sequela"], True, "encounter (7th character)"),
        (["mild stage", "severe stage"], True, "stage"),
        (["fetus 1", "fetus 2"], True, "fetus (7th character)"),
        (["one", "two"], True, "7th character"),
        (["with coma", "without coma"], False, "what comes with it"),
        (["nipple", "axillary tail"], False, "kind or site"),
    ],
)
def test_level_asks_in_plain_words(labels: list[str], is_seventh: bool, expected: str) -> None:
    assert asked_for(labels, is_seventh=is_seventh) == expected


# --- the way to a complete code ----------------------------------------------------------------------
ROOT = Node("S72", "Fracture of femur", "", False, False)
TREE = [
    Node("S72.0", "Fracture of neck of femur", "S72", False, False),
    Node("S72.3", "Fracture of shaft of femur", "S72", False, False),
    Node("S72.00", "Fracture of neck of femur, part unknown", "S72.0", False, False),
    Node("S72.001", "Fracture of neck of right femur", "S72.00", False, True),
    Node("S72.002", "Fracture of neck of left femur", "S72.00", False, True),
    Node("S72.301", "Fracture of shaft of right femur", "S72.3", False, True),
    Node("S72.302", "Fracture of shaft of left femur", "S72.3", False, True),
]
SEVENTHS = [
    Node("S72.001A", "Fracture of neck of right femur, initial encounter", "S72.001", True, False, "A"),
    Node("S72.001S", "Fracture of neck of right femur, sequela", "S72.001", True, False, "S"),
]


def test_heading_asks_its_first_level_and_names_what_follows() -> None:
    way = complete(ROOT, TREE)

    assert way.open is not None and way.open.asks == "kind or site"
    assert [choice.code for choice in way.open.choices] == ["S72.0", "S72.3"]
    assert way.then == ("side", "7th character")


def test_level_with_one_choice_answers_itself() -> None:
    way = complete(ROOT, TREE, "S72.0")

    assert way.reached.code == "S72.00"
    assert [level.at for level in way.answered] == ["S72"]
    assert way.open is not None and way.open.asks == "side"


def test_last_level_is_the_seventh_character() -> None:
    way = complete(ROOT, TREE + SEVENTHS, "S72.001")

    assert way.open is not None
    assert [choice.label for choice in way.open.choices] == ["initial encounter", "sequela"]
    assert (way.open.asks, way.then) == ("encounter (7th character)", ())


def test_complete_code_lacks_nothing() -> None:
    way = complete(ROOT, TREE + SEVENTHS, "S72.001A")

    assert (way.reached.code, way.reached.is_billable, way.open, way.then) == ("S72.001A", True, None, ())
    assert [level.chosen.label for level in way.answered if level.chosen][1:] == [
        "right femur",
        "initial encounter",
    ]


@pytest.mark.parametrize("to", ["", "S72", "E11.9", "S72.001A", "\x00", "S72.999"])
def test_what_is_not_below_is_as_if_nothing_was_chosen(to: str) -> None:
    assert complete(ROOT, TREE, to).answered == ()


def test_heading_without_rows_below_is_reached_at_once() -> None:
    way = complete(ROOT, [])

    assert (way.levels, way.open, way.reached) == ((), None, ROOT)


# --- any titles ----------------------------------------------------------------------------------------
WORDS = st.sampled_from("right left bilateral unspecified with without of eye femur stage ( , other".split())
TITLES = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=5)


@given(TITLES)
def test_every_title_keeps_a_label_in_its_place(titles: list[str]) -> None:
    labels = differences(titles)

    assert len(labels) == len(titles)
    assert all(label in title for label, title in zip(labels, titles, strict=True))


@given(TITLES)
def test_sides_are_mutual(titles: list[str]) -> None:
    rows = [Title(str(place), title) for place, title in enumerate(titles)]
    found = {row.code: {one.code for one in side_codes(row, rows)} for row in rows if has_side(row.title)}

    assert all(own not in others for own, others in found.items())
    for own, others in found.items():
        assert all(own in found[other] for other in others if other in found)


@given(st.text(max_size=200))
def test_pieces_of_any_note_join_to_the_note(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text
