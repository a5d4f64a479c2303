"""Words of medical English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.engine import text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oedema", "edema"),
        ("oesophagus", "esophagus"),
        ("haemorrhage", "hemorrhage"),
        ("anaemia", "anemia"),
        ("leukaemia", "leukemia"),
        ("paediatric", "pediatric"),
        ("diarrhoea", "diarrhea"),
        ("tumour", "tumor"),
        ("labour", "labor"),
        ("immunisation", "immunization"),
        ("paralysed", "paralyzed"),
        ("fibre", "fiber"),
        ("sulphate", "sulfate"),
        ("foetal", "fetal"),
    ],
)
def test_british_word_is_its_american_one(one: str, other: str) -> None:
    assert text.stems(one) == text.stems(other)


@pytest.mark.parametrize(
    "forms",
    [
        "fracture fractures fractured",
        "stenosis stenotic",
        "ischemia ischemic",
        "diabetes diabetic",
        "infection infected infectious infective",
        "trauma traumatic",
        "edema edematous",
        "allergy allergic allergies",
        "disorder disorders",
        "embolus embolism embolic",
        "neuropathy neuropathic",
        "arthritis arthritic",
        "kidney renal",
        "syphilis syphilitic",
        "ii 2",
    ],
)
def test_forms_and_families_share_a_stem(forms: str) -> None:
    assert len(set(text.stems(forms))) == 1


@pytest.mark.parametrize(
    "words", ["arthritis arthropathy", "hypotension hypertension", "ileum ilium", "anemia anuria"]
)
def test_different_words_stay_apart(words: str) -> None:
    assert len(set(text.stems(words))) == 2


def test_compound_is_taken_apart() -> None:
    assert text.parts("nephrolithiasis") == tuple(text.stems("calculus kidney"))
    assert set(text.parts("gastroenteritis")) == set(text.stems("inflammation stomach intestine"))
    assert text.parts("fracture") == ()


def test_pieces_are_the_text_with_the_wanted_words_apart() -> None:
    pieces = text.pieces("Renal, or kidney?", frozenset(text.stems("kidney")))

    assert [piece for piece, wanted in pieces if wanted] == ["Renal", "kidney"]
    assert "".join(piece for piece, _wanted in pieces) == "Renal, or kidney?"


@given(st.text(max_size=80))
def test_any_text_has_words_that_are_their_own_spelling(anything: str) -> None:
    words = text.words(anything)

    assert all(word.isascii() and word.isalnum() for word in words)
    assert "".join(piece for piece, _wanted in text.pieces(anything, frozenset(words))) == anything
