"""Each format finds its one file among those that a publisher puts into the same zip."""

import re

import pytest

from courses.codesets.official import FORMATS

POA_ZIP = """POAexemptCodesApr26.txt POAexemptCodesApr26.xlsx POAexemptAddCodesApr26.txt
POAexemptDeleteCodesApr26.txt POAexemptReviseCodesApr26.txt ReadMePOAexemptApr26.txt""".split()
RULE_ZIP = [
    "CMS-1833-F Table 6I - Complete MCC List - FY 2026.txt",
    "CMS-1833-F Table 6I.1 - Additions to the MCC List - FY 2026.txt",
    "CMS-1833-F Table 6I.2 - Deletions to the MCC List - FY 2026.txt",
    "CMS-1833-F Table 6J - Complete CC List - FY 2026.txt",
    "CMS-1833-F Table 6J.1 - Additions to the CC List - FY 2026.txt",
    "CMS-1833-F Table 6A - New Diagnosis Codes - FY 2026.txt",
]
WEIGHTS_ZIP = ["FY2026 IPPS Final Rule Table 5.txt", "FY2026 IPPS Final Rule Table 5.xlsx"]
HCPCS_ZIP = [
    *("HCPC2026_JAN_ANWEB_12172025.txt", "HCPC2026_JAN_ANWEB_12172025.xlsx", "HCPC2026_recordlayout.txt"),
    *("HCPC2026_JAN_ANWEB_TransactionReport.xlsx", "HCPC2026_TransReport_Changes_by_HCPCS_Code.txt"),
    *("proc_notes_JAN2026.txt", "NOTICE.txt"),
]


@pytest.mark.parametrize(
    ("name", "members", "wanted"),
    [
        ("icd10cm-poa-exempt", POA_ZIP, POA_ZIP[0]),
        ("icd10cm-mcc", RULE_ZIP, RULE_ZIP[0]),
        ("icd10cm-cc", RULE_ZIP, RULE_ZIP[3]),
        ("msdrg", WEIGHTS_ZIP, WEIGHTS_ZIP[0]),
        ("hcpcs", HCPCS_ZIP, HCPCS_ZIP[0]),
    ],
)
def test_format_finds_its_one_file(name: str, members: list[str], wanted: str) -> None:
    assert [m for m in members if re.fullmatch(FORMATS[name].member, m.lower())] == [wanted]
