"""What else a file prints about a code, in plain words; a letter nobody is sure of stays one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courses.codesets.books import Book
from courses.codesets.groups import MDC
from courses.codesets.systems import System


@dataclass(frozen=True)
class Fact:
    """A line of the facts of a code: what it is, as printed, and what that means."""

    label: str
    value: str
    meaning: str = ""


_COVERAGE: Final[dict[str, Promise]] = {
    "C": _("the contractor decides"),
    "D": _("special coverage instructions apply"),
    "I": _("not payable by Medicare"),
    "M": _("not covered by Medicare"),
    "S": _("not covered by Medicare by statute"),
}
_TYPE_OF_SERVICE: Final[dict[str, Promise]] = {
    "0": _("whole blood"),
    "1": _("medical care"),
    "2": _("surgery"),
    "3": _("consultation"),
    "4": _("diagnostic radiology"),
    "5": _("diagnostic laboratory"),
    "6": _("therapeutic radiology"),
    "7": _("anesthesia"),
    "8": _("assistant at surgery"),
    "9": _("other medical items or services"),
    "A": _("used durable medical equipment"),
    "D": _("ambulance"),
    "E": _("enteral or parenteral nutrients or supplies"),
    "F": _("ambulatory surgical center"),
    "G": _("immunosuppressive drugs"),
    "J": _("diabetic shoes"),
    "K": _("hearing items and services"),
    "L": _("supplies for end-stage renal disease"),
    "P": _("purchase of equipment, prosthetics or orthotics"),
    "Q": _("vision items or services"),
    "R": _("rental of equipment"),
    "S": _("surgical dressings or other medical supplies"),
    "U": _("occupational therapy"),
    "V": _("vaccine"),
    "W": _("physical therapy"),
}
_OPPS_STATUS: Final[dict[str, Promise]] = {
    "A": _("paid under another fee schedule or payment system"),
    "B": _("not recognized on an outpatient hospital claim; another code may be"),
    "C": _("inpatient only: not paid under OPPS"),
    "D": _("discontinued"),
    "E1": _("not covered by Medicare, or not paid on an outpatient claim"),
    "E2": _("no price or claims data: not paid on an outpatient claim"),
    "F": _("paid at reasonable cost"),
    "G": _("pass-through drug or biological, paid separately"),
    "H": _("pass-through device, paid separately"),
    "J1": _("paid through a comprehensive APC"),
    "J2": _("may be paid through a comprehensive APC"),
    "K": _("drug, biological or device without pass-through, paid separately"),
    "L": _("vaccine, paid at reasonable cost"),
    "M": _("not billable to the Medicare contractor"),
    "N": _("packaged: no separate payment"),
    "P": _("partial hospitalization"),
    "Q1": _("packaged when billed with a service of status S, T or V"),
    "Q2": _("packaged when billed with a service of status T"),
    "Q3": _("may be paid through a composite APC"),
    "Q4": _("laboratory test, packaged under conditions"),
    "R": _("blood and blood products, paid separately"),
    "S": _("paid separately, not reduced when there are several"),
    "T": _("paid separately, reduced when there are several"),
    "U": _("brachytherapy source, paid separately"),
    "V": _("clinic or emergency department visit, paid separately"),
    "Y": _("equipment that is billed to the DME contractor"),
}
_DRG_TYPE: Final[dict[str, Promise]] = {"SURG": _("surgical"), "MED": _("medical")}
#: Of each system the lines in the order in which they are shown: key of the file, label, meanings.
_LINES: Final[dict[str, tuple[tuple[str, Promise, Mapping[str, str | Promise]], ...]]] = {
    System.HCPCS: (
        ("short", _("Short title"), {}),
        ("coverage", _("Coverage"), _COVERAGE),
        ("type_of_service", _("Type of service"), _TYPE_OF_SERVICE),
        ("opps_status", _("OPPS status"), _OPPS_STATUS),
        ("cross_reference", _("See instead"), {}),
    ),
    System.MSDRG: (
        ("weight", _("Relative weight"), {}),
        ("gmlos", _("Geometric mean length of stay, days (GMLOS)"), {}),
        ("amlos", _("Arithmetic mean length of stay, days (AMLOS)"), {}),
        ("mdc", _("Major diagnostic category (MDC)"), MDC),
        ("type", _("Type"), _DRG_TYPE),
        ("post_acute", _("Post-acute transfer policy"), {}),
        ("special_pay", _("Special payment policy"), {}),
    ),
    System.CPT: (("short", _("Short title"), {}),),
    System.ICD10PCS: (("short_title", _("Short title"), {}),),
    System.POS: (("description", _("Description"), {}),),
}


def facts_of(system: str, details: Mapping[str, Any], *, title: str = "") -> tuple[Fact, ...]:
    """The facts that the file prints; a short title only where it says it otherwise."""
    found = []
    for key, label, meanings in _LINES.get(system, ()):
        value = str(details.get(key, "") or "").strip()
        if not value or (key.startswith("short") and value.casefold() == title.casefold()):
            continue
        # several letters in one field: P, R
        told = [str(meanings[one]) for one in value.replace(",", " ").split() if one in meanings]
        found.append(Fact(str(label), value, "; ".join(told)))
    return tuple(found)


def facts_of_lists(listed: Mapping[str, bool]) -> tuple[Fact, ...]:
    """What the lists say about a billable code; of a list that is not loaded, nothing."""
    found = []
    if (exempt := listed.get(Book.POA_EXEMPT)) is not None:
        found.append(
            Fact(
                str(_("Present on admission (POA)")),
                str(_("exempt") if exempt else _("indicator needed")),
                str(_("no indicator is reported") if exempt else ""),
            )
        )
    label = str(_("Severity in MS-DRGs"))
    if listed.get(Book.MCC):
        found.append(
            Fact(label, "MCC", str(_("a major complication or comorbidity as a secondary diagnosis")))
        )
    elif listed.get(Book.CC):
        found.append(Fact(label, "CC", str(_("a complication or comorbidity as a secondary diagnosis"))))
    elif Book.CC in listed and Book.MCC in listed:
        found.append(Fact(label, str(_("neither CC nor MCC"))))
    return tuple(found)
