"""The rules that need no database: how codes are written, words, notes, the calendar."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.codesets.editions import Edition, fiscal_year_start, missing_edition, newest_edition
from courses.codesets.notes import pieces
from courses.codesets.systems import System, is_well_formed, normalise

ICD10CM = st.from_regex(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("e11.9", "E11.9"),
        ("E119", "E11.9"),
        (" E11.9 ", "E11.9"),
        ("e11 9", "E11.9"),
        ("E11-9", "E11.9"),
        ("e11", "E11"),
        ("t07xxxa", "T07.XXXA"),
        ("qa00", "QA0.0"),
        ("a00-a09", "A00-A09"),
        ("B20-B20", "B20-B20"),
        ("4", "4"),
        ("", ""),
        ("\x00.", ""),
    ],
)
def test_normalise_writes_as_the_book_prints(typed: str, written: str) -> None:
    assert normalise("icd10cm", typed) == written


def test_normalise_leaves_other_systems_without_a_dot() -> None:
    assert normalise("hcpcs", " j 1885") == "J1885"
    assert normalise("icd10pcs", "0dtj4zz") == "0DTJ4ZZ"


@given(st.sampled_from(System.values), st.text())
def test_normalise_twice_is_once(system: str, text: str) -> None:
    once = normalise(system, text)

    assert normalise(system, once) == once


@given(ICD10CM, st.sampled_from(["", " ", "  ", "·"]))
def test_normalise_finds_the_code_however_it_is_typed(code: str, space: str) -> None:
    typed = f" {code.lower().replace('.', space)} "

    assert normalise("icd10cm", code) == normalise("icd10cm", typed) == code
    assert is_well_formed("icd10cm", code)


def test_pieces_cut_out_the_codes_in_parentheses() -> None:
    text = "type 1 diabetes (E10.-), injury (S01.1, S02.0-T14) and vitamin B12 (see below) (QA0.01)"

    assert [piece.code for piece in pieces(text) if piece.code] == ["E10", "S01.1", "S02.0", "T14", "QA0.01"]


@given(st.text(alphabet="AE10.-, ()x"))
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2026, 3, 31), Edition("FY2026", date(2025, 10, 1))),
        (date(2026, 4, 1), Edition("FY2026 April", date(2026, 4, 1))),
        (date(2026, 9, 30), Edition("FY2026 April", date(2026, 4, 1))),
        (date(2026, 10, 1), Edition("FY2027", date(2026, 10, 1))),
        (date(2021, 5, 1), Edition("FY2021", date(2020, 10, 1))),
    ],
)
def test_newest_edition_follows_october_and_april(day: date, edition: Edition) -> None:
    assert newest_edition("icd10cm", day) == edition


def test_newest_edition_of_hcpcs_is_of_the_quarter_and_of_msdrg_of_the_fiscal_year() -> None:
    assert newest_edition("hcpcs", date(2026, 3, 31)) == Edition("2026 January", date(2026, 1, 1))
    assert newest_edition("hcpcs", date(2026, 11, 23)) == Edition("2026 October", date(2026, 10, 1))
    assert newest_edition("msdrg", date(2026, 9, 30)) == Edition("FY2026 v43", date(2025, 10, 1))
    assert newest_edition("msdrg", date(2026, 10, 1)) == Edition("FY2027 v44", date(2026, 10, 1))


def test_missing_edition_is_only_a_newer_one() -> None:
    april = date(2026, 4, 1)

    assert missing_edition("icd10cm", april, date(2026, 9, 30)) is None
    assert missing_edition("icd10cm", april, date(2026, 11, 23)) == Edition("FY2027", date(2026, 10, 1))
    assert missing_edition("cpt", april, date(2026, 11, 23)) is None
    assert fiscal_year_start(date(2026, 1, 5)) == date(2025, 10, 1)
