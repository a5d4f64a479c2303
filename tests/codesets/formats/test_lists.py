"""The readers of lists and small tables: every layout they come in, each refusal, then the whole files."""

import gzip
from collections.abc import Callable
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.codesets.errors import LoadRefused
from courses.codesets.formats.lists import parse_cpt, parse_members, parse_msdrg, parse_pos
from courses.codesets.records import CodeList, Entry, Members
from tests.codesets.formats.mutating import mutated, outcome
from tests.codesets.formats.workbooks import workbook

BARE = "A00.0\nA00.1\n\nQA00\nO9A.111\nB20\n"
POA = (
    "Order2026\tPOAexemptCode\tDescription\r\n"
    "04567\tB900\tSequelae of central nervous system tuberculosis\r\n"
    '04568\tB90.1\t"Sequelae of genitourinary, and other"\r\n'
)
CC = (
    "TABLE 6J - COMPLETE CC LIST\t\n"
    "Diagnosis Code\tDescription\n"
    "A00.0\tCholera due to Vibrio cholerae 01, biovar cholerae\n"
    "A00.1\tCholera due to Vibrio cholerae 01, biovar eltor\n"
    "\n"
    "1 The PDX exclusions are in Table 6K.\n"
)
MCC = CC.replace("6J - COMPLETE CC", "6I - COMPLETE MCC")
DRG = (
    '"TABLE 5.—LIST OF MS-DRGS, RELATIVE WEIGHTING FACTORS,\n'
    'AND MEAN LENGTH OF STAY—FY 2026 Final Rule"\t\t\t\t\t\t\t\t\t\n'
    "MS-DRG \tFY 2026 Final Post-Acute DRG\tFY 2026 Final Special Pay DRG\tMDC\tTYPE\tMS-DRG Title"
    "\tWeights - Before Cap\tWeights - 10% Cap Applied \tGeometric mean LOS\tArithmetic mean LOS\n"
    "001\tNo\tNo\tPRE\tSURG\tHEART TRANSPLANT WITH MCC\t28.0000\t28.0239\t25.8\t36.2\n"
    '470\tYes\tNo\t8\tSURG\t"MAJOR HIP, AND KNEE JOINT REPLACEMENT"\t1.8000\t1.8855\t1.7\t2.1\n'
    "999\tNo\tNo\t\t**\tUNGROUPABLE\t.\t.\t.\t.\n"
    "MS-DRGs 998 and 999 contain cases that could not be assigned.\t\t\t\t\t\t\t\t\t\n"
).encode("cp1252")
DRG_TABLE = (
    b"drg\tpost_acute\tspecial_pay\tmdc\ttype\ttitle\tweight\tgmlos\tamlos\n"
    b"470\tYes\tNo\t08\tSURG\tMAJOR HIP, AND KNEE JOINT REPLACEMENT\t1.8855\t1.7\t2.1\n"
)
POS = b"code\tname\n01\tPharmacy\n02\tTelehealth Provided Other than in Patient's Home\n28-30\tUnassigned\n"
CPT = (
    b"code,long,short,effective_on,ended_on\n"
    b'0001T,"A made-up service, first part",Made-up,2026-01-01,\n'
    b"00000,Another made-up service,Other,,2026-01-01\n"
)


def members(text: str | bytes, kind: str = "poa_exempt") -> Members:
    return parse_members(BytesIO(text.encode() if isinstance(text, str) else text), kind)


# --- lists of codes ----------------------------------------------------------------------------------
def test_codes_one_a_line_come_as_the_book_prints_them() -> None:
    assert members(BARE) == Members("", ("A00.0", "A00.1", "QA0.0", "O9A.111", "B20"))


def test_official_list_of_exempt_codes_is_read_behind_its_order_numbers() -> None:
    assert members(POA) == Members("2026", ("B90.0", "B90.1"))


@pytest.mark.parametrize("cut", [",", " ", "\t"])
def test_order_code_and_description_may_be_cut_in_any_way(cut: str) -> None:
    text = f"order{cut}code{cut}description\n00001{cut}A000{cut}Cholera\n00002{cut}A001{cut}Cholera\n"

    assert members(text).codes == ("A00.0", "A00.1")


def test_official_cc_and_mcc_lists_are_read_between_headings_and_footnotes() -> None:
    assert members(CC, "cc") == Members("", ("A00.0", "A00.1"))
    assert members(MCC, "mcc").codes == ("A00.0", "A00.1")


def test_list_is_read_from_a_spreadsheet() -> None:
    rows = [["Table 6J - Complete CC List - FY 2026"], ["Diagnosis Code", "Description"], ["A000", "Cholera"]]

    assert members(workbook(rows), "cc") == Members("2026", ("A00.0",))


@pytest.mark.parametrize(
    ("text", "kind", "line", "reason"),
    [
        (MCC, "cc", 1, "this is the MCC list, not the CC list"),
        (CC, "mcc", 1, "this is the CC list, not the MCC list"),
        (POA, "cc", 1, "this is the list of codes exempt from POA reporting, not the CC list"),
        (
            CC.replace("COMPLETE", "ADDITIONS TO THE"),
            "cc",
            1,
            "these are changes to the CC list, not the list",
        ),
        (MCC.replace("6I", "6I.1"), "mcc", 1, "these are changes to the MCC list"),
        (BARE.replace("QA00", "none of it"), "cc", 4, "“none of it” holds no ICD-10-CM code"),
        (BARE.replace("QA00", "QAA0"), "cc", 4, "“QAA0” holds no ICD-10-CM code"),
        (BARE.replace("B20", "B2"), "cc", 6, "“B2” holds no ICD-10-CM code"),
        (POA.replace("B90.1", "B9"), "poa_exempt", 3, "holds no ICD-10-CM code"),
        (BARE.replace("QA00", "A001"), "cc", 4, "A00.1 stands here a second time"),
        ("FY2026 LIST\nTABLE\nTHE CODES\n", "cc", None, "this is not the CC list"),
        ("001\tNo\tNo\n" * 40 + "A00.0\n", "cc", None, "this is not the CC list"),
        ("", "mcc", None, "this is not the MCC list"),
        (BARE + "A01\x00", "cc", 7, "a control character"),
    ],
)
def test_list_that_is_not_understood_is_refused(text: str, kind: str, line: int | None, reason: str) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        members(text, kind)

    assert refusal.value.line == line


# --- tables ------------------------------------------------------------------------------------------
HIP = Entry(
    "code",
    "470",
    "MAJOR HIP, AND KNEE JOINT REPLACEMENT",
    is_billable=True,
    details={
        "weight": "1.8855",
        "gmlos": "1.7",
        "amlos": "2.1",
        "mdc": "08",
        "type": "SURG",
        "post_acute": "Yes",
        "special_pay": "No",
    },
)


def drgs(data: bytes) -> dict[str, Entry]:
    return {entry.code: entry for entry in parse_msdrg(BytesIO(data)).entries}


def test_table_5_is_read_between_title_and_footnotes() -> None:
    found = drgs(DRG)

    assert list(found) == ["001", "470", "999"]
    assert found["470"] == HIP
    assert found["001"].details["mdc"] == "PRE"


def test_weight_is_the_one_after_the_cap() -> None:
    assert drgs(DRG)["001"].details["weight"] == "28.0239"


def test_group_without_a_weight_has_none() -> None:
    assert drgs(DRG)["999"].details == {"post_acute": "No", "special_pay": "No"}


def test_plain_table_of_groups_is_read() -> None:
    assert drgs(DRG_TABLE) == {"470": HIP}


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        (b"MDC", b"Category", None, "not a table of MS-DRG weights: no line is a header"),
        (b"\t1.8855", b"\t1,8855", 5, "“1,8855” cannot be the weight of 470"),
        (b"\t1.7\t", b"\tlong\t", 5, "“long” cannot be the gmlos of 470"),
        (b"\tYes\t", b"\tMaybe\t", 5, "“Maybe” cannot be the post_acute of 470"),
        (b'\tSURG\t"MAJOR', b'\tNONE\t"MAJOR', 5, "“NONE” cannot be the type of 470"),
        (b"470\t", b"001\t", 5, "001 stands here a second time"),
        (b"470\t", b"4700\t", 5, "“4700” is not an MS-DRG"),
        (b"UNGROUPABLE", b"", 6, "999 has no description"),
        (b"\t1.7\t2.1", b"", 5, "the row is cut off"),
        (b"MS-DRGs 998 and 999 contain cases that could not be assigned.", b"MS-DRG", 7, "holds no MS-DRG"),
    ],
)
def test_table_5_that_is_not_understood_is_refused(
    old: bytes, new: bytes, line: int | None, reason: str
) -> None:
    assert old in DRG

    with pytest.raises(LoadRefused, match=reason) as refusal:
        drgs(DRG.replace(old, new))

    assert refusal.value.line == line


def test_table_5_without_weights_is_refused() -> None:
    with pytest.raises(LoadRefused, match="no column of weights"):
        drgs(DRG_TABLE.replace(b"\tweight", b"\tburden"))


def test_places_of_service_are_read_without_what_is_unassigned() -> None:
    found = parse_pos(BytesIO(POS))

    assert [(entry.code, entry.title) for entry in found.entries] == [
        ("01", "Pharmacy"),
        ("02", "Telehealth Provided Other than in Patient's Home"),
    ]


def test_places_of_service_may_have_descriptions() -> None:
    heading = b"Place of Service Code(s),Place of Service Name,Place of Service Description\n"
    text = heading + b'1,Pharmacy,"A place, where"\n'

    (found,) = parse_pos(BytesIO(text)).entries

    assert (found.code, found.title, found.details) == ("01", "Pharmacy", {"description": "A place, where"})


def test_licensed_cpt_codes_are_read_by_their_columns() -> None:
    first, second = parse_cpt(BytesIO(CPT)).entries

    assert (first.code, first.title, first.details) == (
        *("0001T", "A made-up service, first part"),
        {"short": "Made-up"},
    )
    assert (first.starts_on, first.ends_on) == (date(2026, 1, 1), None)
    assert (second.code, second.starts_on, second.ends_on) == ("00000", None, date(2026, 1, 1))


def test_licensed_cpt_codes_need_no_dates() -> None:
    (found,) = parse_cpt(
        BytesIO(b"\xef\xbb\xbfcode\tlong\tshort\n00000\tA made-up service\tMade-up\n")
    ).entries

    assert (found.code, found.starts_on, found.ends_on) == ("00000", None, None)


@pytest.mark.parametrize(
    ("parse", "text", "line", "reason"),
    [
        (parse_pos, POS.replace(b"02", b"2a"), 3, "“2a” is not a place of service"),
        (parse_pos, POS.replace(b"02", b"01"), 3, "01 stands here a second time"),
        (parse_pos, POS.replace(b"Pharmacy", b""), 2, "01 has no description"),
        (parse_pos, b"code\tname\n", None, "there is no row under the header"),
        (parse_pos, b"code\ttitle\n01\tPharmacy\n", None, "not a list of places of service"),
        (parse_cpt, CPT.replace(b"0001T", b"0001X"), 2, "“0001X” is not a CPT code"),
        (parse_cpt, CPT.replace(b"0001T", b"A0001"), 2, "“A0001” is not a CPT code"),
        (parse_cpt, CPT.replace(b"0001T", b"00000"), 3, "00000 stands here a second time"),
        (parse_cpt, CPT.replace(b",2026-01-01\n", b",tomorrow\n"), 3, "“tomorrow” is not a date"),
        (parse_cpt, CPT.replace(b"Made-up,2026-01-01,", b"Made-up,2026-01-01,2025-01-01"), 2, "ends before"),
        (parse_cpt, CPT.replace(b"Another made-up service", b""), 3, "00000 has no description"),
        (parse_cpt, CPT.replace(b"Other,,2026-01-01", b"Other"), 3, "the row is cut off"),
        (parse_cpt, CPT.replace(b"made-up", b"made\x96up"), 2, "the text is not UTF-8"),
        (parse_cpt, CPT.replace(b"code,long", b"code,description"), None, "not a CPT list as documented"),
    ],
)
def test_table_that_is_not_understood_is_refused(
    parse: Callable[[BytesIO], CodeList], text: bytes, line: int | None, reason: str
) -> None:
    with pytest.raises(LoadRefused, match=reason) as refusal:
        parse(BytesIO(text))

    assert refusal.value.line == line


# --- whatever comes ----------------------------------------------------------------------------------
@settings(max_examples=600)
@given(st.one_of(mutated(BARE.encode()), mutated(POA.encode()), mutated(CC.encode())))
def test_mutated_list_is_refused_or_read(data: bytes) -> None:
    assert outcome(partial(parse_members, kind="poa_exempt"), data) in ("read", "refused")


@settings(max_examples=400)
@given(st.one_of(mutated(DRG), mutated(DRG_TABLE)))
def test_mutated_table_5_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse_msdrg, data) in ("read", "refused")


@settings(max_examples=300)
@given(mutated(POS))
def test_mutated_list_of_places_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse_pos, data) in ("read", "refused")


@settings(max_examples=400)
@given(mutated(CPT))
def test_mutated_cpt_list_is_refused_or_read(data: bytes) -> None:
    assert outcome(parse_cpt, data) in ("read", "refused")


# --- the files of the data folder, where they are ----------------------------------------------------
def whole(folder: Path, name: str) -> BytesIO:
    path = folder / name
    if not path.exists():
        pytest.skip(f"{name} is not in the data folder")
    data = path.read_bytes()
    return BytesIO(gzip.decompress(data) if name.endswith(".gz") else data)


@pytest.mark.parametrize(
    ("name", "kind", "count", "first", "last"),
    [
        ("poa_exempt_fy2026.txt.gz", "poa_exempt", 38_349, "B90.0", "Z99.89"),
        ("cc_list_fy2026.txt.gz", "cc", 15_078, "A00.0", "Z99.12"),
        ("mcc_list_fy2026.txt.gz", "mcc", 3_354, "A02.1", "U07.1"),
    ],
)
def test_whole_list_gives_every_code(
    code_data: Path, name: str, kind: str, count: int, first: str, last: str
) -> None:
    codes = parse_members(whole(code_data, name), kind).codes

    assert (len(codes), codes[0], codes[-1]) == (count, first, last)


def test_whole_table_of_groups_gives_every_group(code_data: Path) -> None:
    found = parse_msdrg(whole(code_data, "msdrg_fy2026_table5.tsv.gz"))

    assert len(found.entries) == 772
    assert sum("weight" in entry.details for entry in found.entries) == 770
    assert sum(entry.details.get("special_pay") == "Yes" for entry in found.entries) == 49


def test_whole_list_of_places_gives_every_place(code_data: Path) -> None:
    assert len(parse_pos(whole(code_data, "place_of_service.tsv")).entries) == 52
