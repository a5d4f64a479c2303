"""Words that are one or two typing errors away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.engine.spelling import Speller, letters_of

WORDS = ["abscess", "angina", "ileum", "ilium", "pneumonia", "pneumonitis", "heart"]
SPELLER = Speller(letters_of(WORDS).reshape(-1))
SOME = st.text("abc", min_size=5, max_size=12)


def errors(one: str, other: str) -> list[int]:
    """The plain table: errors between ``one`` and every beginning of ``other``."""
    table = [[row + column for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            wrong = table[i - 1][j - 1] + (one[i - 1] != other[j - 1])
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, wrong)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("absces", ["abscess"]),
        ("anigna", ["angina"]),
        ("pnuemonia", ["pneumonia"]),
        ("pneumoniaa", ["pneumonia"]),
        ("neumonai", ["pneumonia"]),
        ("ilum", ["ileum", "ilium"]),
        ("ilaum", ["ileum", "ilium"]),
        ("hert", ["heart"]),
        ("her", []),
        ("12345", []),
        ("fracture", []),
    ],
)
def test_nearest_words_are_found(typed: str, meant: list[str]) -> None:
    assert [WORDS[at] for at, _errors in SPELLER.near(typed)] == meant


def test_beginning_of_a_word_is_near_the_word() -> None:
    assert {WORDS[at] for at, _errors in SPELLER.near("pnuemon", begun=True)} == {"pneumonia", "pneumonitis"}


@given(st.lists(SOME, min_size=1, max_size=20), SOME)
def test_distance_is_that_of_the_plain_table(words: list[str], typed: str) -> None:
    speller = Speller(letters_of(words).reshape(-1))
    everywhere = np.arange(len(words))

    whole, begun = (speller._errors(typed, everywhere, begun) for begun in (False, True))

    for word, of_word, of_beginning in zip(words, whole, begun, strict=True):
        table = errors(typed, word)
        if len(word) <= len(typed) + 2:  # longer words are never compared as a whole
            assert of_word == table[-1]
        assert min(of_beginning, 3) == min(*table[: len(typed) + 3], 3)
