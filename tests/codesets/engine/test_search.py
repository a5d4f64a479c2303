"""What the engine finds in a small book."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.engine import Engine, Result, build
from tests.codesets.engine.conftest import BOOK, INDEX, SYNONYMS

ENGINE = Engine(build(BOOK, INDEX))
TITLES = [entry.title for entry in BOOK if entry.kind in ("category", "code") and not entry.seventh]


def codes(results: list[Result]) -> list[str]:
    return [result.code for result in results]


@pytest.mark.parametrize("fragment", ["I20.9", "i209", "i20 9", " I20.9 ", "I20-9"])
def test_code_is_found_however_it_is_typed(fragment: str) -> None:
    result, *_others = ENGINE.search(fragment)

    assert (result.code, result.row, result.is_billable) == ("I20.9", 4, True)
    assert [(reason.kind, reason.text) for reason in result.reasons] == [("code", "I20.9")]


def test_beginning_of_a_code_lists_the_codes_below_in_their_order() -> None:
    assert codes(ENGINE.search("S72")) == ["S72", "S72.00", "S72.001"]
    assert codes(ENGINE.search("S72", limit=2)) == ["S72", "S72.00"]


def test_seventh_character_is_collapsed_unless_typed_in_full() -> None:
    assert "S72.001A" not in codes(ENGINE.search("fracture of neck of right femur"))
    assert codes(ENGINE.search("s72.001a")) == ["S72.001A"]


def test_index_term_leads_to_its_code_and_says_so() -> None:
    result, *_others = ENGINE.search("heart attack")

    assert result.code == "I21.9"
    assert [(reason.kind, reason.text) for reason in result.reasons] == [("index", "Attack, heart")]


def test_index_term_of_a_code_with_a_seventh_character_leads_to_the_row_above() -> None:
    assert codes(ENGINE.search("hip fracture"))[0] == "S72.001"


def test_synonym_leads_to_what_it_means_and_says_so() -> None:
    plain = Engine(build(BOOK))

    result, *_others = plain.search("heart attack", synonyms=SYNONYMS)

    assert result.code == "I21.9"
    assert result.reasons[-1].kind == "synonym" and result.reasons[-1].text == "heart attack"
    assert codes(plain.search("haert atack", synonyms=SYNONYMS))[0] == "I21.9"
    assert codes(plain.search("heart att", synonyms=SYNONYMS, typing=True))[0] == "I21.9"


def test_synonym_with_two_meanings_finds_both() -> None:
    found = codes(ENGINE.search("mi", synonyms=SYNONYMS))

    assert {"I21.9", "I20.9"} <= set(found)


def test_phrase_of_a_note_leads_to_the_code_that_it_names() -> None:
    result, *_others = ENGINE.search("walking pneumonia")

    assert (result.code, result.reasons[0].kind) == ("J18.9", "excludes")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("pulmonary oedema acute", "J81.0"),
        ("inflammation of the gallbladder", "K81.9"),
        ("chicken pox", "B01"),
        ("acutepulmonary edema", "J81.0"),
        ("myo cardial infarction", "I21.9"),
        ("unstabel anigna", "I20.0"),
    ],
)
def test_words_are_repaired(query: str, code: str) -> None:
    assert code in codes(ENGINE.search(query))[:3]


def test_unspecified_code_comes_first_when_no_detail_is_named() -> None:
    assert codes(ENGINE.search("angina"))[0] == "I20.9"


def test_last_word_is_a_beginning_while_typing() -> None:
    assert codes(ENGINE.search("crescendo an", typing=True))[0] == "I20.0"
    assert codes(ENGINE.search("pneumno", typing=True))[0] == "J18.9"


def test_stems_mark_the_words_that_were_found() -> None:
    result, *_others = ENGINE.search("acute lung oedema")

    assert {"acut", "lung"} <= result.stems


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\0\x07",
        "'; drop table codes; --",
        "🫀🫁",
        "(((",
        "%_",
        "the of and",
        "x" * 10_000,
        "qwer tzui " * 1_000,
    ],
)
def test_odd_text_is_answered(text: str) -> None:
    begun = time.process_time()

    assert len(ENGINE.search(text)) <= 20
    assert time.process_time() - begun < 0.5


@given(st.text(max_size=300), st.integers(1, 30), st.booleans())
def test_any_text_is_answered_within_the_limit_and_the_same_again(
    text: str, limit: int, typing: bool
) -> None:
    results = ENGINE.search(text, synonyms=SYNONYMS, limit=limit, typing=typing)

    assert len(results) <= limit
    assert len({result.row for result in results}) == len(results)
    assert results == ENGINE.search(text, synonyms=SYNONYMS, limit=limit, typing=typing)


@given(st.sampled_from(TITLES), st.randoms(use_true_random=False))
def test_order_of_the_words_does_not_lose_a_code(title: str, chance: object) -> None:
    words = title.split()
    chance.shuffle(words)  # type: ignore[attr-defined]

    assert title in [result.title for result in ENGINE.search(" ".join(words))]


@given(st.sampled_from(TITLES), st.data())
def test_typing_error_in_a_long_word_does_not_lose_a_code(title: str, data: st.DataObject) -> None:
    words = title.replace(",", "").split()
    long = [at for at, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    at = data.draw(st.sampled_from(long))
    word, place = words[at], data.draw(st.integers(1, len(words[at]) - 2))
    words[at] = data.draw(
        st.sampled_from(
            [
                word[:place] + word[place + 1 :],
                word[:place] + "q" + word[place:],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            ]
        )
    )

    assert title in [result.title for result in ENGINE.search(" ".join(words), limit=10)]
