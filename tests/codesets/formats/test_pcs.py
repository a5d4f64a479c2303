"""The readers of the ICD-10-PCS files: each field and each refusal on small samples, then the whole files."""

from io import BytesIO
from itertools import product
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import order_file
from courses.codesets.formats.pcs import parse_definitions, parse_index, parse_tables
from courses.codesets.records import Aggregation, Axis, CrossRef, Definition, Index, PcsTable, Target, Term
from tests.codesets.formats.mutating import mutated, outcome
from tests.codesets.formats.official import official

TABLES = """<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.tabular>
  <version>2026</version>
  <title>2026 ICD-10-PCS Tables</title>
  <pcsTable>
    <axis pos="1" values="1">
      <title>Section</title>
      <label code="0">Medical and Surgical</label>
    </axis>
    <axis pos="2" values="1">
      <title>Body System</title>
      <label code="D">Gastrointestinal System</label>
    </axis>
    <axis pos="3" values="1">
      <title>Operation</title>
      <label code="T">Resection</label>
      <definition>Cutting out  all
        of a body part</definition>
    </axis>
    <pcsRow codes="2">
      <axis pos="4" values="1">
        <title>Body Part</title>
        <label code="J">Appendix</label>
      </axis>
      <axis pos="5" values="2">
        <title>Approach</title>
        <label code="4">Percutaneous Endoscopic</label>
        <label code="0">Open</label>
      </axis>
      <axis pos="6" values="1">
        <title>Device</title>
        <label code="Z">No Device</label>
      </axis>
      <axis pos="7" values="1">
        <title>Qualifier</title>
        <label code="Z">No Qualifier</label>
      </axis>
    </pcsRow>
  </pcsTable>
</ICD10PCS.tabular>
"""
INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.index>
  <version>2026</version>
  <title>2026 ICD-10-PCS Index</title>
  <letter>
    <title>3</title>
    <mainTerm>
      <title>3f (Aortic) Bioprosthesis valve</title>
      <use>Zooplastic Tissue in Heart and Great Vessels</use>
    </mainTerm>
  </letter>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abdominoplasty</title>
      <term level="1">
        <see>Alteration, Abdominal Wall<codes>0W0F</codes></see>
      </term>
      <term level="1">
        <see>Repair<tab>0WQ</tab></see>
      </term>
    </mainTerm>
    <mainTerm>
      <title>Abortion</title>
      <term level="1">
        <title>Products of Conception</title>
        <codes>10A0</codes>
        <term level="2">
          <title>Laminaria</title>
          <code>10A07ZW</code>
        </term>
      </term>
      <term level="1">
        <title>Therapy</title>
        <tab>3E0</tab>
        <seeAlso>Evacuation</seeAlso>
      </term>
    </mainTerm>
  </letter>
</ICD10PCS.index>
"""
DEFINITIONS = """<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.definitions>
  <version>2026</version>
  <title>2026 ICD-10-PCS Definitions</title>
  <section code="0">
    <title>Medical and Surgical</title>
    <axis pos="3">
      <title>Operation</title>
      <terms>
        <title>Bypass</title>
        <definition>Altering the route of passage</definition>
        <explanation>Rerouting contents of a body part</explanation>
        <includes>Colostomy formation</includes>
      </terms>
    </axis>
    <axis pos="4">
      <title>Body Part</title>
      <terms>
        <title>1st Toe, Left</title>
        <title>1st Toe, Right</title>
        <includes>Hallux</includes>
        <includes>Great toe</includes>
      </terms>
    </axis>
  </section>
  <deviceAggregation>
    <aggregate>
      <device>Cardiac Lead, Pacemaker</device>
      <operation>Insertion</operation>
      <bodySys>Heart and Great Vessels</bodySys>
      <bodySys>Upper Veins</bodySys>
      <parent value="M">Cardiac Lead</parent>
    </aggregate>
  </deviceAggregation>
</ICD10PCS.definitions>
"""
PARSE = {"tables": parse_tables, "index": parse_index, "definitions": parse_definitions}
SAMPLES = {"tables": TABLES, "index": INDEX, "definitions": DEFINITIONS}


def stream(text: str) -> BytesIO:
    return BytesIO(text.encode())


# --- what comes out ----------------------------------------------------------------------------------
def test_table_keeps_its_axes_its_definition_and_its_rows_in_order() -> None:
    read = parse_tables(stream(TABLES))

    assert read.version == "2026"
    assert read.tables == (
        PcsTable(
            "0DT",
            (
                Axis(1, "Section", {"0": "Medical and Surgical"}),
                Axis(2, "Body System", {"D": "Gastrointestinal System"}),
                Axis(3, "Operation", {"T": "Resection"}),
            ),
            "Cutting out all of a body part",
            (
                (
                    Axis(4, "Body Part", {"J": "Appendix"}),
                    Axis(5, "Approach", {"4": "Percutaneous Endoscopic", "0": "Open"}),
                    Axis(6, "Device", {"Z": "No Device"}),
                    Axis(7, "Qualifier", {"Z": "No Qualifier"}),
                ),
            ),
        ),
    )
    assert list(read.tables[0].rows[0][1].values) == ["4", "0"]


def test_table_without_a_definition_has_none() -> None:
    definition = TABLES[TABLES.index("      <definition>") : TABLES.index("    </axis>\n    <pcsRow")]

    assert parse_tables(stream(TABLES.replace(definition, ""))).tables[0].definition == ""


def test_index_keeps_every_line_with_its_codes_and_references() -> None:
    read = parse_index(stream(INDEX))

    assert read == Index(
        "2026",
        (
            Term(
                "3",
                "3f (Aortic) Bioprosthesis valve",
                refs=(CrossRef("use", "Zooplastic Tissue in Heart and Great Vessels"),),
            ),
            Term("A", "Abdominoplasty"),
            # a line without words of its own keeps the reference and the code that belong together
            Term(
                "A",
                "",
                1,
                targets=(Target("0W0F", is_partial=True),),
                refs=(CrossRef("see", "Alteration, Abdominal Wall"),),
            ),
            Term("A", "", 1, targets=(Target("0WQ", is_partial=True),), refs=(CrossRef("see", "Repair"),)),
            Term("A", "Abortion"),
            Term("A", "Products of Conception", 4, targets=(Target("10A0", is_partial=True),)),
            Term("A", "Laminaria", 5, targets=(Target("10A07ZW"),)),
            Term(
                "A",
                "Therapy",
                4,
                targets=(Target("3E0", is_partial=True),),
                refs=(CrossRef("see_also", "Evacuation"),),
            ),
        ),
    )


def test_definition_is_given_to_every_value_that_it_is_about() -> None:
    read = parse_definitions(stream(DEFINITIONS))

    assert read.version == "2026"
    assert read.definitions == (
        Definition(
            "0",
            3,
            "Bypass",
            "Altering the route of passage",
            "Rerouting contents of a body part",
            ("Colostomy formation",),
        ),
        Definition("0", 4, "1st Toe, Left", includes=("Hallux", "Great toe")),
        Definition("0", 4, "1st Toe, Right", includes=("Hallux", "Great toe")),
    )


def test_device_that_another_stands_for_is_kept() -> None:
    assert parse_definitions(stream(DEFINITIONS)).aggregations == (
        Aggregation(
            "Cardiac Lead, Pacemaker",
            "Insertion",
            ("Heart and Great Vessels", "Upper Veins"),
            "M",
            "Cardiac Lead",
        ),
    )


# --- what is refused ---------------------------------------------------------------------------------
#: book, old, new, text in the line refused, reason
WRONG = [
    ("tables", '<label code="T"', '<label code="O"', 'code="O"', "“O” is not a character"),
    ("tables", '<label code="T"', "<label", "<label>Resection", "“” is not a character"),
    ("tables", '<label code="0">Open', '<label code="4">Open', "Open", "the value 4 stands here a second"),
    ("tables", 'pos="2"', 'pos="3"', 'pos="3"', "character 3 stands where another belongs"),
    ("tables", 'pos="5"', 'pos="6"', 'pos="6"', "character 6 stands where another belongs"),
    ("tables", 'pos="1"', 'pos="0"', 'pos="0"', "“0” is not the place of a character"),
    ("tables", "<title>Approach</title>", "", 'code="0">Open', "character 5 has no title or no value"),
    ("tables", "<title>Approach", "<title>A</title><title>Approach", "Approach", "a second title"),
    ("tables", 'values="2"', 'values="3"', 'code="0">Open', "counts 3 values here and holds 2"),
    ("tables", 'codes="2"', 'codes="4"', "</pcsRow>", "counts 4 codes here and holds 2"),
    ("tables", '">Open', '"> ', 'code="0"> <', "a <label> is empty"),
    ("tables", "Resection", "R" * 401, "RRR", "longer than any that was printed"),
    ("tables", "Cutting", "Cutting" * 300, "of a body part", "longer than any that was printed"),
    ("tables", "<version>2026</version>", "", "<pcsTable>", "the year is missing"),
    ("tables", "<version>2026", "<version>next", "<version>", "“next” is not the year"),
    ("tables", "</version>", "</version><version>2026</version>", "<version>", "not the year"),
    (
        "tables",
        "<pcsRow codes",
        "stray<pcsRow codes",
        "</pcsTable>",
        "text between the elements of a <pcsTable>",
    ),
    ("tables", "definition>", "meaning>", "<meaning>", "<meaning> is not known"),
    ("tables", "</pcsRow>", "<label/></pcsRow>", "<label/>", "a <label> cannot stand inside <pcsRow>"),
    ("index", 'level="2"', 'level="3"', 'level="3"', "level “3” stands where 2 belongs"),
    ("index", 'level="2"', "", "<term >", "level “” stands where 2 belongs"),
    ("index", "10A07ZW", "10A07ZI", "10A07ZI", "“10A07ZI” is no code"),
    ("index", "10A07ZW", "10A07Z", "10A07Z<", "“10A07Z” is no code"),
    ("index", ">10A0<", ">10A07ZW<", "<codes>10A07ZW", "“10A07ZW” is no code or beginning of one"),
    ("index", ">3E0<", ">3E03<", "3E03", "“3E03” is no code or beginning of one"),
    ("index", "<title>Abortion</title>", "", '<term level="1">', "a term stands under one without a title"),
    ("index", "<see>Repair<tab>0WQ</tab></see>", "", "</term>", "a term has no title"),
    ("index", "<title>Abortion", "<title>A</title><title>Abortion", "Abortion", "a second title"),
    ("index", "<title>A<", "<title>AB<", "<title>AB<", "“AB” is not a letter"),
    ("index", "<title>A</title>", "", "<mainTerm>", "before the title of its letter"),
    ("index", ">Evacuation<", "><", "<seeAlso><", "a <seeAlso> is empty"),
    ("index", "<version>2026</version>", "", "<letter>", "the year is missing"),
    ("definitions", '<section code="0">', '<section code="00">', "<section", "“00” is not a character"),
    ("definitions", 'pos="4"', 'pos="8"', 'pos="8"', "“8” is not the place of a character"),
    ("definitions", "<title>Bypass</title>", "", "</terms>", "does not say of what"),
    ("definitions", 'value="M"', 'value=""', "Cardiac Lead<", "“” is not a character"),
    ("definitions", "<device>Cardiac Lead, Pacemaker</device>", "", "</aggregate>", "needs one <device>"),
    (
        "definitions",
        "</aggregate>",
        "<parent value='M'>x</parent></aggregate>",
        "</aggregate>",
        "one <parent>",
    ),
    ("definitions", "<version>2026</version>", "", "<section", "the year is missing"),
]


@pytest.mark.parametrize(("book", "old", "new", "place", "reason"), WRONG)
def test_file_that_is_not_understood_is_refused_with_line_and_reason(
    book: str, old: str, new: str, place: str, reason: str
) -> None:
    assert old in SAMPLES[book]
    wrong = SAMPLES[book].replace(old, new)
    lines = [number for number, line in enumerate(wrong.splitlines(), 1) if place in line]

    with pytest.raises(LoadRefused, match=reason) as refusal:
        PARSE[book](stream(wrong))

    line = refusal.value.line
    assert line is not None
    # an element is known where it begins or where it ends
    assert any(abs(line - near) <= 1 for near in lines)


OTHERS = SAMPLES | {
    "nothing": "",
    "the tabular list of ICD-10-CM": "<ICD10CM.tabular/>",
    "a page": "<!-- --><html>",
}


@pytest.mark.parametrize(("book", "other"), [(b, o) for b in PARSE for o in OTHERS if b != o])
def test_another_file_is_refused_by_its_beginning(book: str, other: str) -> None:
    with pytest.raises(LoadRefused, match=rf"this is not the {book} of ICD-10-PCS|malformed or cut off"):
        PARSE[book](stream(OTHERS[other]))


@pytest.mark.parametrize("book", PARSE)
@pytest.mark.parametrize("length", [0.2, 0.5, 0.9, 0.99])
def test_file_that_is_cut_off_is_refused_with_its_last_line(book: str, length: float) -> None:
    cut = SAMPLES[book][: int(len(SAMPLES[book]) * length)]

    with pytest.raises(LoadRefused, match="malformed or cut off") as refusal:
        PARSE[book](stream(cut))

    assert refusal.value.line == cut.count("\n") + 1


@pytest.mark.parametrize(
    ("book", "root", "reason"),
    [
        ("tables", "ICD10PCS.tabular", "there is no table in it"),
        ("index", "ICD10PCS.index", "there is no term in it"),
        ("definitions", "ICD10PCS.definitions", "there is no definition in it"),
    ],
)
def test_file_with_nothing_in_it_is_refused(book: str, root: str, reason: str) -> None:
    with pytest.raises(LoadRefused, match=reason):
        PARSE[book](stream(f"<{root}><version>2026</version></{root}>"))


def test_table_without_rows_and_row_without_table_are_refused() -> None:
    row = TABLES[TABLES.index("    <pcsRow") : TABLES.index("  </pcsTable>")]
    head = TABLES[TABLES.index('    <axis pos="1"') : TABLES.index("    <pcsRow")]

    with pytest.raises(LoadRefused, match="no characters or no rows"):
        parse_tables(stream(TABLES.replace(row, "")))
    with pytest.raises(LoadRefused, match="a row stands before the three characters"):
        parse_tables(stream(TABLES.replace(head, "")))


def test_table_of_two_operations_is_refused() -> None:
    second = '<axis pos="3" values="2"><title>Operation</title><label code="B">Excision</label>'
    first = TABLES[TABLES.index('<axis pos="3"') : TABLES.index('<label code="T"')]

    with pytest.raises(LoadRefused, match="character 3 of a table has more than one value"):
        parse_tables(stream(TABLES.replace(first, second)))


def test_table_that_comes_twice_is_refused() -> None:
    table = TABLES[TABLES.index("  <pcsTable>") : TABLES.index("</ICD10PCS")]

    with pytest.raises(LoadRefused, match="the table 0DT stands here a second time"):
        parse_tables(stream(TABLES.replace(table, table * 2)))


@settings(max_examples=400, deadline=5_000)
@given(mutated(TABLES.encode()))
def test_mutated_tables_are_refused_or_read(data: bytes) -> None:
    assert outcome(parse_tables, data) in ("read", "refused")


@settings(max_examples=400, deadline=5_000)
@given(mutated(INDEX.encode()))
def test_mutated_index_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse_index, data) in ("read", "refused")


@settings(max_examples=400, deadline=5_000)
@given(mutated(DEFINITIONS.encode()))
def test_mutated_definitions_are_refused_or_read(data: bytes) -> None:
    assert outcome(parse_definitions, data) in ("read", "refused")


# --- the official files, where they are --------------------------------------------------------------
def test_whole_tables_give_what_the_book_holds(code_data: Path) -> None:
    read = parse_tables(BytesIO(official(code_data, "icd10pcs_tables_2023.xml.xz")))

    assert (read.version, len(read.tables)) == ("2023", 901)
    assert sum(len(table.rows) for table in read.tables) == 2_544
    assert (
        sum(prod(len(axis.values) for axis in row) for table in read.tables for row in table.rows) == 78_530
    )
    assert sum(not table.definition for table in read.tables) == 56


def test_tables_and_order_file_tell_the_same_of_the_codes_of_both_years(code_data: Path) -> None:
    tables = parse_tables(BytesIO(official(code_data, "icd10pcs_tables_2023.xml.xz")))
    order = order_file.parse(BytesIO(official(code_data, "icd10pcs_order_2026.txt.xz")), "icd10pcs")

    built = {
        table.code + "".join(chars)
        for table in tables.tables
        for row in table.rows
        for chars in product(*_values(row))
    }

    assert len(built) == 78_530  # no two rows of a table make the same code
    printed = {entry.code for entry in order.entries if entry.is_billable}
    assert (len(built & printed), len(printed)) == (78_417, 79_193)


def test_whole_index_gives_what_the_book_holds(code_data: Path) -> None:
    index = parse_index(BytesIO(official(code_data, "icd10pcs_index_2023.xml.xz")))

    assert index.version == "2023"
    assert len(index.terms) == 3_023 + 21_179
    assert sum(term.parent is None for term in index.terms) == 3_023
    assert sum(not term.title for term in index.terms) == 2_249
    assert sum(len(term.targets) for term in index.terms) == 2_767 + 12_094 + 1_349
    assert sum(target.is_partial for term in index.terms for target in term.targets) == 12_094 + 1_349
    assert sum(len(term.refs) for term in index.terms) == 1_752 + 2_241


def test_whole_definitions_give_what_the_book_holds(code_data: Path) -> None:
    read = parse_definitions(BytesIO(official(code_data, "icd10pcs_definitions_2023.xml.xz")))

    assert read.version == "2023"
    assert len(read.definitions) == len({(d.section, d.position, d.title) for d in read.definitions}) == 1_031
    assert len(read.aggregations) == 60
    assert sum(bool(d.definition) for d in read.definitions) == 322
    assert max(len(d.includes) for d in read.definitions) > 20


def _values(row: tuple[Axis, Axis, Axis, Axis]) -> list[list[str]]:
    return [list(axis.values) for axis in row]
