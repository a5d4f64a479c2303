"""Each official zip holds several files, and of them exactly the one that is asked for is taken."""

import re

import pytest

from courses.codesets.official import FORMATS

CM_CODES = """icd10cm_codes_2027.txt icd10cm_codes_addenda_2027.txt icd10cm_order_2027.txt
icd10cm_order_addenda_2027.txt icd10cmcodesfile.pdf icd10orderfiles.pdf""".split()
CM_INDEX = """icd10cm_drug_2027.pdf icd10cm_drug_2027.xml icd10cm_eindex_2027.xml icd10cm_index_2027.xml
icd10cm_index_addenda_2027.txt icd10cm_neoplasm_2027.xml icd10cm_tabular_2027.pdf icd10cm_tabular_2027.xml
icd10cm_tabular_addenda_2027.txt icd10cm-index.xsd icd10cm-tabular.xsd""".split()
PCS_CODES = """icd10pcs_codes_2027.txt icd10pcs_codes_addenda_2027.txt icd10pcs_order_2027.txt
icd10pcs_order_addenda_2027.txt order_addenda_2027.txt icd10orderfiles.pdf""".split()
PCS_TABLES = """icd10pcs_definitions_2027.xml icd10pcs_index_2027.xml icd10pcs_tables_2027.xml
definitions_addenda_2027.txt index_addenda_2027.txt tables_addenda_2027.txt icd10pcs_tables.xsd""".split()


@pytest.mark.parametrize(
    ("key", "names", "wanted"),
    [
        ("icd10cm-order", CM_CODES, "icd10cm_order_2027.txt"),
        ("icd10cm-tabular", CM_INDEX, "icd10cm_tabular_2027.xml"),
        ("icd10cm-index", CM_INDEX, "icd10cm_index_2027.xml"),
        ("icd10cm-external", CM_INDEX, "icd10cm_eindex_2027.xml"),
        ("icd10cm-drugs", CM_INDEX, "icd10cm_drug_2027.xml"),
        ("icd10cm-neoplasms", CM_INDEX, "icd10cm_neoplasm_2027.xml"),
        ("icd10pcs-order", PCS_CODES, "icd10pcs_order_2027.txt"),
        ("icd10pcs-tables", PCS_TABLES, "icd10pcs_tables_2027.xml"),
        ("icd10pcs-index", PCS_TABLES, "icd10pcs_index_2027.xml"),
        ("icd10pcs-definitions", PCS_TABLES, "icd10pcs_definitions_2027.xml"),
    ],
)
def test_the_book_is_told_from_its_addenda(key: str, names: list[str], wanted: str) -> None:
    assert [name for name in names if re.fullmatch(FORMATS[key].member, name)] == [wanted]
