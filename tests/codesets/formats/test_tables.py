"""The reader of tables: encodings, headers, quotes, spreadsheets, and the spreadsheets that mean harm."""

from datetime import date, datetime
from io import BytesIO
from time import perf_counter

import pytest

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import tables
from tests.codesets.formats.workbooks import SHEET, members, workbook, zipped

COLUMNS = {"code": "code", "name": "name", "since": "since|firstday"}


def read(data: bytes) -> list[tuple[int, dict[str, str]]]:
    found = tables.read(data, COLUMNS, required=("code", "name"), what="a list")
    return [(row.line, dict(row.cells)) for row in found]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_its_encoding(encoding: str) -> None:
    assert read("Code\tName\nA\tMénière’s\n".encode(encoding)) == [(2, {"code": "A", "name": "Ménière’s"})]


def test_header_is_found_below_titles_whatever_its_case_and_spaces() -> None:
    text = b'"TABLE 5 - LIST,\nAND MORE"\t\t\n\t\t\n CODE \tFirst  Day\tNa-me\r\nA\t20260101\tOne\r\n\x1a'

    assert read(text) == [(5, {"code": "A", "since": "20260101", "name": "One"})]


def test_quotes_of_a_spreadsheet_go_and_quotes_of_the_text_stay() -> None:
    text = b'code\tname\nA\t"one ""1"" and, two"\nB\t"y set" tubing\nC\t5" or greater\n'

    assert [cells["name"] for _line, cells in read(text)] == [
        'one "1" and, two',
        '"y set" tubing',
        '5" or greater',
    ]


def test_commas_cut_where_there_is_no_tab() -> None:
    assert read(b'code,name\n\nA,"One, two"\n') == [(3, {"code": "A", "name": "One, two"})]


def test_first_sheet_of_a_spreadsheet_is_read() -> None:
    data = workbook(
        [["A notice"], [], ["Code", "Name", "Since"], ["A", "  One\ntwo", datetime(2026, 1, 31)], [7.0, 8]]
    )

    assert read(data) == [
        (4, {"code": "A", "name": "One two", "since": "46053"}),
        (5, {"code": "7", "name": "8", "since": ""}),
    ]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"code\tlabel\nA\tOne\n", None, "this is not a list: no line is a header with code, name"),
        (b"", None, "no line is a header"),
        (b"code\tname\nA\tOne\tTwo\n", 2, "more cells than the header"),
        (b"code\tname\nA\tO\x00ne\n", 2, "a control character"),
        (b"code\tname\nA\t\x81\n", 2, "not in a usual encoding"),
        (b'code,name\nA,"One\n', 2, "the quotes do not match"),
    ],
)
def test_table_that_is_not_understood_is_refused(text: bytes, line: int | None, reason: str) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(text)

    assert refusal.value.line == line


def test_row_with_fewer_cells_than_the_header_is_cut() -> None:
    (whole, cut) = tables.read(b"code\tname\nA\t\nB\n", COLUMNS, required=("code", "name"), what="a list")

    assert (whole.is_cut, cut.is_cut) == (False, True)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20260131", date(2026, 1, 31)),
        ("2026-01-31", date(2026, 1, 31)),
        ("1/31/2026", date(2026, 1, 31)),
        ("", None),
        ("0", None),
        ("00000000", None),
        ("99991231", None),
    ],
)
def test_dates_are_read_as_files_write_them(text: str, meant: date | None) -> None:
    assert tables.day(text, 1) == meant


def test_day_that_a_spreadsheet_counts_is_a_date() -> None:
    table: list[list[object]] = [
        ["Code", "Name", "Since"],
        ["A", "One", datetime(2026, 1, 31)],
        ["B", "Two", 20260131],
    ]
    found = tables.read(workbook(table), COLUMNS, required=("code", "name"), what="a list")

    assert [row.day("since") for row in found] == [date(2026, 1, 31)] * 2


@pytest.mark.parametrize("text", ["20261301", "2026131", "31.1.2026", "46053", "soon"])
def test_what_is_no_date_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(LoadRefused, match=f"Line 7: “{text}” is not a date"):
        tables.day(text, 7)


def test_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 1 << 20)

    with pytest.raises(LoadRefused, match="larger than 1 MB"):
        tables.take(BytesIO(bytes((1 << 20) + 1)))


def sheet_with(old: bytes, new: bytes) -> bytes:
    """A sheet of two rows whose texts are shared, as Excel writes them, with one thing changed."""
    parts = members(workbook([["Code", "Name"], ["A", "One"]]))
    texts = ["Code", "Name", "A", "One"]
    for number, text in enumerate(texts):
        inline = f't="inlineStr"><is><t>{text}</t></is>'.encode()
        assert inline in parts[SHEET]
        parts[SHEET] = parts[SHEET].replace(inline, f't="s"><v>{number}</v>'.encode())
    strings = "".join(f"<si><t>{text}</t><rPh><t>a reading</t></rPh></si>" for text in texts)
    assert old in parts[SHEET]
    return zipped(
        parts
        | {SHEET: parts[SHEET].replace(old, new), "xl/sharedStrings.xml": f"<sst>{strings}</sst>".encode()}
    )


HOSTILE = {
    "bomb": zipped(members(workbook([["Code", "Name"]])) | {"xl/media/a.bin": bytes(20 << 20)}),
    "many members": zipped({f"a{n}": b"" for n in range(501)} | {"xl/workbook.xml": b""}),
    "no spreadsheet": zipped({"a.xml": b"<a/>"}),
    "entities": sheet_with(
        b"<worksheet", b'<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet'
    ),
    "bare declaration": sheet_with(b"<worksheet", b"<!DOCTYPE worksheet><worksheet"),
    "row far away": sheet_with(b'<row r="2"', b'<row r="99999999999"'),
    "cell without end": sheet_with(b"</row>", b""),
    "empty workbook": zipped({"xl/workbook.xml": b""}),
    "cut off": workbook([["Code", "Name"], ["A", "One"]])[:-200],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spreadsheet_is_refused_at_once(name: str) -> None:
    began = perf_counter()

    with pytest.raises(LoadRefused, match=r"the spreadsheet|not a spreadsheet|the sheet|document type"):
        read(HOSTILE[name])

    assert perf_counter() - began < 20


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        (b'<row r="2"', b'<row r="1"', 2, "the rows of the sheet do not follow each other"),
        (b'<row r="2"', b'<row r="two"', 2, "the rows of the sheet do not follow each other"),
        (b'<c r="B2"', b'<c r="A2"', 2, "the cells of the row do not follow each other"),
        (b'<c r="B2"', b'<c r="?"', 2, "the cells of the row do not follow each other"),
        (b'<c r="B2"', b'<c r="CW2"', 2, "the sheet has more than 100 columns"),
        (b"<v>3</v>", b"<v>9</v>", 2, "a cell refers to a text that is not there"),
        (b"<v>3</v>", b"<v>x</v>", 2, "a cell refers to a text that is not there"),
        (b"</sheetData>", b"", None, "the spreadsheet is damaged: the XML is malformed"),
    ],
)
def test_sheet_that_is_not_understood_is_refused(
    old: bytes, new: bytes, line: int | None, reason: str
) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(sheet_with(old, new))

    assert refusal.value.line == line


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b'<c r="B2" t="inlineStr"><is><r><t>In</t></r><r><t>line</t></r></is></c>', "Inline"),
        (b'<c r="B2" t="str"><f>A1&amp;A2</f><v>computed</v></c>', "computed"),
        (b'<c r="B2"><v>1.9900101E7</v></c>', "19900101"),
        (b'<c r="B2"><v>0.5</v></c>', "0.5"),
        (b'<c t="s"><v>2</v></c>', "A"),
    ],
)
def test_cell_is_read_in_every_way_of_writing_it(cell: bytes, text: str) -> None:
    assert read(sheet_with(b'<c r="B2" t="s"><v>3</v></c>', cell)) == [(2, {"code": "A", "name": text})]


def test_sheet_that_claims_a_smaller_size_is_read_whole() -> None:
    data = sheet_with(b'<dimension ref="A1:B2"', b'<dimension ref="A1:A1"')

    assert read(data) == [(2, {"code": "A", "name": "One"})]
