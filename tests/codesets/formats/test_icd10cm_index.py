"""The reader of the four index files: each thing they print on small samples, then the whole files."""

import lzma
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.codesets.errors import LoadRefused
from courses.codesets.formats.icd10cm_index import parse
from courses.codesets.records import CrossRef, Index, Target, Term
from tests.codesets.formats.alphabetic import pairs_of, written
from tests.codesets.formats.mutating import mutated, outcome

INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2026</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
  <letter>
    <title>A</title>
    <mainTerm>
      <title>Abandonment</title>
      <see>Maltreatment</see>
    </mainTerm>
    <mainTerm>
      <title>Amyloid<nemod>(any) (organ)</nemod>heart<nemod>(disease)</nemod>, NEC</title>
      <seeAlso>Disease,  heart</seeAlso>
      <code>E85.4</code>
      <manif>[I43]</manif>
      <term level="1">
        <title>with failure</title>
        <term level="2">
          <title>left</title>
          <code>I50.1-</code>
        </term>
      </term>
    </mainTerm>
  </letter>
  <letter>
    <title>T</title>
    <mainTerm>
      <title>Thunderbolt</title>
      <subcat>T75.0</subcat>
      <term level="1">
        <title>by site</title>
        <seecat>T71</seecat>
      </term>
      <term level="1">
        <title>whole chapter</title>
        <code>T33-T34</code>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""
TABLE = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2026</version>
  <indexHeading>
    <head col="1">Neoplasm</head>
    <head col="2">Malignant Primary</head>
    <head col="3">Malignant Secondary</head>
    <head col="4">Ca in situ</head>
    <head col="5">Benign</head>
    <head col="6">Uncertain Behavior</head>
    <head col="7">Unspecified Behavior</head>
  </indexHeading>
  <letter>
    <title>N</title>
    <mainTerm>
      <title>Neoplasm, neoplastic</title>
      <cell col="2">C80.1</cell>
      <cell col="3">C79.8-</cell>
      <cell col="4">-</cell>
      <cell col="5">--</cell>
      <term level="1">
        <title>book-leaf<nemod>(mouth)</nemod></title>
        <manif>floor of mouth</manif>
        <cell col="2">C66.-</cell>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""
DRUGS = TABLE.replace('col="1">Neoplasm', 'col="1">Substance')
EXTERNAL = INDEX.replace("INDEX TO DISEASES and INJURIES", "EXTERNAL CAUSE of INJURIES INDEX")


def read(text: str, kind: str) -> Index:
    return parse(BytesIO(text.encode()), kind)


def term(index: Index, title: str) -> Term:
    return next(term for term in index.terms if term.title == title)


def test_terms_come_in_order_with_letter_and_the_term_above() -> None:
    terms = read(INDEX, "index").terms

    assert [(t.letter, t.title, t.parent) for t in terms] == [
        ("A", "Abandonment", None),
        ("A", "Amyloid heart, NEC", None),
        ("A", "with failure", 1),
        ("A", "left", 2),
        ("T", "Thunderbolt", None),
        ("T", "by site", 4),
        ("T", "whole chapter", 4),
    ]
    assert read(INDEX, "index").version == "2026"


def test_words_in_parentheses_leave_the_title_and_stay_apart_from_it() -> None:
    assert term(read(INDEX, "index"), "Amyloid heart, NEC").nonessential == "(any) (organ) (disease)"


def test_code_of_a_manifestation_is_told_apart() -> None:
    assert term(read(INDEX, "index"), "Amyloid heart, NEC").targets == (
        Target("E85.4"),
        Target("I43", is_manifestation=True),
    )


def test_dash_says_that_more_characters_follow() -> None:
    assert term(read(INDEX, "index"), "left").targets == (Target("I50.1", is_partial=True),)


def test_references_keep_their_words() -> None:
    index = read(INDEX, "index")

    assert term(index, "Abandonment").refs == (CrossRef("see", "Maltreatment"),)
    assert term(index, "Amyloid heart, NEC").refs == (CrossRef("see_also", "Disease, heart"),)


def test_reference_to_a_category_is_words_and_a_code() -> None:
    index = read(INDEX, "index")

    assert term(index, "by site").refs == (CrossRef("see", "category T71"),)
    assert term(index, "by site").targets == (Target("T71", is_partial=True),)
    assert term(index, "Thunderbolt").refs == (CrossRef("see", "subcategory T75.0"),)


def test_range_of_codes_is_a_reference() -> None:
    assert term(read(INDEX, "index"), "whole chapter").refs == (CrossRef("see", "T33-T34"),)


def test_table_has_headings_and_a_column_for_each_code() -> None:
    table = read(TABLE, "neoplasms")

    assert table.columns[1] == "Neoplasm" and table.columns[7] == "Unspecified Behavior"
    assert term(table, "Neoplasm, neoplastic").targets == (
        Target("C80.1", column=2),
        Target("C79.8", column=3, is_partial=True),
    )
    assert term(table, "book-leaf").targets == (Target("C66", column=2, is_partial=True),)


def test_words_where_a_manifestation_stands_are_nonessential() -> None:
    assert term(read(TABLE, "neoplasms"), "book-leaf").nonessential == "(mouth) [floor of mouth]"


def test_same_code_twice_in_a_term_is_one_target() -> None:
    twice = INDEX.replace("<code>E85.4</code>", "<code>E85.4</code><code>E85.4</code>")

    assert read(twice, "index") == read(INDEX, "index")


@pytest.mark.parametrize(
    ("text", "kind", "line", "reason"),
    [
        (INDEX, "external", 4, "this is the Alphabetic Index, not the External Cause Index"),
        (EXTERNAL, "index", 4, "this is the External Cause Index, not the Alphabetic Index"),
        (TABLE, "drugs", 12, "this is the Table of Neoplasms, not the Table of Drugs and Chemicals"),
        (DRUGS, "neoplasms", 12, "this is the Table of Drugs and Chemicals, not the Table of Neoplasms"),
        (TABLE, "index", 12, "this is the Table of Neoplasms, not the Alphabetic Index"),
        (INDEX, "drugs", 4, "this is the Alphabetic Index, not the Table of Drugs and Chemicals"),
    ],
)
def test_file_of_another_kind_is_refused_by_what_it_is(text: str, kind: str, line: int, reason: str) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(text, kind)

    assert refusal.value.line == line


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('level="2"', 'level="3"', 18, "a term of level “3” stands where level 2 belongs"),
        ('<term level="2">', "<term>", 18, "a term of level “” stands where level 2 belongs"),
        ("subcat", "subcategory", 29, "<subcategory> is not known"),
        ("<title>left</title>", "", 21, "a term has no title"),
        ("<title>left</title>", "<title> </title>", 19, "a term has no title"),
        ("<title>left</title>", "<title>left</title><title>x</title>", 19, "a second title"),
        ("E85.4", "85.4", 14, "“85.4” is not an ICD-10-CM code"),
        ("I50.1-", "I50.1--", 20, "“I50.1--” is not an ICD-10-CM code"),
        ("[I43]", "[I4]", 15, "is not an ICD-10-CM code"),
        ("T71", "none", 32, "“none” is not an ICD-10-CM code"),
        ("<see>Maltreatment</see>", "<see/>", 9, "a reference leads nowhere"),
        ("<see>Maltreatment</see>", "Maltreatment", 10, "text between the elements of a <mainTerm>"),
        ("<version>2026</version>", "<version>26</version>", 3, "“26” is not a year"),
        ("<version>2026</version>", "", 5, "the year of the index is missing"),
        ("<title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>", "", 5, "neither title nor headings"),
        ("<title>A</title>", "", 7, "a term stands before the title of its letter"),
        ("<title>A</title>", "<title>AB</title>", 6, "“AB” is not a letter"),
        ("Maltreatment", "M" * 401, 9, "longer than a line of an index"),
        ("<mainTerm>", '<term level="0">', 7, "a <term> cannot stand inside <letter>"),
        ("Maltreatment</see>", "Maltreatment", 10, "malformed or cut off"),
        ("ICD10CM.index", "ICD10PCS.index", 2, "this is not an index of ICD-10-CM"),
    ],
)
def test_index_that_is_not_understood_is_refused_with_its_line(
    old: str, new: str, line: int, reason: str
) -> None:
    assert old in INDEX

    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(INDEX.replace(old, new), "index")

    assert refusal.value.line == line


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('<cell col="3">', '<cell col="8">', 18, "the table has no column “8”"),
        ('<cell col="3">', '<cell col="1">', 18, "the table has no column “1”"),
        ('<cell col="3">', "<cell>", 18, "the table has no column “”"),
        ('<cell col="3">', '<cell col="2">', 18, "column 2 stands here a second time"),
        ("C79.8-", "see below", 18, "“see below” is not an ICD-10-CM code"),
        ('<head col="7">Unspecified Behavior</head>', "", 12, "no heading for column 7"),
        ('<head col="7">', '<head col="6">', 11, "column 6 stands here a second time"),
    ],
)
def test_table_that_is_not_understood_is_refused_with_its_line(
    old: str, new: str, line: int, reason: str
) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        read(TABLE.replace(old, new), "neoplasms")

    assert refusal.value.line == line


def test_index_without_a_code_is_refused() -> None:
    head, _letter, _rest = INDEX.partition("  <letter>")

    with pytest.raises(LoadRefused, match="no line of the Alphabetic Index in it that leads to a code"):
        read(head + "</ICD10CM.index>", "index")


def test_document_type_declaration_is_refused() -> None:
    with pytest.raises(LoadRefused, match="document type declarations"):
        read(INDEX.replace("<ICD10CM.index>", "<!DOCTYPE ICD10CM.index>\n<ICD10CM.index>", 1), "index")


@settings(max_examples=400, deadline=None)
@given(mutated(INDEX.encode()))
def test_mutated_index_is_refused_or_read(data: bytes) -> None:
    assert outcome(partial(parse, kind="index"), data) in ("read", "refused")


@settings(max_examples=400, deadline=None)
@given(st.one_of(mutated(TABLE.encode()), mutated(DRUGS.encode())))
def test_mutated_table_is_refused_or_read(data: bytes) -> None:
    assert outcome(partial(parse, kind="neoplasms"), data) in ("read", "refused")


# --- the official files, where they are -----------------------------------------------------------------
def whole(folder: Path, name: str, kind: str) -> Index:
    path = folder / name
    if not path.exists():
        pytest.skip(f"{name} is not in the data folder")
    with lzma.open(path) as stream:
        return parse(stream, kind)  # type: ignore[arg-type]  # it reads as a BinaryIO does


def test_whole_external_cause_index_gives_what_the_book_holds(code_data: Path) -> None:
    index = whole(code_data, "icd10cm_eindex_april_1_2026.xml.xz", "external")

    assert (index.version, index.columns) == ("2026", {})
    assert sum(term.parent is None for term in index.terms) == 314
    assert len(index.terms) == 314 + 7_776
    assert sum(len(term.targets) for term in index.terms) == 6_671 + 15  # codes, and categories to see
    assert sum(len(term.refs) for term in index.terms) == 791 + 98 + 15


def test_whole_table_of_drugs_gives_what_the_book_holds(code_data: Path) -> None:
    table = whole(code_data, "icd10cm_drug_april_1_2026.xml.xz", "drugs")

    assert table.columns[7] == "Underdosing"
    assert len(table.terms) == 5_179 + 2_251
    assert sum(bool(term.targets or term.refs) for term in table.terms) == 7_307
    assert sum(len(term.targets) for term in table.terms) == 7_204 * 6 - 3_188
    assert sum(bool(term.refs) for term in table.terms) == 132


def test_whole_table_of_neoplasms_gives_what_the_book_holds(code_data: Path) -> None:
    table = whole(code_data, "icd10cm_neoplasm_april_1_2026.xml.xz", "neoplasms")

    assert len(table.terms) == 1_940
    assert sum(bool(term.targets) for term in table.terms) == 1_822
    assert sum(len(term.targets) for term in table.terms) == 10_922 - 1_902
    assert sum(target.is_partial for term in table.terms for target in term.targets) == 1_092


def test_alphabetic_index_made_of_the_flat_list_reads_back(code_data: Path, tmp_path: Path) -> None:
    pairs, see = (code_data / f"icd10cm_index_{n}.tsv.gz" for n in ("pairs_fy2025_train_dev", "see_fy2025"))
    if not pairs.exists() or not see.exists():
        pytest.skip("the flat list of the Alphabetic Index is not in the data folder")
    written(tmp_path / "index.xml", pairs, splits=("train", "dev"), see=see)

    with (tmp_path / "index.xml").open("rb") as stream:
        index = parse(stream, "index")

    paths: list[str] = []
    for line in index.terms:
        paths.append(f"{paths[line.parent]} > {line.title}" if line.parent is not None else line.title)
    read_back = {
        (path, target.code, target.is_partial)
        for path, line in zip(paths, index.terms, strict=True)
        for target in line.targets
    }
    assert read_back == pairs_of(pairs, ("train", "dev"))
    assert index.version == "2025"
    assert sum(len(line.refs) for line in index.terms) == 14_188
