"""The reader of the tabular XML: each trap of the file on a small sample, then the whole file."""

from io import BytesIO

import pytest

from courses.codesets.actions import package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.formats.icd10cm_tabular import parse
from courses.codesets.records import CodeList, Entry
from tests.codesets.sample import BILLABLE, SAMPLE


def read(text: str) -> CodeList:
    return parse(BytesIO(text.encode()))


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], Entry]:
    return {(entry.kind, entry.code): entry for entry in read(SAMPLE).entries}


def test_sample_gives_exactly_its_billable_codes() -> None:
    assert [entry.code for entry in read(SAMPLE).entries if entry.is_billable] == BILLABLE


def test_block_and_category_of_one_name_are_two_rows(rows: dict[tuple[str, str], Entry]) -> None:
    entries = read(SAMPLE).entries
    category = rows["category", "B20"]

    assert category.parent is not None
    assert entries[category.parent] == rows["block", "B20"]
    assert rows["block", "B20"].title == "Human immunodeficiency virus [HIV] disease"


def test_category_with_a_letter_in_second_place_is_read(rows: dict[tuple[str, str], Entry]) -> None:
    assert rows["category", "QA0"].title == "Disorders related to genetic variants"


def test_short_leaf_is_padded_with_placeholders(rows: dict[tuple[str, str], Entry]) -> None:
    code = rows["code", "T07.XXXA"]

    assert (code.title, code.seventh) == ("Unspecified multiple injuries, initial encounter", "A")
    assert (rows["category", "T07"].is_billable, rows["category", "T07"].takes_seventh) == (False, True)


def test_prose_exception_takes_seventh_characters_away(rows: dict[tuple[str, str], Entry]) -> None:
    assert ("code", "S06.1X7A") in rows
    assert ("code", "S06.1X7D") not in rows
    assert ("code", "S06.1X8S") not in rows


def test_nearer_definition_of_seventh_characters_counts(rows: dict[tuple[str, str], Entry]) -> None:
    assert [code for _kind, code in rows if code.startswith("S06.2X")] == ["S06.2XXB"]


def test_notes_keep_kind_and_order(rows: dict[tuple[str, str], Entry]) -> None:
    notes = [(note.kind, note.text) for note in rows["category", "E11"].notes]

    assert notes == [
        ("includes", "diabetes NOS"),
        ("excludes1", "gestational diabetes (O24.4-)"),
        ("excludes1", "type 1 diabetes mellitus (E10.-)"),
    ]
    assert ("seventh_def", "D subsequent encounter") in [
        (n.kind, n.text) for n in rows["category", "S06"].notes
    ]
    assert rows["category", "T07"].notes[0].text == "Add one of these:"


def test_whole_package_file_gives_what_the_book_holds() -> None:
    with package_source().path.open("rb") as stream:
        tabular = parse(stream)

    billable = [entry for entry in tabular.entries if entry.is_billable]
    names = {(entry.kind, entry.code) for entry in tabular.entries}
    blocks = {code for kind, code in names if kind == "block"}
    assert len(billable) == len({entry.code for entry in billable}) == 74_719
    assert (tabular.version, len(tabular.entries), len(names)) == ("2026", 98_505, 98_505)
    assert sum(bool(entry.seventh) for entry in tabular.entries) == 51_305
    assert len([b for b in blocks if ("category", b) in names]) == 39
    assert sum(len(entry.notes) for entry in tabular.entries) == 26_960


@pytest.mark.parametrize(
    ("wrong", "before", "reason"),
    [
        (SAMPLE.replace("</includes>", "</include>", 1), "are communicable", "mismatched"),
        (
            SAMPLE.replace("</includes>", "", 1),
            "are communicable",
            "a <excludes1> cannot stand inside <includes>",
        ),
        (
            SAMPLE.replace("<name>E11.9<", "<name>11.9<"),
            "without complications",
            "“11.9” is not an ICD-10-CM",
        ),
        (SAMPLE.replace("<name>E11.9<", "<name>E11.65<"), "<diag>\n          <name>E11.65<", "a second time"),
        (SAMPLE.replace("<desc>Own characters</desc>", ""), 'char="B"', "S06.2 has no description"),
        (SAMPLE.replace('id="E08-E13">D', 'id="E08-E14">D'), "E08-E14", "announced and missing"),
        (SAMPLE.replace("codeFirst>", "codeLast>"), "<codeLast>", "<codeLast> is not known"),
        (SAMPLE.replace("do not apply to", "may not apply to"), "<name>S06<", "worded in a new way"),
        (SAMPLE.replace('char="B"', 'char=""'), 'char=""', "no letter"),
        (
            SAMPLE.replace("<name>4<", "<name>four<"),
            "<chapter>\n    <name>8<",
            "“four” is not the name of a chapter",
        ),
        (SAMPLE.replace("without complications", "x" * 401), "xxx", "longer than any in the book"),
        (SAMPLE.replace("<chapter>\n    <name>4", "<diag>\n    <name>4"), "<name>4", "cannot stand inside"),
    ],
)
def test_file_that_is_not_understood_is_refused_with_line_and_reason(
    wrong: str, before: str, reason: str
) -> None:
    line = wrong[: wrong.rindex(before)].count("\n") + 1

    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(wrong)

    assert abs((refusal.value.line or 0) - line) <= 1  # an element is known where it begins or where it ends
    assert str(refusal.value).startswith(f"Line {refusal.value.line}: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Line 1: the XML is malformed or cut off"),
        (SAMPLE[: SAMPLE.index("<name>E11.9")], "Line 45: the XML is malformed or cut off"),
        ("<html/>", "Line 1: this is not an ICD-10-CM tabular list"),
        ("<ICD10PCS.tabular/>", "Line 1: this is not an ICD-10-CM tabular list"),
        ("<ICD10CM.tabular><version>2026</version></ICD10CM.tabular>", "there is no billable code"),
        (SAMPLE.replace("<version>2026</version>", ""), "the year of the list is missing"),
        (SAMPLE.replace(">2026<", ">ICD-10<"), "Line 3: “ICD-10” is not the year of the list"),
    ],
)
def test_file_that_is_no_whole_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(LoadRefused, match=reason):
        read(text)


def test_more_rows_than_any_book_has_are_refused() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    sevenths = "".join(f'<extension char="{letter}">{letter}</extension>' for letter in letters)
    diags = "".join(
        f"<diag><name>{first}{tens}{ones}</name><desc>x</desc></diag>"
        for first in letters
        for tens in letters
        for ones in letters[:20]
    )
    text = (
        f"<ICD10CM.tabular><chapter><name>1</name><desc>x</desc><sevenChrDef>{sevenths}</sevenChrDef>"
        f'<section id="A00"><desc>x</desc>{diags}</section></chapter></ICD10CM.tabular>'
    )

    with pytest.raises(LoadRefused, match="7th characters make more codes than any book has"):
        read(text)


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE ICD10CM.tabular>",
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_document_type_declarations_are_refused(declaration: str) -> None:
    head, _newline, rest = SAMPLE.partition("\n")

    with pytest.raises(LoadRefused, match="document type declarations"):
        read(f"{head}\n{declaration}\n{rest}")


def test_remark_under_a_seventh_character_names_it() -> None:
    text = SAMPLE.replace(
        '<extension char="A">initial encounter</extension>\n          <extension char="S">',
        '<extension char="A">initial encounter</extension>\n          <note>first visit NOS</note>\n'
        '          <extension char="S">',
    )

    (row,) = [entry for entry in read(text).entries if entry.kind == "category" and entry.code == "T07"]

    assert [note.text for note in row.notes if note.kind == "seventh_note"] == [
        *("Add one of these:", "A: first visit NOS"),
    ]
