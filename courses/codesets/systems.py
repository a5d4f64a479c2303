"""The code systems and how a code of each is written. Pure."""

import re

from django.db.models import TextChoices
from django.utils.functional import Promise


class System(TextChoices):
    """A code system; its name is in every address and class name (``tab-icd10cm``)."""

    ICD10CM = "icd10cm", "ICD-10-CM"
    ICD10PCS = "icd10pcs", "ICD-10-PCS"
    HCPCS = "hcpcs", "HCPCS"
    CPT = "cpt", "CPT"
    MSDRG = "msdrg", "MS-DRG"
    POS = "pos", "Place of service"


_NOISE = re.compile(r"[^0-9A-Z]")
_RANGE = re.compile(r"\s*([A-Z][0-9A-Z]{2})\s*-\s*([A-Z][0-9A-Z]{2})\s*")
#: The 2nd character may be a letter since FY2026 (category QA0).
_SHAPES = {
    System.ICD10CM: re.compile(
        r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?|[A-Z][0-9A-Z]{2}-[A-Z][0-9A-Z]{2}|\d{1,2}"
    ),
    System.ICD10PCS: re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    # D codes are CDT, a dental association's; two digits or a digit first are modifiers of CPT
    System.HCPCS: re.compile(r"[A-CE-V]\d{4}|[A-Z][A-Z0-9]"),
    System.CPT: re.compile(r"\d{4}[0-9AFMTU]"),
    System.MSDRG: re.compile(r"\d{3}"),
    System.POS: re.compile(r"\d{2}"),
}


def normalise(system: str, text: str) -> str:
    """The code as its book prints it: ``e11 9`` and ``E119`` are ``E11.9``.

    What cannot be a code comes back with the same clean-up, never as an error; normalising twice changes
    nothing.
    """
    upper = text.upper()
    if system == System.ICD10CM and (span := _RANGE.fullmatch(upper)):
        return f"{span[1]}-{span[2]}"
    bare = _NOISE.sub("", upper)
    if system == System.ICD10CM and len(bare) > 3:
        return f"{bare[:3]}.{bare[3:]}"
    return bare


def is_well_formed(system: str, code: str) -> bool:
    """Whether ``code``, already normalised, has the shape of a code of ``system``."""
    return _SHAPES[System(system)].fullmatch(code) is not None


def tab_class(system: str) -> str:
    """The class that gives the system its tab colour."""
    return f"tab-{system}"


def label_of(system: str) -> str | Promise:
    """The name of the system as people write it."""
    return System(system).label
