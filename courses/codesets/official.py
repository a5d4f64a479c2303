"""The official files that can be loaded: what each is, its name inside a zip, and who reads it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

from courses.codesets.books import Book
from courses.codesets.formats import hcpcs, icd10cm_index, icd10cm_tabular, lists, order_file, pcs
from courses.codesets.records import CodeList, Definitions, Index, Members, PcsTables
from courses.codesets.systems import System

Record = CodeList | Index | PcsTables | Definitions | Members


@dataclass(frozen=True)
class Format:
    """An official file: the book it brings, the name of it inside the zip it is published in, its reader."""

    title: str
    system: System
    book: Book
    #: The whole name of the member in a zip, lower case; a file given bare may have any name.
    member: str
    parse: Callable[[BinaryIO], Record]


CM, PCS = System.ICD10CM, System.ICD10PCS
FORMATS: Final = {
    "icd10cm-tabular": Format(
        "tabular list (XML)", CM, Book.CODES, r".*tabular.*\.xml", icd10cm_tabular.parse
    ),
    "icd10cm-order": Format(
        "order file",
        CM,
        Book.CODES,
        r"(?!.*addenda)icd10cm.?order.*\.txt",
        partial(order_file.parse, system=CM),
    ),
    "icd10cm-index": Format(
        "Alphabetic Index (XML)",
        CM,
        Book.INDEX,
        r"icd10cm?.index.*\.xml",
        partial(icd10cm_index.parse, kind="index"),
    ),
    "icd10cm-external": Format(
        "External Cause Index (XML)",
        CM,
        Book.EXTERNAL,
        r"icd10cm?.eindex.*\.xml",
        partial(icd10cm_index.parse, kind="external"),
    ),
    "icd10cm-drugs": Format(
        "Table of Drugs and Chemicals (XML)",
        CM,
        Book.DRUGS,
        r"icd10cm?.drug.*\.xml",
        partial(icd10cm_index.parse, kind="drugs"),
    ),
    "icd10cm-neoplasms": Format(
        "Table of Neoplasms (XML)",
        CM,
        Book.NEOPLASMS,
        r"icd10cm?.neoplasm.*\.xml",
        partial(icd10cm_index.parse, kind="neoplasms"),
    ),
    "icd10cm-poa-exempt": Format(
        "exempt from POA reporting",
        CM,
        Book.POA_EXEMPT,
        r"poaexemptcodes.*\.txt",
        partial(lists.parse_members, kind="poa_exempt"),
    ),
    "icd10cm-cc": Format(
        "CC list",
        CM,
        Book.CC,
        r".*table.?6j(?!\.?[0-9]).*\.txt",
        partial(lists.parse_members, kind="cc"),
    ),
    "icd10cm-mcc": Format(
        "MCC list",
        CM,
        Book.MCC,
        r".*table.?6i(?!\.?[0-9]).*\.txt",
        partial(lists.parse_members, kind="mcc"),
    ),
    "icd10pcs-order": Format(
        "order file",
        PCS,
        Book.CODES,
        r"(?!.*addenda)icd10pcs.?order.*\.txt",
        partial(order_file.parse, system=PCS),
    ),
    "icd10pcs-tables": Format("tables (XML)", PCS, Book.TABLES, r"icd10pcs.?tables.*\.xml", pcs.parse_tables),
    "icd10pcs-index": Format("index (XML)", PCS, Book.INDEX, r"icd10pcs.?index.*\.xml", pcs.parse_index),
    "icd10pcs-definitions": Format(
        "definitions (XML)", PCS, Book.DEFINITIONS, r"icd10pcs.?definitions.*\.xml", pcs.parse_definitions
    ),
    "hcpcs": Format(
        "Level II codes (spreadsheet, fixed width or tab separated)",
        System.HCPCS,
        Book.CODES,
        r"(?!.*trans)hcpc.*anweb.*\.txt",
        hcpcs.parse,
    ),
    "hcpcs-modifiers": Format(
        "Level II modifiers", System.HCPCS, Book.MODIFIERS, r".*modif.*\.(xlsx|txt)", hcpcs.parse_modifiers
    ),
    "msdrg": Format(
        "MS-DRG weights (Table 5)", System.MSDRG, Book.CODES, r".*table.?5\b.*\.txt", lists.parse_msdrg
    ),
    "pos": Format("place of service", System.POS, Book.CODES, r".*place.?of.?service.*", lists.parse_pos),
    "cpt": Format("your licensed code file", System.CPT, Book.CODES, r".*\.(csv|tsv|txt)", lists.parse_cpt),
}
