"""The reader of the order files: each field and each trap on rows of our own, then the whole files."""

from collections import Counter
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.codesets.actions import package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.formats import icd10cm_tabular
from courses.codesets.formats.order_file import parse
from courses.codesets.records import CodeList, Entry
from tests.codesets.formats.mutating import mutated, outcome
from tests.codesets.formats.official import official

#: code, billable, long title, short title where it is another
Row = tuple[str, int, str] | tuple[str, int, str, str]

CM: list[Row] = [
    ("B20", 1, "Human immunodeficiency virus [HIV] disease"),
    ("C44", 0, "Other malignant neoplasm of skin"),
    ("C44112", 0, "Basal cell carcinoma of skin of right eyelid"),
    ("C441121", 1, "Basal cell carcinoma of skin of right upper eyelid"),
    ("C441122", 1, "Basal cell carcinoma of skin of right lower eyelid"),
    ("S72", 0, "Fracture of femur"),
    ("S7200", 0, "Fracture of neck of femur"),
    ("S72001", 0, "Fracture of neck of right femur"),
    ("S72001A", 1, "Fracture of neck of right femur, initial encounter", "Fx neck of r femur, init"),
    ("S72001D", 1, "Fracture of neck of right femur, subsequent encounter", "Fx neck of r femur, subs"),
    ("T07", 0, "Unspecified multiple injuries"),
    ("T07XXXA", 1, "Unspecified multiple injuries, initial  encounter"),
    ("QA0", 0, "Disorders related to genetic variants"),
    ("QA00", 1, "Disorder related to a variant"),
]
PCS: list[Row] = [
    ("001", 0, "Central Nervous System and Cranial Nerves, Bypass"),
    ("0016070", 1, "Bypass Cerebral Ventricle to Nasopharynx, Open Approach", "Bypass Cereb Vent, Open"),
    ("X2A", 0, "Cardiovascular System, Assistance"),
    ("X2A5312", 1, "Cerebral Embolic Filtration, Dual Filter, New Technology Group 2"),
]


def line(order: int, code: str, billable: int, title: str, short: str | None = None) -> str:
    return f"{order:05} {code:<7} {billable} {(title if short is None else short)[:60]:<60} {title}\r\n"


def text(rows: list[Row]) -> str:
    return "".join(line(order, *row) for order, row in enumerate(rows, 1))


def read(content: str | bytes, system: str = "icd10cm") -> CodeList:
    return parse(BytesIO(content.encode() if isinstance(content, str) else content), system)


@pytest.fixture(scope="module")
def rows() -> dict[str, Entry]:
    return {entry.code: entry for entry in read(text(CM)).entries}


# --- what comes out ----------------------------------------------------------------------------------
def test_rows_come_in_the_order_of_the_book_with_their_dots(rows: dict[str, Entry]) -> None:
    book = "B20 C44 C44.112 C44.1121 C44.1122 S72 S72.00 S72.001 S72.001A S72.001D T07 T07.XXXA QA0 QA0.0"

    assert list(rows) == book.split()


def test_file_names_no_year() -> None:
    assert read(text(CM)).version == ""


def test_header_and_code_are_told_apart(rows: dict[str, Entry]) -> None:
    found = {code: (entry.kind, entry.is_billable) for code, entry in rows.items()}

    assert found["B20"] == ("category", True)
    assert found["S72"] == ("category", False)
    assert found["S72.00"] == ("code", False)
    assert found["S72.001A"] == ("code", True)


def test_title_is_the_long_one_and_the_short_one_is_kept_where_it_differs(rows: dict[str, Entry]) -> None:
    assert rows["S72.001A"].title == "Fracture of neck of right femur, initial encounter"
    assert rows["S72.001A"].details == {"short_title": "Fx neck of r femur, init"}
    assert (rows["B20"].title, rows["B20"].details) == ("Human immunodeficiency virus [HIV] disease", {})


def test_spaces_of_a_title_are_collapsed(rows: dict[str, Entry]) -> None:
    assert rows["T07.XXXA"].title == "Unspecified multiple injuries, initial encounter"


def test_row_stands_under_the_nearest_that_its_code_begins_with() -> None:
    entries = read(text(CM)).entries
    parents = {entry.code: entry.parent for entry in entries}

    assert {code: entries[place].code for code, place in parents.items() if place is not None} == {
        "C44.112": "C44",
        "C44.1121": "C44.112",
        "C44.1122": "C44.112",
        "S72.00": "S72",
        "S72.001": "S72.00",
        "S72.001A": "S72.001",
        "S72.001D": "S72.001",
        "T07.XXXA": "T07",
        "QA0.0": "QA0",
    }


def test_seventh_characters_are_known_by_placeholder_and_meaning(rows: dict[str, Entry]) -> None:
    assert {code: entry.seventh for code, entry in rows.items() if entry.seventh} == {
        "S72.001A": "A",
        "S72.001D": "D",
        "T07.XXXA": "A",
    }
    assert [code for code, entry in rows.items() if entry.takes_seventh] == ["S72.001", "T07"]


def test_pcs_codes_stand_under_their_three_characters() -> None:
    entries = read(text(PCS), "icd10pcs").entries

    assert [(e.kind, e.code, e.is_billable, e.parent) for e in entries] == [
        ("category", "001", False, None),
        ("code", "0016070", True, 0),
        ("category", "X2A", False, None),
        ("code", "X2A5312", True, 2),
    ]
    assert not any(entry.seventh or entry.takes_seventh for entry in entries)
    assert entries[1].details == {"short_title": "Bypass Cereb Vent, Open"}


# --- how it may be written ---------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1"])
def test_letters_with_accents_are_read_in_each_encoding(encoding: str) -> None:
    content = text([("H81", 0, "Disorders of vestibular function"), ("H810", 1, "Ménière's disease")])

    found = read(content.encode(encoding))

    assert found.entries[1].title == "Ménière's disease"


@pytest.mark.parametrize(
    "content",
    [
        text(CM).replace("\r\n", "\n"),
        text(CM) + "\r\n  \r\n",
        text(CM).removesuffix("\r\n"),
        text(CM).replace("virus [HIV]", "virus\xa0[HIV]"),
    ],
    ids=["unix", "empty lines at the end", "no end of the last line", "hard space"],
)
def test_harmless_differences_change_nothing(content: str) -> None:
    assert read(content) == read(text(CM))


# --- what is refused ---------------------------------------------------------------------------------
def changed(number: int, old: str, new: str, rows: list[Row] = CM) -> str:
    lines = text(rows).splitlines(keepends=True)
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return "".join(lines)


GOOD = text(CM)


def named(value: object) -> str | None:
    """Cases are called by line and reason, not by a whole file."""
    return "file" if isinstance(value, str | bytes) and len(value) > 100 else None


@pytest.mark.parametrize(
    ("content", "number", "reason"),
    [
        (changed(3, "00003", "00004"), 3, "order number is 00004 where 00003 belongs"),
        (changed(3, "00003", "00002"), 3, "order number is 00002 where 00003 belongs"),
        ("".join(GOOD.splitlines(keepends=True)[1:]), 1, "order number is 00002 where 00001 belongs"),
        (changed(3, "00003", "   3 "), 3, "does not begin with an order number"),
        (changed(3, "00003", "٠٠٠٠٣"), 3, "does not begin with an order number"),
        (changed(4, "C441121", "c441121"), 4, "no code in columns 7 to 13"),
        (changed(4, "C441121 1", "C441121X1"), 4, "no code in columns 7 to 13"),
        (changed(4, "C441121", "C44 121"), 4, "“C44 121” is not a code of ICD-10-CM"),
        (changed(4, "C441121", "C4     "), 4, "“C4” is not a code of ICD-10-CM"),
        (changed(3, "C44112 ", "C441120"), 3, "“C441120” is not a header of ICD-10-CM"),
        (changed(4, "C441121 1", "C441121 2"), 4, "neither 0 nor 1 in column 15"),
        (changed(4, "C441121 1", "C441121  "), 4, "neither 0 nor 1 in column 15"),
        (changed(1, "\r\n", "x" * 60 + "\r\n").replace(" Human", "xHuman", 1), 1, "neither 0 nor 1"),
        (changed(9, " Fracture of neck", "xFracture of neck"), 9, "column 77 is not blank"),
        (changed(9, "Fracture of neck of right femur, initial encounter", ""), 9, "before its long title"),
        (changed(9, "Fracture of neck of right femur, initial encounter", "   "), 9, "S72001A has no title"),
        (changed(5, "C441122", "C441121"), 5, "C441121 stands here a second time, first in line 4"),
        (changed(2, "C44", "C45"), 3, "C44112 stands under no C44"),
        (changed(2, "C44     0", "C44     1"), 3, "C44112 stands under C44, which is billable"),
        (changed(14, "QA00", "QB1 "), 13, "QA0 is a header with nothing under it"),
        (changed(7, "Fracture of", "Fracture\tof"), 7, "not text"),
        (changed(7, "Fracture of", "Fracture\x00of"), 7, "not text"),
        (changed(7, "Fracture of", "Fracture\u2028of"), 7, "not text"),
        (GOOD.encode().replace(b"Fracture of femur", b"Fracture\x81of femur", 1), 6, "not text"),
        (changed(7, "\r\n", "\r\n\r\n"), 8, "the line is empty"),
        (GOOD + "00015 " + "x" * 700, 15, "longer than any"),
        (GOOD.replace("\r\n", "\r"), 1, "not text|longer than any"),
        # cut off
        (GOOD[:-20], 14, "cut off in its last line"),
        (GOOD[: GOOD.index("initial encounter\r\n") + 5], 9, "cut off in its last line"),
        (GOOD[: GOOD.index("00008") + 3], 8, "cut off in its last line"),
        (GOOD[: GOOD.index("00009")], 8, "S72001 is a header with nothing under it"),
        # the file of the other system
        (text(PCS), 1, "“001” is no ICD-10-CM code; this looks like an order file of ICD-10-PCS"),
        (
            "\r\n".join(["<?xml version='1.0'?>", "<ICD10CM.tabular>"]),
            1,
            "does not begin with an order number",
        ),
    ],
)
def test_file_that_is_not_understood_is_refused_with_line_and_reason(
    content: str | bytes, number: int, reason: str
) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(content)

    assert refusal.value.line == number


@pytest.mark.parametrize(
    ("content", "number", "reason"),
    [
        (GOOD, 1, "“B20” is no ICD-10-PCS code; this looks like an order file of ICD-10-CM"),
        (text(CM[1:]), 2, "“C44112” is no ICD-10-PCS code; this looks like an order file of ICD-10-CM"),
        (changed(2, "0016070", "001607O", PCS), 2, "“001607O” is not a code of ICD-10-PCS"),
        (changed(2, "0016070", "001607 ", PCS), 2, "“001607” is not a code of ICD-10-PCS"),
        (changed(1, " 001 ", " 002 ", PCS), 2, "0016070 stands under no 001"),
        (changed(4, "X2A5312", "0016071", PCS), 3, "X2A is a header with nothing under it"),
    ],
    ids=named,
)
def test_pcs_file_that_is_not_understood_is_refused_with_line_and_reason(
    content: str, number: int, reason: str
) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(content, "icd10pcs")

    assert refusal.value.line == number


@pytest.mark.parametrize("content", ["", "\r\n", "\ufeff", text(CM[1:2])])
@pytest.mark.parametrize("system", ["icd10cm", "icd10pcs"])
def test_file_without_a_code_is_refused(content: str, system: str) -> None:
    with pytest.raises(LoadRefused, match="there is no billable code in it"):
        read(content, system)


@settings(max_examples=500, deadline=5_000)
@given(mutated(GOOD.encode()))
def test_mutated_order_file_is_refused_or_read(data: bytes) -> None:
    assert outcome(partial(parse, system="icd10cm"), data) in ("read", "refused")


@settings(max_examples=300, deadline=5_000)
@given(st.one_of(mutated(text(PCS).encode()), st.binary(max_size=300)))
def test_mutated_pcs_order_file_is_refused_or_read(data: bytes) -> None:
    assert outcome(partial(parse, system="icd10pcs"), data) in ("read", "refused")


# --- the official files, where they are --------------------------------------------------------------
def test_whole_order_file_of_icd10cm_gives_what_the_book_holds(code_data: Path) -> None:
    data = official(code_data, "icd10cm_order_2025.txt.xz")

    entries = parse(BytesIO(data), "icd10cm").entries

    assert len(entries) == len({entry.code for entry in entries}) == 97_584
    assert sum(entry.is_billable for entry in entries) == 74_260
    assert sum(entry.kind == "category" for entry in entries) == 1_917
    assert sum(entry.parent is None for entry in entries) == 1_917
    assert sum(bool(entry.seventh) for entry in entries) == 51_115
    assert sum(entry.takes_seventh for entry in entries) == 12_864


def test_order_file_and_tabular_list_tell_the_same_of_the_same_codes(code_data: Path) -> None:
    order = parse(BytesIO(official(code_data, "icd10cm_order_2025.txt.xz")), "icd10cm")
    with package_source().path.open("rb") as stream:
        tabular = icd10cm_tabular.parse(stream)

    old, new = _facts(order), _facts(tabular)

    both = old.keys() & new.keys()
    differing = Counter(
        name for code in both for name, a, b in zip(FACTS, old[code], new[code], strict=True) if a != b
    )
    assert len(both) == 97_572
    # FY2026 divided 16 codes and 4 that took a 7th character; 29 under 8 headers only look as if by one
    assert differing == {"is_billable": 16, "seventh": 29, "takes_seventh": 4 + 8}
    deleted, added = (
        {code for code in a if a[code][2]} - {code for code in b if b[code][2]}
        for a, b in ((old, new), (new, old))
    )
    assert (len(deleted), len(deleted - new.keys()), len(added)) == (28, 12, 487)


def test_whole_order_file_of_icd10pcs_gives_what_the_book_holds(code_data: Path) -> None:
    data = official(code_data, "icd10pcs_order_2026.txt.xz")

    entries = parse(BytesIO(data), "icd10pcs").entries

    assert sum(entry.is_billable for entry in entries) == 79_193
    assert sum(entry.kind == "category" for entry in entries) == 917
    assert len(entries) == len({entry.code for entry in entries}) == 79_193 + 917
    assert all(
        entry.parent is not None and entries[entry.parent].code == entry.code[:3]
        for entry in entries
        if entry.is_billable
    )


@pytest.mark.parametrize(
    ("name", "system"),
    [("icd10cm_order_2025.txt.xz", "icd10pcs"), ("icd10pcs_order_2026.txt.xz", "icd10cm")],
)
def test_official_file_of_the_other_system_is_refused_by_its_name(
    name: str, system: str, code_data: Path
) -> None:
    with pytest.raises(LoadRefused, match="this looks like an order file of ICD-10"):
        parse(BytesIO(official(code_data, name)), system)


FACTS = ("kind", "parent", "is_billable", "seventh", "takes_seventh")


def _facts(record: CodeList) -> dict[str, tuple[str, str, bool, str, bool]]:
    """``FACTS`` of every category and code."""
    found = {}
    for entry in record.entries:
        if entry.kind in ("category", "code"):
            above = (
                record.entries[entry.parent] if entry.kind == "code" and entry.parent is not None else None
            )
            code = above.code if above else ""
            found[entry.code] = (entry.kind, code, entry.is_billable, entry.seventh, entry.takes_seventh)
    return found
