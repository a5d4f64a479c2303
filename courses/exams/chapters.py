"""The chapters of ICD-10-CM by the first characters of a code: pure, the same in every edition so far."""

from bisect import bisect_right

from django.utils.translation import gettext_lazy as _

#: The first category of each chapter in the order of the alphabet, its number, and its subject in our words.
CHAPTERS = (
    ("A00", 1, _("Infections and parasites")),
    ("C00", 2, _("Neoplasms")),
    ("D50", 3, _("Blood and immunity")),
    ("E00", 4, _("Endocrine, nutrition, metabolism")),
    ("F01", 5, _("Mental and behavioral")),
    ("G00", 6, _("Nervous system")),
    ("H00", 7, _("Eye")),
    ("H60", 8, _("Ear")),
    ("I00", 9, _("Circulation")),
    ("J00", 10, _("Breathing")),
    ("K00", 11, _("Digestion")),
    ("L00", 12, _("Skin")),
    ("M00", 13, _("Muscles and bones")),
    ("N00", 14, _("Urinary and genital")),
    ("O00", 15, _("Pregnancy and birth")),
    ("P00", 16, _("Newborns")),
    ("Q00", 17, _("Malformations")),
    ("R00", 18, _("Symptoms and findings")),
    ("S00", 19, _("Injuries and poisoning")),
    ("U00", 22, _("Special purposes")),
    ("V00", 20, _("External causes")),
    ("Z00", 21, _("Health status and contacts")),
)
_FIRSTS = [first for first, _number, _title in CHAPTERS]


def chapter_of(code: str) -> tuple[int, str] | None:
    """The number and subject of a code's chapter; None for what stands before the first."""
    place = bisect_right(_FIRSTS, code.upper()[:3])
    if not place:
        return None
    _first, number, title = CHAPTERS[place - 1]
    return number, str(title)
