"""What holds for every kind of question."""

import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.exams import kinds
from courses.exams.kinds.base import BadAnswer, Documents, Kind
from tests.exams.kinds.reading import Page
from tests.exams.kinds.samples import SAMPLES, Rendered, right_fields

CANARY = "CANARY"
KEYS = sorted(kinds.registered())


def made(key: str) -> tuple[Kind, Documents]:
    kind = kinds.get(key)
    return kind, kind.make(SAMPLES[key], Rendered())


def everything_known(system: str, code: str) -> bool:
    return True


def nothing_known(system: str, code: str) -> bool:
    return False


def test_registered_has_a_sample_of_every_kind() -> None:
    assert sorted(SAMPLES) == KEYS
    assert KEYS == [
        "case_set",
        "entry",
        "matching",
        "multiple",
        "numeric",
        "ordering",
        "single",
        "true_false",
    ]


def test_get_refuses_an_unknown_kind() -> None:
    with pytest.raises(kinds.UnknownKind):
        kinds.get("essay")


@pytest.mark.parametrize("key", KEYS)
def test_a_good_source_has_no_problems_and_no_gaps(key: str) -> None:
    kind = kinds.get(key)
    assert kind.problems(SAMPLES[key]) == []
    assert kind.gaps(SAMPLES[key]) == []


@pytest.mark.parametrize("key", KEYS)
def test_every_rationale_that_is_missing_is_a_gap(key: str) -> None:
    bare = json.loads(json.dumps(SAMPLES[key]), object_hook=without_rationale)
    kind = kinds.get(key)
    assert kind.problems(bare) == []
    assert len(kind.gaps(bare)) == json.dumps(SAMPLES[key]).count('"rationale"')


def without_rationale(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "rationale"}


def without_mistake(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "mistake"}


@pytest.mark.parametrize("key", KEYS)
def test_an_empty_source_has_problems(key: str) -> None:
    assert kinds.get(key).problems({}) != []


@pytest.mark.parametrize("key", KEYS)
def test_documents_are_json_and_made_alike_each_time(key: str) -> None:
    kind, documents = made(key)
    again = kind.make(json.loads(json.dumps(SAMPLES[key])), Rendered())
    for document, same in zip(documents, again, strict=True):
        assert json.loads(json.dumps(document)) == document == same


class OnlyKnown(Rendered):
    """Knows the texts that were named before, as the bank does."""

    def __init__(self, known: set[str]) -> None:
        self.known = known

    def bare(self, markdown: str) -> str:
        assert markdown in self.known
        return super().bare(markdown)

    def linked(self, markdown: str) -> str:
        assert markdown in self.known
        return super().linked(markdown)


@pytest.mark.parametrize("key", KEYS)
def test_make_renders_only_texts_that_were_named(key: str) -> None:
    kind = kinds.get(key)
    kind.make(SAMPLES[key], OnlyKnown(set(kind.texts(SAMPLES[key]))))


@pytest.mark.parametrize("key", KEYS)
def test_texts_hold_all_markdown_of_the_source(key: str) -> None:
    words = "\n".join(kinds.get(key).texts(SAMPLES[key]))
    for name in ("rationale", "prompt", "pair"):
        for text in values_of(SAMPLES[key], name):
            assert text in words


def values_of(doc: Any, name: str) -> list[str]:
    rows = doc.values() if isinstance(doc, dict) else doc if isinstance(doc, list) else []
    own = [doc[name]] if isinstance(doc, dict) and name in doc else []
    return own + [text for row in rows for text in values_of(row, name)]


@pytest.mark.parametrize("key", KEYS)
def test_the_right_answer_is_worth_everything(key: str) -> None:
    kind, documents = made(key)
    value = kind.clean(documents.asked, right_fields(key, documents))
    grade = kind.grade(documents.answer_key, value, nothing_known)
    assert grade.points == 1
    assert grade.is_correct
    assert kind.say(documents.explained, value) != ""


@pytest.mark.parametrize("key", KEYS)
def test_no_answer_is_worth_nothing_and_can_be_explained(key: str) -> None:
    kind, documents = made(key)
    assert kind.clean(documents.asked, {}) is None
    grade = kind.grade(documents.answer_key, None, everything_known)
    assert grade.points == 0
    assert not grade.is_correct
    Page(kind.explain(documents.explained, documents.answer_key, [], None, grade.detail))
    assert kind.say(documents.explained, None) == ""
    assert list(kind.entered(None)) == []


@pytest.mark.parametrize("key", KEYS)
def test_every_field_has_a_label_of_its_own(key: str) -> None:
    kind, documents = made(key)
    page = Page(kind.form(documents.asked, kind.order(documents.asked), None))
    assert page.names
    assert all(page.labels[name] for name in page.names)
    if key != "case_set":  # there the legend of the part tells two "Code 1" apart
        assert len(set(page.labels.values())) == len(page.labels)


@pytest.mark.parametrize("key", KEYS)
def test_names_of_fields_begin_with_what_was_asked_for(key: str) -> None:
    kind, documents = made(key)
    plain = Page(kind.form(documents.asked, [], None)).names
    assert Page(kind.form(documents.asked, [], None, name="p7-")).names == [f"p7-{name}" for name in plain]


def canaried(doc: Any) -> Any:
    if isinstance(doc, dict):
        return {
            name: f"{CANARY} {value}" if name in ("rationale", "mistake") else canaried(value)
            for name, value in doc.items()
        }
    return [canaried(one) for one in doc] if isinstance(doc, list) else doc


@pytest.mark.parametrize("key", KEYS)
def test_the_room_is_told_no_rationale_and_no_mistake(key: str) -> None:
    kind = kinds.get(key)
    documents = kind.make(canaried(SAMPLES[key]), Rendered())
    value = kind.clean(documents.asked, right_fields(key, documents))
    shown = kind.form(documents.asked, kind.order(documents.asked), value)
    assert CANARY not in json.dumps(documents.asked)
    assert CANARY not in shown
    assert CANARY in json.dumps(documents.explained)


def other_key(key: str) -> dict[str, Any]:
    """The sample with another key, of which the room may show no difference."""
    source: dict[str, Any] = json.loads(json.dumps(SAMPLES[key]), object_hook=without_mistake)
    rows = source.get("choices", [])
    match key:
        case "single" | "true_false":
            rows[0]["correct"], rows[1]["correct"] = rows[1].get("correct"), rows[0].get("correct")
        case "multiple":
            rows[0]["correct"], rows[2]["correct"] = False, True
            source["partial"] = False
        case "ordering":
            source["choices"] = rows[::-1]
        case "matching":
            rows[0]["pair"], rows[1]["pair"] = rows[1]["pair"], rows[0]["pair"]
            rows[2]["pair"], source["extra_pairs"] = source["extra_pairs"][0], [rows[2]["pair"]]
        case "entry":
            source["lines"][0] |= {"code": "J0120", "alternatives": [], "units": 2}
            source["lines"][2] |= {"optional": False}
        case "numeric":
            source |= {"answer": "77", "tolerance": "3"}
        case "case_set":
            source["parts"][0]["lines"][0]["code"] = "I10"
    return source


@pytest.mark.parametrize("key", KEYS)
def test_the_room_is_told_nothing_that_depends_on_the_key(key: str) -> None:
    kind, documents = made(key)
    other = kind.make(other_key(key), Rendered())
    assert kind.problems(other_key(key)) == []
    assert other.answer_key != documents.answer_key
    assert json.dumps(other.asked) == json.dumps(documents.asked)
    assert kind.fits(documents.asked, other.answer_key)


@pytest.mark.parametrize(
    ("key", "answer_key"),
    [
        ("single", {"right": [5]}),
        ("multiple", {"right": [1, 6], "partial": True}),
        ("true_false", {"right": [3]}),
        ("ordering", {"order": [1, 2, 3]}),
        ("matching", {"pairs": {"1": 1, "2": 2, "3": 9}}),
        ("matching", {"pairs": {"1": 1, "2": 2}}),
        ("case_set", {"parts": []}),
    ],
)
def test_a_corrected_key_must_speak_of_what_was_asked(key: str, answer_key: dict[str, Any]) -> None:
    kind, documents = made(key)
    assert kind.fits(documents.asked, documents.answer_key)
    assert not kind.fits(documents.asked, answer_key)


@pytest.mark.parametrize("key", KEYS)
def test_an_attempt_shows_every_option_once_and_never_the_answer(key: str) -> None:
    kind, documents = made(key)
    for seed in range(200):
        order = kinds.shuffled(kind, documents.asked, documents.answer_key, Random(seed))
        assert sorted(order) == sorted(kind.order(documents.asked))
        if key == "ordering":
            assert order != documents.answer_key["order"]


# --- what anybody may send --------------------------------------------------------------------------------

HOSTILE = [
    "99",
    "0",
    "-1",
    "1e3",
    "٣",
    "1\x00",
    "\ud800",
    "x" * 10_000,
    "<script>alert(1)</script>",
    "None",
    '{"a": 1}',
    "\u2028",
]


def hostile_fields() -> list[dict[str, list[str]]]:
    names = ["choice", "place-1", "place-99", "match-1", "match-x", "code-1", "code-13", "modifiers-1"]
    names += ["units-1", "number", "p1-code-1", "p9-choice", "p1-place-1", "place-", "code-", "p0-choice"]
    return [{name: [text]} for name in names for text in HOSTILE]


@pytest.mark.parametrize("key", KEYS)
def test_clean_refuses_or_makes_a_small_answer_that_can_be_graded_and_stored(key: str) -> None:
    kind, documents = made(key)
    for fields in hostile_fields():
        answers(kind, documents, fields)


def answers(kind: Kind, documents: Documents, fields: dict[str, list[str]]) -> None:
    """Clean, grade, show and explain what was sent, or see it refused."""
    try:
        value = kind.clean(documents.asked, fields)
    except BadAnswer:
        return
    stored = json.dumps(value, ensure_ascii=False)
    stored.encode()
    assert len(stored) < 2000
    assert "\x00" not in stored
    value = json.loads(stored)
    for known in (everything_known, nothing_known):
        grade = kind.grade(documents.answer_key, value, known)
        assert 0 <= grade.points <= 1
        assert grade.points == grade.points.quantize(Decimal("0.001"))
        assert json.loads(json.dumps(grade.detail)) == grade.detail
        html = kind.explain(
            documents.explained, documents.answer_key, kind.order(documents.asked), value, grade.detail
        )
        Page(html)
        assert "<script" not in html
    Page(kind.explain(documents.explained, documents.answer_key, [], value, []))  # without what was graded
    form = kind.form(documents.asked, kind.order(documents.asked), value)
    assert "<script" not in form
    assert kind.clean(documents.asked, Page(form).fields) == value
    kind.say(documents.explained, value)
    kind.chosen(value)
    for system, code in kind.entered(value):
        assert len(system) + len(code) < 50


@pytest.mark.parametrize("key", KEYS)
def test_clean_refuses_options_lines_and_parts_that_there_are_not(key: str) -> None:
    kind, documents = made(key)
    unknown = {
        "single": {"choice": ["5"]},
        "true_false": {"choice": ["3"]},
        "multiple": {"choice": ["1", "7"]},
        "ordering": {"place-5": ["1"]},
        "matching": {"match-4": ["1"]},
        "entry": {"code-4": ["A4550"]},
        "numeric": {"number": ["many"]},
        "case_set": {"p4-choice": ["1"]},
    }[key]
    with pytest.raises(BadAnswer):
        kind.clean(documents.asked, unknown)


@pytest.mark.parametrize("key", KEYS)
def test_clean_survives_thousands_of_fields(key: str) -> None:
    kind, documents = made(key)
    assert kind.clean(documents.asked, {f"other{n}": ["1"] * 9 for n in range(5000)}) is None
    many = {name: ["1"] * 5000 for name in Page(kind.form(documents.asked, [], None)).names}
    answers(kind, documents, many)
    for prefix in ("place-", "match-", "code-", "p1-code-", "p"):
        answers(kind, documents, {f"{prefix}{n}-choice": ["1"] for n in range(5000)})


def sent_to(key: str) -> st.SearchStrategy[dict[str, list[str]]]:
    kind, documents = made(key)
    names = sorted(set(Page(kind.form(documents.asked, [], None)).names))
    codes = ["e11.22", "E1122", "n18.30", "N18.31", "I13.0", "j1100", "J1094", "L3908", "A4550", "Z794", "XX"]
    text = st.one_of(
        st.sampled_from(["", "1", "2", "3", "4", "12,5 %", "LT, rt", "LT-59", "-", "1,234.5", "−3"]),
        st.sampled_from(codes),
        st.text(max_size=12),
    )
    return st.dictionaries(st.sampled_from(names), st.lists(text, max_size=4))


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=50)
@given(data=st.data())
def test_what_was_cleaned_comes_back_from_its_own_form(key: str, data: st.DataObject) -> None:
    kind, documents = made(key)
    answers(kind, documents, data.draw(sent_to(key)))


# --- what writers may give --------------------------------------------------------------------------------

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def spoilt(doc: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """A source of which some values are something else, or gone."""
    match draw(st.integers(0, 11)):
        case 0:
            return draw(JSON)
        case 1 if isinstance(doc, list):
            return [*doc, *doc]
    if isinstance(doc, dict):
        return {name: spoilt(value, draw) for name, value in doc.items() if draw(st.integers(0, 11))}
    return [spoilt(one, draw) for one in doc] if isinstance(doc, list) else doc


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=50)
@given(data=st.data())
def test_any_source_is_refused_with_a_reason_or_can_be_asked(key: str, data: st.DataObject) -> None:
    kind = kinds.get(key)
    drawn = spoilt(SAMPLES[key], data.draw)
    source = drawn if isinstance(drawn, dict) else {}
    kind.gaps(source)
    list(kind.texts(source))
    list(kind.codes(source))
    if problems := kind.problems(source):
        assert all(isinstance(one, str) and one for one in problems)
        return
    documents = kind.make(source, Rendered())
    json.dumps(documents)
    Page(kind.form(documents.asked, kind.order(documents.asked), None))
    grade = kind.grade(documents.answer_key, None, everything_known)
    assert grade.points == 0
    Page(kind.explain(documents.explained, documents.answer_key, [], None, grade.detail))


@pytest.mark.parametrize("key", KEYS)
def test_blanks_of_the_editor_have_names_and_labels(key: str) -> None:
    kind = kinds.get(key)
    for blank in (*kind.blanks, *kind.row_blanks):
        assert blank.name.isidentifier()
        assert str(blank.label)
    assert bool(kind.row_blanks) == (kind.row_count != (0, 0))
    written = {*SAMPLES[key], *(name for row in SAMPLES[key].get(kind.rows_name, []) for name in row)}
    known = {blank.name for blank in (*kind.blanks, *kind.row_blanks)} | {kind.rows_name}
    assert key == "case_set" or written <= known
