"""The reader of HCPCS in its three forms, what it leaves to others, then the whole files."""

import gzip
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings

from courses.codesets.errors import LoadRefused
from courses.codesets.formats.hcpcs import parse, parse_modifiers
from courses.codesets.records import CodeList, Entry
from tests.codesets.formats.mutating import mutated, outcome
from tests.codesets.formats.workbooks import SHEET, members, workbook, zipped

TABLE = (
    "code\tlong_description\tshort_description\tcoverage\ttype_of_service\tadd_date\ttermination_date"
    "\topps_status_2026_04\n"
    "LT\tLeft side\tLeft side\tC\t\t19900101\t\t\n"
    'A4719\t"y set" tubing for dialysis\t"y set" tubing\tD\tL\t20020101\t\tN\n'
    "C9999\tSomething that ended\tEnded thing\tC\t1\t20200401\t20251231\t\n"
    "D0120\tA dental code\tDental\tC\t1\t20200101\t\t\n"
    "99213\tA code of CPT\tOffice\tC\t1\t20200101\t\t\n"
    "0001F\tAnother code of CPT\tMeasure\tC\t1\t20200101\t\t\n"
    "22\tA modifier of CPT\tMore work\tC\t\t20200101\t\t\n"
)
HEADER: list[object] = [
    *("HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "PRICE1", "XREF1", "XREF2", "COV"),
    *("OPPS", "OPPS_PI", "TOS1", "TOS2", "ADD DT", "ACT EFF DT", "TERM DT", "ACTION CD"),
]
SHEET_ROWS: list[list[object]] = [
    HEADER,
    ["LT", "00100", "7", "Left side", "Left side", *[None] * 8, 19900101, 19970101, None, "N"],
    [
        *("V5362", 100, 3, "Speech screening", "Speech scr", "00", "G0153", "92506", "S"),
        *(None, None, "1", "W", 19900101, 20040101, 20251231, "D"),
    ],
    ["Q4001", 100, 3, "Casting supplies, body cast", "Cast", *[None] * 11, "N"],
    ["Q4001", 200, 4, "plaster", None, *[None] * 11, None],
    ["D0120", 100, 3, "A dental code", "Dental", *[None] * 11, None],
    ["D0120", 200, 4, "with more text", None, *[None] * 11, None],
    [100, 100, 3, "A code of CPT that lost its zeros", "Anesthesia", *[None] * 11, None],
]


def record(code: str, sequence: int, kind: int, text: str, **fields: str) -> str:
    """A record of the official layout; places as it counts them, from 1."""
    line = f"{code:>5}{sequence:05}{kind}{text:<80}"
    if not fields:
        return line
    cells = [" "] * 320
    cells[: len(line)] = line
    places = {
        "short": 92,
        "xref": 205,
        "coverage": 230,
        "types": 261,
        "added": 269,
        "changed": 277,
        "ended": 285,
    }
    for name, value in fields.items():
        cells[places[name] - 1 : places[name] - 1 + len(value)] = value
    return "".join(cells)


FIXED = "\r\n".join(
    [
        record(
            "AD",
            100,
            7,
            "Medical supervision by a physician: more than four",
            short="Md supervision",
            added="19840101",
        ),
        record("AD", 200, 8, "concurrent procedures"),
        record("22", 100, 7, "A modifier of CPT", short="More work"),
        record("22", 200, 8, "and its second line"),
        record(
            "V5362",
            100,
            3,
            "Speech screening",
            short="Speech scr",
            xref="G0153",
            coverage="S",
            types="1W",
            added="19900101",
            changed="20040101",
            ended="20251231",
        ),
        "",
    ]
)


def read(data: str | bytes) -> CodeList:
    return parse(BytesIO(data.encode() if isinstance(data, str) else data))


def rows(data: str | bytes) -> dict[str, Entry]:
    return {entry.code: entry for entry in read(data).entries}


SPEECH = Entry(
    "code",
    "V5362",
    "Speech screening",
    is_billable=True,
    starts_on=date(1990, 1, 1),
    ends_on=date(2026, 1, 1),
    details={"short": "Speech scr", "coverage": "S", "type_of_service": "1, W", "cross_reference": "G0153"},
)


def test_table_gives_codes_and_modifiers_with_all_they_print() -> None:
    found = rows(TABLE)

    assert list(found) == ["LT", "A4719", "C9999"]
    assert (found["LT"].kind, found["A4719"].kind) == ("modifier", "code")
    assert found["A4719"] == Entry(
        "code",
        "A4719",
        '"y set" tubing for dialysis',
        is_billable=True,
        starts_on=date(2002, 1, 1),
        details={"short": '"y set" tubing', "coverage": "D", "type_of_service": "L", "opps_status": "N"},
    )


def test_termination_date_is_the_last_day_of_use() -> None:
    ended = rows(TABLE)["C9999"]

    assert (ended.starts_on, ended.ends_on) == (date(2020, 4, 1), date(2026, 1, 1))


def test_codes_of_others_are_counted_and_never_handed_over() -> None:
    assert read(TABLE).left_out == 4
    assert read(FIXED).left_out == 1
    assert read(workbook(SHEET_ROWS)).left_out == 2
    assert "dental" not in str(read(workbook(SHEET_ROWS))) + str(read(TABLE))


def test_spreadsheet_is_read_by_its_headings() -> None:
    found = rows(workbook([["Notice: CPT is a trademark"], [], *SHEET_ROWS]))

    assert list(found) == ["LT", "V5362", "Q4001"]
    assert found["V5362"] == SPEECH
    assert found["LT"].starts_on == date(1990, 1, 1)


def test_continuation_goes_on_with_the_text() -> None:
    assert rows(workbook(SHEET_ROWS))["Q4001"].title == "Casting supplies, body cast plaster"
    assert rows(FIXED)["AD"].title == (
        "Medical supervision by a physician: more than four concurrent procedures"
    )


def test_fixed_width_is_read_by_the_places_of_the_layout() -> None:
    found = rows(FIXED)

    assert list(found) == ["AD", "V5362"]
    assert found["V5362"] == SPEECH
    assert (found["AD"].kind, found["AD"].starts_on) == ("modifier", date(1984, 1, 1))
    assert found["AD"].details == {"short": "Md supervision"}


def test_list_of_modifiers_is_read_alone() -> None:
    text = "modifier\tlong_description\tshort_description\nLT\tLeft side\tLeft\nRT\tRight side\tRight\n"

    found = parse_modifiers(BytesIO(text.encode()))

    assert [(entry.kind, entry.code, entry.title) for entry in found.entries] == [
        ("modifier", "LT", "Left side"),
        ("modifier", "RT", "Right side"),
    ]
    assert [entry.code for entry in parse_modifiers(BytesIO(TABLE.encode())).entries] == ["LT"]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("A4719", "A471", 3, "“A471” is not a code or modifier of HCPCS"),
        ("A4719", "W4719", 3, "“W4719” is not a code or modifier"),
        ("A4719", "A471٩", 3, "is not a code or modifier"),
        ("C9999", "A4719", 4, "A4719 stands here a second time"),
        ("Something that ended", "", 4, "C9999 has no description"),
        ("20251231", "20251232", 4, "“20251232” is not a date"),
        ("20251231", "20191231", 4, "C9999 ends before it begins"),
        ("20251231\t", "20251231", 4, "the row is cut off"),
        ("20251231\t", "20251231\t\t\tx", 4, "more cells than the header"),
        ("long_description", "description", None, "no line is a header with code, long"),
        ("dialysis", "dialysis\x00", 3, "a control character"),
    ],
)
def test_table_that_is_not_understood_is_refused(old: str, new: str, line: int | None, reason: str) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(TABLE.replace(old, new, 1))

    assert refusal.value.line == line


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("V536200100", "V53620010x", 5, "no sequence number and type"),
        ("V5362001003", "V5362001005", 5, "no sequence number and type"),
        ("V5362001003", "V5362001007", 5, "V5362 cannot have the record type “7”"),
        ("   AD002008", "   AE002008", 2, "a continuation of AE stands under another code"),
        ("19900101", "1990010x", 5, "“1990010x” is not a date"),
    ],
)
def test_record_that_is_not_understood_is_refused(old: str, new: str, line: int, reason: str) -> None:
    assert old in FIXED

    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(FIXED.replace(old, new, 1))

    assert refusal.value.line == line


def test_file_of_nothing_but_others_codes_is_refused() -> None:
    with pytest.raises(LoadRefused, match="there is no HCPCS code in it"):
        read(record("99213", 100, 3, "A code of CPT", short="Office"))
    with pytest.raises(LoadRefused, match="there is no HCPCS modifier in it"):
        parse_modifiers(BytesIO(TABLE.replace("LT\t", "A0021\t").encode()))


@settings(max_examples=400)
@given(mutated(TABLE.encode()))
def test_mutated_table_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse, data) in ("read", "refused")


@settings(max_examples=400)
@given(mutated(FIXED.encode()))
def test_mutated_fixed_width_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse, data) in ("read", "refused")


WORKBOOK = workbook(SHEET_ROWS)
PARTS = members(WORKBOOK)


@settings(max_examples=300)
@given(mutated(WORKBOOK))
def test_mutated_spreadsheet_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse, data) in ("read", "refused")


@settings(max_examples=300)
@given(mutated(PARTS[SHEET]))
def test_spreadsheet_of_a_mutated_sheet_is_refused_or_read(sheet: bytes) -> None:
    assert outcome(parse, zipped(PARTS | {SHEET: sheet})) in ("read", "refused")


# --- the files of the data folder, where they are --------------------------------------------------------
def whole(folder: Path, name: str) -> BytesIO:
    path = folder / name
    if not path.exists():
        pytest.skip(f"{name} is not in the data folder")
    return BytesIO(gzip.decompress(path.read_bytes()))


def test_whole_list_gives_what_it_holds(code_data: Path) -> None:
    found = parse(whole(code_data, "hcpcs_level2_2026_jan.tsv.gz"))

    assert (len(found.entries), found.left_out) == (8_623, 0)
    assert sum(entry.ends_on is None for entry in found.entries) == 7_323
    assert sum(entry.ends_on == date(2026, 1, 1) for entry in found.entries) == 95
    assert {entry.kind for entry in found.entries} == {"code"}
    assert all(entry.starts_on for entry in found.entries)


def test_whole_list_of_modifiers_gives_what_it_holds(code_data: Path) -> None:
    found = parse_modifiers(whole(code_data, "hcpcs_modifiers_2025_oct.tsv.gz"))

    assert len(found.entries) == 383
    assert found.entries[0].title == "Dressing for one wound"
