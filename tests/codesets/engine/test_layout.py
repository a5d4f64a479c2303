"""The file of an index."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.engine import Engine, build
from courses.codesets.engine.indexing import cited
from courses.codesets.engine.layout import VERSION
from tests.codesets.engine.conftest import BOOK, INDEX

FILE = build(BOOK, INDEX)


def test_same_book_gives_the_same_bytes() -> None:
    assert build(BOOK, INDEX) == FILE


def test_file_answers_as_its_bytes_do(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(FILE)

    assert Engine(tmp_path / "index").search("angina") == Engine(FILE).search("angina")


def test_book_without_rows_answers_nothing() -> None:
    empty = Engine(build(()))

    assert empty.search("angina") == empty.search("I20") == []


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_changed_byte_is_refused(at: int, change: int) -> None:
    damaged = bytearray(FILE)
    damaged[at] ^= change

    with pytest.raises(ValueError, match="index"):
        Engine(bytes(damaged))


@given(st.integers(0, len(FILE) - 1))
def test_cut_file_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="index"):
        Engine(FILE[:length])


def test_other_version_is_refused() -> None:
    other = FILE[:8] + (VERSION + 1).to_bytes(4, "little") + FILE[12:]

    with pytest.raises(ValueError, match=f"version {VERSION + 1}"):
        Engine(other)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index").touch()

    with pytest.raises(ValueError, match="empty"):
        Engine(tmp_path / "index")


@pytest.mark.parametrize(
    ("note", "phrases"),
    [
        ("bronchiectasis (J47.-)", [("bronchiectasis", "J47")]),
        ("chronic (simple) bronchitis (J41.0)", [("chronic (simple) bronchitis", "J41.0")]),
        ("syncytial virus (RSV) pneumonia (J12.1)", [("syncytial virus (RSV) pneumonia", "J12.1")]),
        ("gangrene (K82.A1), or perforation (K82.A2)", [("gangrene", "K82.A1"), ("perforation", "K82.A2")]),
        ("influenza (J09, J10)", [("influenza", "J09"), ("influenza", "J10")]),
        ("diseases of the newborn (P35-P39)", []),
        ("no code at all", []),
    ],
)
def test_note_names_the_codes_that_it_cites(note: str, phrases: list[tuple[str, str]]) -> None:
    assert list(cited(note)) == phrases
